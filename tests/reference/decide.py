"""Section 10: one file, the same answer."""

from collections.abc import Iterable
from typing import Any

from tests.reference import events
from tests.reference.facts import Fact
from tests.reference.history import parse_history
from tests.reference.keys import Keys
from tests.reference.outputs import Outputs
from tests.reference.people import People
from tests.reference.times import DAY
from tests.reference.visitors import Stage

Rows = list[dict[str, Any]]


def decide(lines: Iterable[bytes | str], recipes: dict[str, Any]) -> tuple[Rows, Rows]:
    """Triggers and decisions, as of `decide_all`."""
    out = outputs(lines, recipes)
    return out.triggers, out.decisions


def decide_all(lines: Iterable[bytes | str], recipes: dict[str, Any]) -> tuple[Rows, Rows, Rows]:
    """Triggers, decisions and changes of audiences."""
    out = outputs(lines, recipes)
    return out.triggers, out.decisions, out.audiences


def outputs(lines: Iterable[bytes | str], recipes: dict[str, Any]) -> Outputs:
    """Triggers (cancels too), decisions and all else for these input lines and a recipes file's contents.

    The rows have no particular order. Raises ValueError for a line that goes back in time.
    """
    out, in_force = Outputs(), parse_history(recipes)
    last: int | None = None
    by_visitor: dict[str, list[tuple[int, events.Event]]] = {}
    for line in lines:
        time, event = events.read(line)
        if time is None:
            continue
        if last is not None and time < last:
            raise ValueError(f"time goes back from {last} to {time}")
        last = time
        if event is not None:
            by_visitor.setdefault(event.owner.visitor, []).append((time, event))
    if last is None:
        return out
    end = last + 8 * DAY
    facts: list[Fact] = []
    claims: list[Fact] = []
    for id_, history in by_visitor.items():
        stage = Stage(id_, in_force, out)
        for time, event in history:
            stage.event(event, time)
        stage.advance(end)
        facts += stage.facts
        claims += stage.claims
    keys: dict[str, Keys] = {}
    for claim in sorted(claims):
        keys.setdefault(claim.to, Keys(claim.to)).claim(claim)
    for key in keys.values():
        facts += key.facts
    people: dict[str, People] = {}
    for fact in sorted(facts):
        people.setdefault(fact.to, People(fact.to, in_force, out)).fact(fact)
    for person in people.values():
        person.advance(end)
    return out
