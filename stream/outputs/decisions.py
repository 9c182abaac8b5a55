"""Decisions: the answer for every candidate, with its reason. Source: docs/semantics.md, 8."""

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.outputs.reasons import Outcome, Reason


class Decision(Struct, omit_defaults=True):
    """A decision. `at` and `until` are in ms.

    `until`: only of a deferred step · `steps_left`: only of a closed episode, counted from `step` ·
    `visitor` None: no visitor caused it · `shadow`: true for a shadow recipe, else absent.
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
