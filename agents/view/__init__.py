"""The command `view`: keeps in Redis what people like to look up, as the log grows.

Beside the workers, never in them; the console does the same while it runs, and both may. No decision
reads it. What it holds: agents/view/keys.py.
"""

import argparse
import asyncio
import signal
import sys
from typing import Final

from agents.log import configure
from agents.recipes import read
from agents.settings import Settings, SettingsError
from agents.view.link import Link, ViewLost
from agents.view.writer import Writer, clear
from stream.keyed import NewerState
from stream.recipe import Recipes
from stream.recipes import RecipesError

LOOK_S: Final = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild", action="store_true", help="drop the view, fill it from the log, and end"
    )


def run(args: argparse.Namespace) -> int:
    """0: stopped as told, or rebuilt. 1: Redis or the log is not fit. 2: wrong settings."""
    configure()
    try:
        settings = Settings.read()
        settings.require_kafka()
        if not settings.redis:
            raise SettingsError("TRIGGERS_REDIS is not set: there is no view without a Redis")
        recipes = read(settings.recipes)
        asyncio.run(_keep(settings, settings.redis, recipes, args.rebuild))
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except (ViewLost, NewerState) as error:
        print(f"the view cannot be written: {error}", file=sys.stderr)
        return 1
    return 0


async def _keep(settings: Settings, url: str, recipes: Recipes, rebuild: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    link = Link(url)
    writer = Writer(settings, recipes, link)
    if rebuild:
        print(f"dropped {await clear(link, writer.keys)} keys of {writer.keys.all}*")
    writing = asyncio.create_task(writer.run())
    ends = [asyncio.create_task(stop.wait()), writing]
    if rebuild:
        ends.append(asyncio.create_task(_caught_up(writer)))
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in ends:
            each.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        await link.close()


async def _caught_up(writer: Writer) -> None:
    """Until the view has all that the log had when it was asked last."""
    while writer.follower.behind != 0:
        await asyncio.sleep(LOOK_S)
    print("the view is as the log is")
