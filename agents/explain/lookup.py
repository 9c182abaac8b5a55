"""Who is meant by what is asked, and all that was written about them."""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from agents.explain.decision_sources import Source
from agents.explain.timeline import Story

TRIGGER_ID: Final = re.compile(r"[0-9a-f]{32}")
BEFORE_FIRST: Final = 3_600_000
"""ms. The first fact about a person comes within minutes of the first event."""


class Answer(NamedTuple):
    """`name`: the person that was asked for. `trigger_id`: the step, if one was asked for."""

    name: str
    visitors: tuple[str, ...]
    story: Story
    trigger_id: str | None = None


async def ask(source: Source, asked: str) -> Answer | None:
    """The story of a person (`customer:anna`, `visitor:v1`, with or without the word before it) or
    of the one for whom a step was decided (its trigger id); None if nothing was written of any.
    """
    name, id = asked, None
    if TRIGGER_ID.fullmatch(asked.lower()):
        for decision in await source.decisions(None):
            if decision["trigger_id"] == asked.lower():
                name, id = decision["person"], asked.lower()
    for person in persons(name):
        story = await _story(source, person)
        if story.events or story.decisions:
            visitors = {event["visitor"] for event in story.events}
            visitors |= {decision["visitor"] for decision in story.decisions}
            return Answer(person, tuple(sorted(visitors)), story, id)
    return None


def persons(name: str) -> tuple[str, ...]:
    """Whom a name may mean, the likelier first."""
    if name.startswith(("customer:", "visitor:")):
        return (name,)
    return (f"customer:{name}", f"visitor:{name}")


async def _story(source: Source, person: str) -> Story:
    """A customer's devices tell what was done before the login; a device tells who logged in."""
    seen = await source.seen([person])
    visitors = {visitor for visitor, _ in seen}
    people = {person}
    if person.startswith("visitor:"):
        visitors.add(person.removeprefix("visitor:"))
        people |= await _customers(source, visitors)
        seen += await source.seen(people - {person})
        visitors |= {visitor for visitor, _ in seen}
    if not visitors:
        return Story(frozenset(people))
    people |= {f"visitor:{visitor}" for visitor in visitors}
    since = min((at for _, at in seen), default=0) - BEFORE_FIRST
    return Story(
        frozenset(people),
        await source.events(visitors, since),
        await source.decisions(people),
        await source.triggers(people),
    )


async def _customers(source: Source, visitors: Collection[str]) -> set[str]:
    events = await source.events(visitors, 0)
    return {f"customer:{event['customer']}" for event in events if "customer" in event}
