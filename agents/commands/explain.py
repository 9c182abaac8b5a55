"""The command `explain ID`: tells the story of a person or of one message, in plain words.

It reads events, facts, decisions and triggers from Kafka, or with --from what a backtest wrote. It joins no
consumer group and changes nothing.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import tzinfo
from itertools import groupby
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.text import Text

from agents.config.recipes import read_history
from agents.config.settings import Settings, SettingsError
from agents.explain.decision_sources import Files, Kafka
from agents.explain.event_text import day, of_day
from agents.explain.lookup import Answer, ask
from agents.explain.timeline import Kind, StoryLine, lines
from agents.explain.zone import own_zone
from agents.kafka.topics import TopicsMissing
from agents.published import in_force
from agents.published.published_log import published
from stream.episodes import quiet_hours
from stream.recipes.history import START, History
from stream.recipes_file import RecipesError

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
}
"""The sign before a line, and its colour on a terminal."""

SUMMED: Final[tuple[tuple[Kind, str], ...]] = (
    ("fired", "sent"),
    ("refused", "held back"),
    ("deferred", "deferred"),
    ("cancelled", "cancelled"),
    ("closed", "ended early"),
    ("shadow", "as a shadow"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", help="customer:anna, visitor:v1, email:<key>, a bare id, or a trigger id"
    )
    parser.add_argument(
        "--zone", help="IANA zone of the times (the person's own, else the policy's)"
    )
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="a backtest's output"
    )
    parser.add_argument("--events", type=Path, metavar="FILE", help="the events of that backtest")


def run(args: argparse.Namespace) -> int:
    """0: the story is printed. 1: nothing is known of the id, or no broker answers. 2: wrong settings or files."""
    try:
        settings = Settings.read()
        recipes = read_history(settings.recipes)
        if args.zone and quiet_hours.zone(args.zone) is None:
            raise SettingsError(
                f"--zone: expected an IANA time zone such as Europe/Berlin, got {args.zone!r}"
            )
        answer, history = asyncio.run(_ask(args, settings, recipes))
    except (SettingsError, RecipesError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KafkaError as error:
        print(f"{','.join(settings.kafka)}: {error}", file=sys.stderr)
        return 1
    if answer is None:
        where = args.folder or f"the topics {settings.prefix}*"
        print(f"nothing is known of {args.id!r} in {where}", file=sys.stderr)
        return 1
    show(answer, history, args.zone, Console(highlight=False, soft_wrap=True))
    return 0


async def _ask(
    args: argparse.Namespace, settings: Settings, given: History
) -> tuple[Answer | None, History]:
    """The answer, and the history of recipes. `given`: the recipes of TRIGGERS_RECIPES."""
    if args.folder:
        return await ask(Files(args.folder, args.events), args.id), given
    async with Kafka(settings) as source:
        answer = await ask(source, args.id)
    try:
        return answer, in_force.history(given.at(START), await published(settings))
    except TopicsMissing:
        return answer, given


def show(answer: Answer, recipes: History, zone: str | None, console: Console) -> None:
    """Prints an answer, with colours only on a terminal."""
    for text, style in written(answer, recipes, zone):
        console.print(Text(text, style))


def written(answer: Answer, recipes: History, zone: str | None) -> Iterator[tuple[str, str]]:
    """The lines of an answer, each with its style."""
    name = zone or own_zone(answer) or recipes.documents[-1].recipes.policy.zone
    place = quiet_hours.zone(name) or quiet_hours.zone("UTC")
    assert place is not None
    told = lines(answer.story, recipes, place)
    devices = ", ".join(answer.places)
    yield f"{answer.name} · on {devices} · times in {name}", "bold"
    for line in told:
        if answer.trigger_id and line.trigger_id == answer.trigger_id:
            yield f"{answer.trigger_id}: {line.text}, {day(line.at, place)}", "bold"
    for date, of_date in groupby(told, lambda line: day(line.at, place)):
        yield "", ""
        yield date, "bold underline"
        for line in of_date:
            yield from _line(line, place, answer.trigger_id)
    yield "", ""
    counts = Counter(line.kind for line in told)
    summed = ", ".join(f"{counts[kind]} {word}" for kind, word in SUMMED if counts[kind])
    yield f"In short: {summed or 'no step was due'}.", "bold"


def _line(line: StoryLine, zone: tzinfo, asked: str | None) -> Iterator[tuple[str, str]]:
    sign, style = SIGNS[line.kind]
    mark = " ◀" if asked and line.trigger_id == asked else ""
    yield f"  {of_day(line.at, zone)} {sign} {line.text}{mark}", style
    for detail in line.details:
        yield f"             {detail}", "dim"
