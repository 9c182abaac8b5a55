"""The command `explain ID`: explains in plain words why a person got a message, or did not.

It reads events, facts, decisions and triggers from Kafka, or with --from the output of a backtest. It joins no consumer
group and changes nothing.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from aiokafka.errors import KafkaError
from rich.console import Console

from agents.config.recipes import read_history
from agents.config.settings import Settings, SettingsError
from agents.explain import present
from agents.explain.addressed import hint
from agents.explain.answer_text import show, zone_of
from agents.explain.decision_sources import DecisionSource, Files, Kafka
from agents.explain.lookup import Answer, ask
from agents.explain.present import Present
from agents.kafka.topics import TopicsMissing
from agents.kafka.unreachable import told
from agents.published import in_force
from agents.published.published_log import published
from stream.episodes import quiet_hours
from stream.recipes.history import START, History
from stream.recipes_file import RecipesError
from stream.store.changelog import UnreadableState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id",
        help="customer:anna, visitor:v1, a bare id, an e-mail address, +PHONE, email:<key>, or a trigger id",
    )
    parser.add_argument(
        "--zone", help="IANA zone of the times (the person's own, else the policy's)"
    )
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="a backtest's output"
    )
    parser.add_argument("--events", type=Path, metavar="FILE", help="the events of that backtest")
    parser.add_argument(
        "--recipes",
        type=Path,
        metavar="FILE",
        help="the recipes of that backtest (TRIGGERS_RECIPES)",
    )


def run(args: argparse.Namespace) -> int:
    """0: the story is printed. 1: nothing is known of the id, or no broker answers. 2: wrong settings or files."""
    try:
        settings = Settings.read()
        if args.recipes and not args.folder:
            raise SettingsError("--recipes is for a backtest: give its output with --from, too")
        recipes = read_history(args.recipes or settings.recipes)
        if args.zone and quiet_hours.zone(args.zone) is None:
            raise SettingsError(
                f"--zone: expected an IANA time zone such as Europe/Berlin, got {args.zone!r}"
            )
        found = asyncio.run(_ask(args, settings, recipes))
    except (SettingsError, RecipesError, UnreadableState, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KafkaError as error:
        print(f"{','.join(settings.kafka)}: {told(error)}", file=sys.stderr)
        return 1
    if found is None:
        topics = f"the topics {settings.prefix}*" if settings.prefix else "the topics"
        where = args.folder or topics
        lacks = hint(args.id, settings.pepper)
        print(f"nothing is known of {args.id!r} in {where}{lacks}", file=sys.stderr)
        return 1
    if args.folder and (others := _unknown(found[0], recipes)):
        print(
            f"no recipe here is called {', '.join(others)}: what is said of it may be wrong. "
            "Give the recipes of the backtest with --recipes",
            file=sys.stderr,
        )
    show(*found, args.zone, Console(highlight=False, soft_wrap=True))
    return 0


def _unknown(answer: Answer, recipes: History) -> list[str]:
    """The recipes that decided, and that no document has."""
    known = {name for each in recipes.documents for name in each.recipes.names}
    return sorted({each["recipe"] for each in answer.story.decisions} - known)


Found = tuple[Answer, History, list[Present]]


async def _ask(args: argparse.Namespace, settings: Settings, given: History) -> Found | None:
    """The answer, the history of recipes, and what holds now. `given`: the recipes of TRIGGERS_RECIPES."""
    if args.folder:
        files = Files(args.folder, args.events, given)
        return await _found(files, args, given, settings.pepper)
    async with Kafka(settings) as source:
        try:
            history = in_force.history(given.at(START), await published(settings))
        except TopicsMissing:
            history = given
        return await _found(source, args, history, settings.pepper)


async def _found(
    source: DecisionSource, args: argparse.Namespace, history: History, pepper: bytes | None
) -> Found | None:
    answer = await ask(source, args.id, history.audiences, pepper)
    if answer is None:
        return None
    now = await present.ask(source, answer, history, zone_of(answer, history, args.zone)[1])
    return answer, history, now
