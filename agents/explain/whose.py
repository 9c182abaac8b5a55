"""Finds the person of each event, and whether the event counted, by the rules of the core.

A visitor can be several persons in turn. A visitor that becomes known, by a contact and then as a customer, stays the same
human being. After its customer has gone it belongs to another. Source: docs/semantics.md, 2 and 4.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from stream import recipes_file
from stream.durations import DAY
from stream.events import decoding
from stream.events.types import Event, OrderPlaced, PersonErased
from stream.outputs.outputs import Outputs
from stream.stages.applying import CODES, KEPT_AS, apply
from stream.stages.erasing import erase
from stream.stages.judgement import ATTENDED, ELSEWHERE, judge
from stream.state.cart import Cart
from stream.state.visitor import LATE_AFTER, Visitor

Record = Mapping[str, Any]
NOBODY: Final[frozenset[str]] = frozenset()


class Followed(NamedTuple):
    """An event and its effect. `outcome`: applied, duplicate, late, ignored, unknown, rejected · `being`: a number for
    each human being behind one visitor · `person`: the visitor's person after the event · `others`: further persons that
    got its facts · `attended`: it shows somebody at a screen · `keys`: its keys of identity."""

    event: Record
    outcome: str
    being: int
    person: str
    others: frozenset[str] = NOBODY
    attended: bool = False
    keys: frozenset[str] = NOBODY

    @property
    def whole(self) -> tuple[str, int]:
        """The human being, by visitor and number."""
        return self.event["visitor"], self.being


class Beings:
    """All events of some visitors, in order of time, with the person and the outcome of each. It decides nothing."""

    def __init__(self, events: Iterable[Record]) -> None:
        visitors: dict[str, _Visitor] = {}
        self.all: list[Followed] = []
        self.people: dict[tuple[str, int], set[str]] = {}
        for event in sorted(events, key=lambda event: event["t"]):
            name = event["visitor"]
            found = visitors.setdefault(name, _Visitor(name)).take(event)
            self.all.append(found)
            self.people.setdefault(
                found.whole, {f"visitor:{name}"} if not found.being else set()
            ).add(found.person)

    def own(self, people: Collection[str]) -> list[Followed]:
        """The events of these persons, of persons that became them, and events forwarded to them, without duplicates."""
        wanted = frozenset(people)
        return [
            each
            for each in self.all
            if each.outcome != "duplicate" and (self.people[each.whole] | each.others) & wanted
        ]

    def was(self, person: str, at: int, people: Collection[str]) -> bool:
        """Whether a person, at a time (ms), was one of these or later became one of them."""
        if person in people:
            return True
        then: dict[str, Followed] = {}
        for each in self.all:
            if each.event["t"] > at:
                break
            then[each.event["visitor"]] = each
        wanted = frozenset(people)
        return any(
            each.person == person and self.people[each.whole] & wanted for each in then.values()
        )


class _Visitor:
    def __init__(self, name: str) -> None:
        self.state = Visitor(name, Cart(name))
        self.being = 0

    def take(self, event: Record) -> Followed:
        if "rejected" in event or event.get("unknown"):
            return self._followed(event, "rejected" if "rejected" in event else "unknown")
        plain = {name: value for name, value in event.items() if name != "left_out"}
        read = decoding.parse(msgspec.json.encode(plain))
        assert read is not None, "what moves time alone is no event"
        return self._applied(event, read)

    def _applied(self, event: Record, read: Event) -> Followed:
        state, kind, t = self.state, type(read), event["t"]
        name = CODES[kind] + read.id
        if state.knows(name):
            return self._followed(event, "duplicate")
        if isinstance(read, PersonErased):
            return self._erased(event, read)
        late = read.client_time is not UNSET and read.client_time < t - LATE_AFTER
        verdict = judge(state, read, kind, late)
        if verdict > ELSEWHERE:
            return self._followed(event, KEPT_AS[verdict])
        out, left = Outputs(), state.left_at
        apply(state, read, kind, verdict, late, t, recipes_file.DEFAULT, out)
        state.remember(name)
        self.being += state.left_at != left
        others = {person for person, _ in out.facts} if verdict == ELSEWHERE else set[str]()
        if kind is OrderPlaced and state.former and t - state.left_at < DAY:
            others.add(state.former)
        keys = frozenset(key for key, _ in out.claims)
        attended = verdict == ATTENDED
        return self._followed(event, "applied")._replace(
            others=frozenset(others), attended=attended, keys=keys
        )

    def _erased(self, event: Record, read: PersonErased) -> Followed:
        """Follows an erasure: it belongs to the visitor's person so far. Later events belong to another human being."""
        out, followed = Outputs(), self._followed(event, "applied")
        if erase(self.state, read, event["t"], out):
            self.state = Visitor(self.state.id, Cart(self.state.id))
            self.being += 1
        others = frozenset(person for person, _ in out.facts)
        return followed._replace(others=others, keys=frozenset(key for key, _ in out.claims))

    def _followed(self, event: Record, outcome: str) -> Followed:
        return Followed(event, outcome, self.being, self.state.person)
