"""A person's story in order of time: what they did, what came due, and why it was sent or not.

Pure: records in, lines out. Nothing is decided again here; what was decided is told, with the
events that it rests on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final, Literal, NamedTuple

from agents.explain import decision_text, dwell
from agents.explain.event_text import of_day, sentence
from stream.recipes.recipe import Recipes

Record = Mapping[str, Any]
Kind = Literal["did", "quiet", "fired", "refused", "deferred", "closed", "cancelled"]

LATE: Final = 300_000
STILL_COUNTS: Final = (
    "order.placed", "order.cancelled", "consent.changed", "visitor.identified",
)  # fmt: skip
"""What is applied however late it comes. Source: docs/semantics.md, 2."""


@dataclass(frozen=True)
class Story:
    """What was found: valid events with their time `t` (ms), decisions, triggers and cancels.

    `people`: the persons that the story is about, one human being as far as is known.
    """

    people: frozenset[str]
    events: Sequence[Record] = ()
    decisions: Sequence[Record] = ()
    triggers: Sequence[Record] = ()


class StoryLine(NamedTuple):
    """`at` in ms; `details` explain the text; `trigger_id` of a step."""

    at: int
    kind: Kind
    text: str
    details: tuple[str, ...] = ()
    trigger_id: str | None = None


def lines(story: Story, recipes: Recipes, zone: tzinfo = UTC) -> list[StoryLine]:
    """In order of time; at one time a due step goes before an event, what that brings after it."""
    events = list(own(story))
    ranked = [(line.at, 1, line) for line in _did(events)]
    ranked += [(line.at, 2, line) for line in _quiet(events, zone)]
    teller = decision_text.DecisionText(story.decisions, story.triggers, events, recipes, zone)
    for decision in teller.decisions:
        text, details = teller.decision(decision)
        line = StoryLine(decision["at"], decision["outcome"], text, details, decision["trigger_id"])
        ranked.append((line.at, 0 if teller.is_due(decision) else 3, line))
    for cancel in teller.cancels:
        text, id = teller.cancel(cancel), cancel["trigger_id"]
        ranked.append((cancel["at"], 3, StoryLine(cancel["at"], "cancelled", text, (), id)))
    return [line for _, _, line in sorted(ranked, key=lambda entry: entry[:2])]


def own(story: Story) -> Iterator[Record]:
    """The story's events in order, each once, without what others did on the same device."""
    seen: set[tuple[str, str]] = set()
    customers: dict[str, str] = {}
    for event in sorted(story.events, key=lambda event: event["t"]):
        visitor, name = event["visitor"], (event["visitor"], event["id"])
        if name in seen:
            continue
        seen.add(name)
        customers[visitor] = event.get("customer", customers.get(visitor))
        whose = f"customer:{customers[visitor]}" if customers[visitor] else f"visitor:{visitor}"
        if whose in story.people:
            yield event


def is_ignored(event: Record) -> bool:
    """Told so late that it changes nothing."""
    late: bool = event.get("client_time", event["t"]) < event["t"] - LATE
    return late and event["type"] not in STILL_COUNTS


def _did(events: Sequence[Record]) -> Iterator[StoryLine]:
    looked = dwell.seconds(event for event in events if not is_ignored(event))
    for event in events:
        text = sentence(event)
        if text is None:
            continue
        if (event["visitor"], event["id"]) in looked:
            text += f" for {_stretch(looked[event['visitor'], event['id']])}"
        if is_ignored(event):
            text += " (told minutes too late, so it does not count)"
        yield StoryLine(event["t"], "did", f"{event['visitor']} {text}")


def _stretch(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _quiet(events: Iterable[Record], zone: tzinfo) -> Iterator[StoryLine]:
    for visitor, since in dwell.pauses(event for event in events if not is_ignored(event)):
        text = f"{visitor} has been quiet since {of_day(since, zone)}"
        yield StoryLine(since + dwell.IDLE, "quiet", text)
