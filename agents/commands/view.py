"""The command `view`: keeps a view of the newest decisions in Redis.

It runs beside the workers, never inside one. A console does the same while it runs; both may run. No decision
reads the view. agents/view/redis_keys.py says what it holds.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from agents.config.recipes import read
from agents.config.settings import Settings, SettingsError, address
from agents.runtime import probes
from agents.runtime.log import configure
from agents.runtime.shutdown import report, stop_signals
from agents.view.metrics import ViewMetrics
from agents.view.redis_client import Link, ViewLost
from agents.view.writer import Writer, clear
from stream.recipes_file import RecipesError
from stream.store.changelog import UnreadableState

log = logging.getLogger("triggers.view")

METRICS: Final = "127.0.0.1:9113"
LOOK_S: Final = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="delete the view, fill it again from the log, and end",
    )
    parser.add_argument(
        "--metrics",
        default=METRICS,
        metavar="HOST:PORT",
        help=f"address of /metrics, /live and /ready; empty: none ({METRICS})",
    )


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal, or rebuilt. 1: Redis or the log cannot be used. 2: wrong settings."""
    configure()
    try:
        settings = Settings.read()
        settings.require_kafka()
        if not settings.redis:
            raise SettingsError("TRIGGERS_REDIS is not set: the view needs a Redis")
        recipes = read(settings.recipes)
        at = None if args.rebuild or not args.metrics else address("--metrics", args.metrics)
        writer = Writer(settings, recipes, Link(settings.redis))
        asyncio.run(_rebuild(writer) if args.rebuild else _keep(writer, at))
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        report(log, error, (ViewLost, UnreadableState))
        return 1
    return 0


async def _keep(writer: Writer, at: tuple[str, int] | None) -> None:
    """Follows the log until a signal stops it. Raises UnreadableState; OSError if the address is taken."""
    stop = stop_signals()
    if at:
        text = ViewMetrics(writer.link, writer).text
        await probes.serve(at, list, partial(_unready, writer), text)
    await _beside(writer, stop.wait())


async def _rebuild(writer: Writer) -> None:
    """Deletes the view and fills it again. Raises UnreadableState, ViewLost."""
    print(f"dropped {await clear(writer.link, writer.keys)} keys of {writer.keys.all}*")
    await _beside(writer, _caught_up(writer))
    print("the view is up to date with the log")


async def _beside(writer: Writer, until: Coroutine[Any, Any, object]) -> None:
    """Runs the writer beside the other coroutine."""
    tasks = [asyncio.create_task(writer.run()), asyncio.create_task(until)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await writer.link.close()


async def _caught_up(writer: Writer) -> None:
    """Waits until the view has everything that was in the log at the last look."""
    while writer.tail.behind != 0:
        await asyncio.sleep(LOOK_S)


def _unready(writer: Writer) -> list[str]:
    found = []
    if writer.link.fault:
        found.append(f"Redis does not answer: {writer.link.fault}")
    if writer.tail.state != "up":
        found.append("no broker answers")
    return found
