"""The command `export FILE`: writes events of `storefront.events` to a file for `backtest` and `load`.

The file holds the events between two times or offsets, all of them or one person's. `t` is the broker's
time. Their order gives the same answers as the live run. Source: docs/semantics.md, 10.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress

from agents.config.settings import Settings, SettingsError
from agents.explain.lookup import persons
from agents.kafka.topics import EVENTS
from agents.kafka.unreachable import told
from agents.replay.event_file import whole
from agents.replay.exported import Exported, exported
from agents.replay.merged import ExportError, Merged, consumer, spans
from agents.replay.related import Joined
from agents.replay.span import FORMS, Bound, OffsetSpan, bound, offsets

SHOW_EVERY: Final = 500
"""Records between two updates of the progress bar."""

Wanted = Callable[[Exported], bool]


@dataclass
class Written:
    """What the file contains: the offsets by partition, and the numbers of events and of rejected records."""

    spans: dict[int, OffsetSpan]
    events: int = 0
    rejected: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="file to write (.gz: compressed)"
    )
    parser.add_argument(
        "--from",
        dest="since",
        type=_bound,
        default=0,
        metavar="WHEN",
        help="first time or offsets (default: the oldest record)",
    )
    parser.add_argument(
        "--to", dest="until", type=_bound, metavar="WHEN", help=f"end, not included: {FORMS}"
    )
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--person",
        metavar="ID",
        help="only events that can concern this person: customer:anna, a bare id, or an address",
    )
    one.add_argument("--visitor", metavar="ID", help="the same, for the person of this visitor")


def _bound(text: str) -> Bound:
    try:
        return bound(text, datetime.now(UTC))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    """0: written. 1: the person is unknown, no broker answers, or the file cannot be written. 2: wrong settings."""
    try:
        settings = Settings.read()
        written = asyncio.run(export(settings, args))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or args.file}: {error.strerror}", file=sys.stderr)
        return 1
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    except KafkaError as error:
        print(f"{','.join(settings.kafka)}: {told(error)}", file=sys.stderr)
        return 1
    print(
        f"{written.events} events and {written.rejected} rejected records of "
        f"{settings.topic(EVENTS)} written to {args.file}"
    )
    print(f"--from {offsets(written.spans, False)} --to {offsets(written.spans, True)}")
    return 0


async def export(settings: Settings, args: argparse.Namespace) -> Written:
    """Writes the file. Raises ExportError, aiokafka's KafkaError, OSError."""
    reader = consumer(settings)
    topic = settings.topic(EVENTS)
    try:
        await reader.start()
        found = await spans(reader, topic, args.since, args.until)
        with _bar() as bar:
            wanted: Wanted = lambda _: True  # noqa: E731 - every line
            if seeds := _seeds(args, settings.pepper):
                wanted = await _touching(seeds, _lines(reader, topic, found, bar, "looking"))
            written = Written(found)
            with whole(args.file) as file:
                async for each in _lines(reader, topic, found, bar, "writing"):
                    if wanted(each):
                        file.write(each.line + b"\n")
                        written.events += each.event is not None
                        written.rejected += each.event is None
        return written
    finally:
        await reader.stop()


def _seeds(args: argparse.Namespace, pepper: bytes | None) -> tuple[str, ...]:
    """The possible names of the person on the command line."""
    if args.visitor:
        return (f"visitor:{args.visitor}",)
    if not args.person:
        return ()
    return persons(args.person, pepper)


async def _touching(names: tuple[str, ...], source: AsyncIterator[Exported]) -> Wanted:
    """A filter for lines that can concern the person of one of these names. Raises ExportError."""
    joined = Joined()
    async for each in source:
        if each.event is not None:
            joined.add(each.event)
    name = joined.known(names)
    if name is None:
        raise ExportError(f"no event of {' or '.join(names)} in this part of the log")
    visitors = joined.with_(name)
    return lambda each: each.event is not None and each.event.visitor in visitors


async def _lines(
    reader: AIOKafkaConsumer,
    topic: str,
    found: dict[int, OffsetSpan],
    bar: Progress,
    doing: str,
) -> AsyncIterator[Exported]:
    """The lines of the file in their order. `doing`: a verb for the progress bar."""
    merged = Merged(reader, topic, found)
    total = sum(span.end - span.start for span in found.values())
    task = bar.add_task(f"{doing} {topic}", total=total)
    number = 0
    async for record in merged.records():
        number += 1
        if not number % SHOW_EVERY:
            bar.update(task, completed=merged.done)
        if line := exported(record):
            yield line
    bar.update(task, completed=total)


def _bar() -> Any:
    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal, transient=True)
