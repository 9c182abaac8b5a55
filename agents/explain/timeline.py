"""A person's story in order of time: events, due steps, and why each was sent or not.

Pure: records in, lines out. It shows the decisions that were made, with their events, and decides nothing again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final, Literal, NamedTuple

from agents.explain import decision_text, dwell, event_records, life_text
from agents.explain.by_key import who
from agents.explain.event_text import of_day, sentence
from agents.explain.whose import Beings, Followed
from stream.outputs.audience_changes import ENTERED
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.state.visitor import IDLE_AFTER

Record = Mapping[str, Any]
Kind = Literal[
    "did",
    "faulty",
    "quiet",
    "fired",
    "refused",
    "deferred",
    "closed",
    "cancelled",
    "shadow",
    "entered",
    "left",
]

AFTER: Final = {
    "late": " (sent minutes too late, so it does not count)",
    "ignored": " (it does not count)",
}
"""Added to the sentence of an event that changed nothing."""


@dataclass(frozen=True)
class Story:
    """The records of a story: events as `event_records` reads them, decisions, triggers and cancels.

    `people`: the persons of the story, one human being as far as is known · `forwarded`: events of others that a key
    forwarded to them · `now`: the end of the story (ms); None: no end · `changes`: the data of each change of an audience,
    with its type.
    """

    people: frozenset[str]
    events: Sequence[Record] = ()
    decisions: Sequence[Record] = ()
    triggers: Sequence[Record] = ()
    forwarded: Sequence[Record] = ()
    now: int | None = None
    changes: Sequence[Record] = ()


class StoryLine(NamedTuple):
    """A line. `at`: ms · `kind`: `faulty` for an event that could not be read, or only in part · `details`: explain the
    text · `trigger_id`: that of a step."""

    at: int
    kind: Kind
    text: str
    details: tuple[str, ...] = ()
    trigger_id: str | None = None


def lines(story: Story, recipes: Recipes | History, zone: tzinfo = UTC) -> list[StoryLine]:
    """The lines in order of time. At the same time a due step comes first, then an event, then its consequences."""
    own = Beings(story.events).own(story.people)
    ranked = [(line.at, 1, line) for line in _did(own)]
    ranked += [(line.at, 1, line) for line in _heard(story.forwarded)]
    ranked += [
        (line.at, 2, line) for line in _quiet(own, zone) if line.at <= (story.now or line.at)
    ]
    events = [*(each.event for each in own if each.outcome == "applied"), *story.forwarded]
    ranked += [(line.at, 3, line) for line in _audiences(story, recipes)]
    teller = decision_text.DecisionText(story.decisions, story.triggers, events, recipes, zone)
    for decision in teller.decisions:
        text, details = teller.decision(decision)
        kind: Kind = "shadow" if decision.get("shadow") else decision["outcome"]
        line = StoryLine(decision["at"], kind, text, details, decision["trigger_id"])
        ranked.append((line.at, 0 if teller.is_due(decision) else 3, line))
    for cancel in teller.cancels:
        text, id = teller.cancel(cancel), cancel["trigger_id"]
        taken_back: Kind = "shadow" if teller.is_of_shadow(cancel) else "cancelled"
        ranked.append((cancel["at"], 3, StoryLine(cancel["at"], taken_back, text, (), id)))
    if not ranked and own:
        ranked.append((own[-1].event["t"], 1, _signs_alone(own[-1])))
    return [line for _, _, line in sorted(ranked, key=lambda entry: entry[:2])]


def _signs_alone(last: Followed) -> StoryLine:
    """The only line about somebody of whom no event has a sentence."""
    text = f"{who(last.event['visitor'])} was here: there is nothing but signs of activity"
    return StoryLine(last.event["t"], "quiet", text)


def _audiences(story: Story, recipes: Recipes | History) -> Iterator[StoryLine]:
    """The changes of audiences. At the same time leaving comes before entering, each in the order of the document."""
    history = History.of(recipes)
    changes = {(each["audience"], each["at"], each["type"]): each for each in story.changes}

    def place(each: Record) -> tuple[bool, int, str]:
        names = [audience.name for audience in history.at(each["at"]).audiences.all]
        name = each["audience"]
        return each["type"] == ENTERED, names.index(name) if name in names else -1, name

    for each in sorted(changes.values(), key=place):
        text, details = life_text.change(each, history.at(each["at"]))
        if not details and each["audience"] in history.before(each["at"]).audiences.places:
            details = ("From then on the recipes have no such audience.",)
        yield StoryLine(each["at"], "entered" if each["type"] == ENTERED else "left", text, details)


def _did(own: Sequence[Followed]) -> Iterator[StoryLine]:
    looked = dwell.seconds(each.event for each in own if each.attended)
    for each in own:
        event = each.event
        text, details = _words(each)
        if text is None:
            continue
        if (event["visitor"], event.get("id")) in looked:
            text += f" for {_stretch(looked[event['visitor'], event['id']])}"
        kind: Kind = "faulty" if details else "did"
        yield StoryLine(
            event["t"],
            kind,
            f"{who(event['visitor'])} {text}{AFTER.get(each.outcome, '')}",
            details,
        )


def _words(each: Followed) -> tuple[str | None, tuple[str, ...]]:
    """(a sentence about the event, its unreadable parts). No sentence for a heartbeat."""
    event = each.event
    if each.outcome == "rejected":
        sent = f"an event of type {event['type']}" if event["type"] else "something"
        text = f"sent {sent} that could not be read, so it does not count"
        return text, tuple(event["rejected"])
    if each.outcome == "unknown":
        near = event_records.near(event["type"])
        sent = f"sent {event['type']}: there is no such type, so it does not count"
        return sent, (f"{near[0].upper()}{near[1:]}",) if near else ("It has no effect.",)
    left_out = tuple(f"Left out {fault}." for fault in event.get("left_out", ()))
    what = sentence(event)
    return (f"sent {event['type']}" if what is None and left_out else what), left_out


def _heard(forwarded: Iterable[Record]) -> Iterator[StoryLine]:
    for event in forwarded:
        yield StoryLine(event["t"], "did", f"{who(event['visitor'])} {sentence(event)}")


def _stretch(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _quiet(own: Iterable[Followed], zone: tzinfo) -> Iterator[StoryLine]:
    for visitor, since in dwell.pauses(each.event for each in own if each.attended):
        text = f"{visitor} has been inactive since {of_day(since, zone)}"
        yield StoryLine(since + IDLE_AFTER, "quiet", text)
