"""The command `demo`: runs the whole service on this machine, in about 80 seconds.

It replays a simulated day of a shop on two workers, and a year of customers' lives. Then it sends live traffic in real
time. At the end it prints the results, an example of each kind and some persons' stories, and compares the results with
a backtest. It uses the Kafka of TRIGGERS_KAFKA, or starts one. It leaves no process running, and no files.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiokafka.errors import KafkaError as ClientError
from kafka.errors import KafkaError
from rich.console import Console

from agents.config.settings import PLAINTEXT, Settings, SettingsError
from agents.demo import results, scenarios, stories
from agents.demo import shop as shop_page
from agents.demo.results import Results
from agents.demo.session import DemoFailed, DemoSession
from agents.demo.terminal import fired
from agents.demo.workers import WorkerFailed
from agents.kafka.cluster_admin import TopicsError
from agents.local.cluster import kafka
from agents.local.process import LocalFailed
from stream.kinds.registry import KINDS
from stream.recipes_file import RecipesError

WITHIN_MS: Final = 1_000
"""Ms from a signal to its exit trigger; later the visitor may have left."""

RATE: Final = 250.0
INTERRUPTED: Final = 130

NEXT: Final = """\
README.md                    what it is, how to send events, how to run it
docs/semantics.md            what is decided, exactly
make test                    the tests, on a real Kafka
make shop                    a demo shop and the console, in the browser
storefront-triggers local    a Kafka and a Redis to try things on
storefront-triggers          all commands: simulate, worker, backtest, explain, …"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--visitors", type=int, default=3000, help="number of visitors on the replayed day (3000)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="seed of the simulation: the same seed gives the same day (1)",
    )
    parser.add_argument(
        "--replay",
        type=float,
        default=10.0,
        metavar="S",
        help="duration of the replayed day in seconds (10)",
    )
    parser.add_argument("--customers", type=int, default=30, help="of the year in replay (30)")
    parser.add_argument("--years", type=float, default=5.0, metavar="S", help="the year takes (5)")
    parser.add_argument("--live", type=float, default=20.0, metavar="S", help="live traffic (20)")
    parser.add_argument("--shop", action="store_true", help="run only the demo shop, until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """0: all promises held. 1: one did not. 2: wrong settings. 130: interrupted."""
    console = Console(highlight=False, soft_wrap=True)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.read()
        with cluster(settings, console) as running, TemporaryDirectory() as folder:
            if not args.shop:
                asyncio.run(play(args, running, Path(folder), console))
            if args.shop or offered(console):
                shop(running, Path(folder), console)
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except (DemoFailed, WorkerFailed, TopicsError, LocalFailed, KafkaError, ClientError) as error:
        print(f"the demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything that was started has ended", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


@contextmanager
def cluster(settings: Settings, console: Console) -> Iterator[Settings]:
    """Settings with a Kafka: the one that they name, or one that runs during the block."""
    if settings.kafka:
        yield settings
        return
    console.print(
        "starting a Kafka on this machine; to use another, set TRIGGERS_KAFKA", style="dim"
    )
    with kafka(say=console.print) as bootstrap:
        yield replace(settings, kafka=(bootstrap,), security=PLAINTEXT)


async def play(
    args: argparse.Namespace, settings: Settings, folder: Path, console: Console
) -> None:
    """Plays both scenarios and prints the results. Raises DemoFailed and what Kafka raises."""
    replay = DemoSession(settings, "replay", "record", console)
    years = DemoSession(replace(settings, recipes=scenarios.LIVES), "years", "record", console)
    live = DemoSession(settings, "live", "append", console)
    try:
        stories.heading(console, f"A day of {args.visitors} shoppers, in {args.replay:.0f} seconds")
        expected = await scenarios.replay(replay, folder, args.visitors, args.seed, args.replay)
        stories.heading(
            console, f"A year of {args.customers} customers, in {args.years:.0f} seconds"
        )
        lives = await scenarios.years(years, folder, args.customers, args.seed, args.years)
        stories.heading(console, f"Live, for {args.live:.0f} seconds: exit intent within a second")
        await scenarios.live(live, folder, RATE, args.seed, args.live)
        stories.heading(console, "What came of the day")
        for line in results.summary(replay.results()):
            console.print(line)
        await stories.some(replay, console)
        stories.heading(console, "Each kind once")
        kinds = results.of_each_kind(replay.triggers | live.triggers, replay.recipes)
        kinds |= results.of_each_kind(years.triggers, years.recipes)
        for data in kinds.values():
            console.print(f"✓ {fired(data)}", style="green")
        members = results.sizes(years.changes)
        console.print(
            f"  members after the year: {', '.join(f'{n} {m}' for n, m in members.items())}"
        )
        await stories.drifting(years, console)
        stories.heading(console, "Whether it holds")
        promised = [
            *promises(replay, live, expected),
            same("live = backtest over the year", years, lives),
            (kinds.keys() == KINDS.keys(), f"each of the {len(kinds)} kinds has sent something"),
        ]
        failed = [line for holds, line in verdict(promised, console) if not holds]
        if failed:
            raise DemoFailed("; ".join(failed))
        stories.heading(console, "Where to look next")
        console.print(NEXT)
    finally:
        for session in (replay, years, live):
            session.drop_topics()


def offered(console: Console) -> bool:
    """Asks at the terminal whether to open the shop."""
    if not (console.is_terminal and sys.stdin.isatty()):
        return False
    return input("\nEnter for the demo shop in the browser, n to end: ").strip().lower() != "n"


def shop(settings: Settings, folder: Path, console: Console) -> None:
    """Runs the shop until Ctrl-C."""
    session = DemoSession(settings, "shop", "append", console)
    try:
        shop_page.show(session, folder, console)
    except KeyboardInterrupt:
        console.print("the shop is closed", style="dim")
    finally:
        session.drop_topics()


def verdict(promised: Iterable[tuple[bool, str]], console: Console) -> Iterator[tuple[bool, str]]:
    """Prints each promise and whether it held. Returns (held, promise) for each."""
    for holds, line in promised:
        console.print(f"{'✓' if holds else '✗'} {line}", style="green" if holds else "bold red")
        yield holds, line


def same(name: str, session: DemoSession, expected: Results) -> tuple[bool, str]:
    """(whether the session's results are exactly those of a backtest, a line that says so)."""
    found = session.results()
    counts = [f"{len(each)}" for each in found]
    counted = f"{counts[0]} triggers, {counts[1]} decisions"
    if found.changes:
        counted += f", {counts[2]} changes of audiences"
    if found == expected and found.triggers:
        return True, f"{name}, {counted}, byte for byte"
    return False, f"{name}: {counted}; backtest: {', '.join(f'{len(each)}' for each in expected)}"


def promises(
    replay: DemoSession, live: DemoSession, expected: Results
) -> Iterator[tuple[bool, str]]:
    """(whether it held, a line that says so) of each promise."""
    yield same("live = backtest", replay, expected)
    for name, session in (("replay", replay), ("live", live)):
        outcomes = ", ".join(
            f"{count} {outcome}" for outcome, count in session.outcomes.most_common() if count
        )
        yield (
            session.outcomes.total() == session.sent,
            f"{name}: {session.sent} records in = {outcomes}",
        )
    for name, times in (("on the broker", live.delays), ("seen from outside", live.waits)):
        found_ = results.latency(times)
        if found_ is None:
            yield False, f"exit trigger after its signal, {name}: none came"
        else:
            yield (
                found_.p99 <= WITHIN_MS,
                (
                    f"exit trigger after its signal, {name}: p50 {found_.p50} ms, p99 {found_.p99} ms, "
                    f"at most {found_.most} ms, of {found_.triggers}"
                ),
            )
