"""Decisions: an answer for every candidate, with its reason. Source: docs/semantics.md, 8."""

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.outputs.reasons import Outcome, Reason


class Decision(Struct, omit_defaults=True):
    """`at`, `until` (deferred) in ms; `steps_left` (closed): how many, counted from `step`.

    `visitor` None: of no visitor's doing · `shadow`: of a recipe that nothing else leaves of; absent of any other.
    """

    trigger_id: str
    recipe: str
    version: int
    step: int
    person: str
    visitor: str | None
    outcome: Outcome
    at: int
    reason: Reason | None = None
    until: int | None = None
    steps_left: int | None = None
    evidence: list[str] = []
    shadow: bool = False


_encode = msgspec.json.Encoder().encode


def publish(decision: Decision, out: Outputs) -> None:
    out.decisions.append((decision.person, _encode(decision)))
    counted = "shadow_decisions" if decision.shadow else "decisions"
    out.counts[counted, decision.outcome, decision.reason or ""] += 1
