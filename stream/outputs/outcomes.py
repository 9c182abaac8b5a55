"""Outcomes of watches: a person's orders while a watch was open. Source: docs/semantics-life.md, 15."""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.state.in_time import Watch

_Group = Literal["held", "treated"]


class WatchOutcome(Struct):
    """The outcome of a watch. `at`, `until`: when it opened and ended (ms) · `value`: sum of the orders."""

    trigger_id: str
    recipe: str
    version: int
    person: str
    group: _Group
    arm: str | None
    at: int
    until: int
    orders: int
    value: float


_encode: Final = msgspec.json.Encoder().encode


def publish(watch: Watch, person: str, until: int, out: Outputs) -> None:
    """Adds the record of a watch that ended at `until` (ms)."""
    about = watch.about
    orders, value = watch.total
    group: _Group = "held" if about.held else "treated"
    outcome = WatchOutcome(
        about.trigger_id,
        about.recipe,
        about.version,
        person,
        group,
        about.arm,
        about.at,
        until,
        orders,
        value,
    )
    out.outcomes.append((person, until, _encode(outcome)))
    out.counts["outcomes", group, about.recipe] += 1
