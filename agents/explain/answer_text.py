"""Prints an answer of `explain` as lines, with colours on a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from agents.explain import present
from agents.explain.event_text import day, moment_of_year, of_day
from agents.explain.lookup import Answer
from agents.explain.present import Present
from agents.explain.timeline import Kind, StoryLine, lines
from agents.explain.zone import own_zone
from stream.episodes import quiet_hours
from stream.recipes.history import History

SIGNS: Final[dict[Kind, tuple[str, str]]] = {
    "did": (" ", ""),
    "faulty": ("!", "bold yellow"),
    "quiet": ("·", "dim"),
    "fired": ("✓", "bold green"),
    "refused": ("✗", "yellow"),
    "deferred": ("…", "cyan"),
    "closed": ("■", "magenta"),
    "cancelled": ("↩", "bold magenta"),
    "shadow": ("○", "dim"),
    "entered": ("→", "blue"),
    "left": ("←", "blue"),
}
"""The sign before a line, and its colour on a terminal."""

SUMMED: Final[tuple[tuple[Kind, str], ...]] = (
    ("fired", "sent"),
    ("refused", "held back"),
    ("deferred", "deferred"),
    ("cancelled", "cancelled"),
    ("closed", "ended early"),
    ("shadow", "as a shadow"),
    ("entered", "audiences entered"),
    ("left", "audiences left"),
)


def zone_of(answer: Answer, recipes: History, wanted: str | None) -> tuple[str, tzinfo]:
    """The zone of the times: the one wanted for, the person's own, or the policy's."""
    name = wanted or own_zone(answer) or recipes.documents[-1].recipes.policy.zone
    place = quiet_hours.zone(name) or quiet_hours.zone("UTC")
    assert place is not None
    return name, place


def show(
    answer: Answer, recipes: History, now: Sequence[Present], zone: str | None, console: Console
) -> None:
    """Prints an answer, with colours only on a terminal."""
    for text, style in written(answer, recipes, now, zone):
        console.print(Text(text, style))


def written(
    answer: Answer, recipes: History, now: Sequence[Present], zone: str | None
) -> Iterator[tuple[str, str]]:
    """The lines of an answer, each with its style."""
    name, place = zone_of(answer, recipes, zone)
    story = lines(answer.story, recipes, place)
    devices = ", ".join(answer.places)
    yield f"{answer.name} · on {devices} · times in {name}", "bold"
    for line in story:
        if answer.trigger_id and line.trigger_id == answer.trigger_id:
            yield f"{answer.trigger_id}: {line.text}, {day(line.at, place)}", "bold"
    for date, of_date in groupby(story, lambda line: day(line.at, place)):
        yield "", ""
        yield date, "bold underline"
        for line in of_date:
            yield from _line(line, place, answer.trigger_id)
    yield "", ""
    counts = Counter(line.kind for line in story)
    summed = ", ".join(
        f"{counts[kind]} {word if counts[kind] > 1 else word.replace('audiences', 'audience')}"
        for kind, word in SUMMED
        if counts[kind]
    )
    yield f"In short: {summed or 'no step was due'}.", "bold"
    for each in now:
        yield from ending(each, place)


def ending(now: Present, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """The lines about one person's present and next steps, each with its style."""
    upcoming = list(present.lines(now, zone))
    if upcoming:
        yield "", ""
        yield (
            f"{now.person} on {moment_of_year(now.at, zone)}, if nothing happens",
            "bold underline",
        )
    for text, details in upcoming:
        yield f"  {text}", ""
        for detail in details:
            yield f"             {detail}", "dim"


def _line(line: StoryLine, zone: tzinfo, wanted: str | None) -> Iterator[tuple[str, str]]:
    sign, style = SIGNS[line.kind]
    mark = " ◀" if wanted and line.trigger_id == wanted else ""
    yield f"  {of_day(line.at, zone)} {sign} {line.text}{mark}", style
    for detail in line.details:
        yield f"             {detail}", "dim"
