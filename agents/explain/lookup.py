"""Finds the person of an id, and all records about that person."""

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from agents.explain.addressed import person_of
from agents.explain.decision_sources import DecisionSource
from agents.explain.timeline import Record, Story
from agents.explain.whose import Beings, Followed
from stream.events.owner import is_pseudo
from stream.outputs.triggers import CANCELLED

TRIGGER_ID: Final = re.compile(r"[0-9a-f]{32}")
BEFORE_FIRST: Final = 3_600_000
"""Ms before a person's first record from which events are read. The first fact follows the first event in minutes."""


SORTS: Final = ("customer:", "visitor:", "email:", "phone:")


class Answer(NamedTuple):
    """The answer. `name`: the person · `trigger_id`: the id that was given, if it was that of a step."""

    name: str
    visitors: tuple[str, ...]
    story: Story
    trigger_id: str | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The devices, and `a server` if an event names none."""
        devices = tuple(each for each in self.visitors if not is_pseudo(each))
        return devices if len(devices) == len(self.visitors) else (*devices, "a server")


async def ask(
    source: DecisionSource,
    asked: str,
    audiences: Collection[str] = (),
    pepper: bytes | None = None,
) -> Answer | None:
    """The story of a person, or None if there is no record about one.

    `asked`: a person (`customer:anna`, `visitor:v1`, `email:<key>`, with or without the word before the colon), an
    address, or the trigger id of a step · `audiences`: the audiences whose changes are part of the story · `pepper`:
    finds addresses; None: only persons are found.
    """
    name, id = asked, None
    if TRIGGER_ID.fullmatch(asked.lower()):
        for decision in await source.decisions(None):
            if decision["trigger_id"] == asked.lower():
                name, id = decision["person"], asked.lower()
    for person in persons(name, pepper):
        story = await _story(source, person, audiences)
        if story.events or story.decisions:
            visitors = {event["visitor"] for event in story.events}
            visitors |= {each["visitor"] for each in story.decisions if each["visitor"]}
            return Answer(person, tuple(sorted(visitors)), story, id)
    return None


def persons(name: str, pepper: bytes | None = None) -> tuple[str, ...]:
    """The persons that a name or an address may stand for, the most likely first."""
    by_address = person_of(name, pepper)
    if name.startswith(SORTS):
        return (by_address or name,)
    given = tuple(f"{sort}{name}" for sort in SORTS)
    return given if by_address is None else (by_address, *given)


async def _story(source: DecisionSource, person: str, audiences: Collection[str]) -> Story:
    """The story. A person's devices lead to events before the login, and a device leads to the customer who logged in."""
    people = {person}
    seen = await source.seen(people)
    visitors = {visitor for visitor, _ in seen}
    if person.startswith("visitor:"):
        visitors.add(person.removeprefix("visitor:"))
        known = Beings(await source.events(visitors, 0))
        people = people.union(*known.people.values())
        seen += await source.seen(people - {person})
        visitors |= {visitor for visitor, _ in seen}
    if not visitors:
        return Story(frozenset(people))
    since = min((at for _, at in seen), default=0) - BEFORE_FIRST
    events = await source.events(visitors, since)
    beings = Beings(events)
    own = beings.own(people)
    were = people.union(*(beings.people[each.whole] for each in own))
    decisions, triggers = await source.decisions(were), await source.triggers(were)
    keys = {key for each in own for key in each.keys}
    changes = await source.changes(were, audiences)
    return Story(
        frozenset(people),
        events,
        [each for each in decisions if beings.was(each["person"], each["at"], people)],
        [each for each in triggers if beings.was(each["subject"], at_of(each), people)],
        _others(await source.forwarded(people, keys), own) if keys else (),
        source.now(),
        [each for each in changes if beings.was(each["person"], each["at"], people)],
    )


def at_of(trigger: Record) -> int:
    """When a trigger or a cancel was decided (ms)."""
    data = trigger["data"]
    at: int = data["at"] if trigger["type"] == CANCELLED else data["not_before"]
    return at


def _others(forwarded: Sequence[Record], own: Sequence[Followed]) -> list[Record]:
    """The forwarded events of others, each once. The persons' own events are left out."""
    known = {(each.event["t"], each.event["type"]) for each in own}
    found: dict[tuple[int, str], Record] = {}
    for event in forwarded:
        if (event["t"], event["type"]) not in known:
            found.setdefault((event["t"], event["type"]), event)
    return list(found.values())
