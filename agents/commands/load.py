"""The command `load FILE`: writes a backtest file to `storefront.events`, and recipes to `recipes`, for a replay.

The topics must keep the records' own time. They must be empty, because a file that is loaded twice would count twice. If
the times of a file go back, nothing is written. Source: docs/semantics.md, 10.
"""

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as ProducerError
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress

from agents.commands.backtest import add_any_time
from agents.config.recipes import documents
from agents.config.settings import Settings, SettingsError, aiokafka_options
from agents.kafka.cluster_admin import TopicsError, connected, faults_of, find
from agents.kafka.topics import EVENTS, RECIPES, Layout, required
from agents.kafka.unreachable import told
from agents.published import published_log
from agents.published.publisher import make_topics
from agents.replay.event_file import lines
from agents.replay.records import Record, records
from stream.backtest import BeforeYear2000, OutOfOrder, in_ms
from stream.history_file import GivenDocument
from stream.recipes.history import START
from stream.recipes_file import RecipesError

BATCH_BYTES: Final = 256 * 1024
"""Bytes of a batch. Larger: fewer requests, but a packed batch must fit into the topic's largest message."""

PACKED: Final = "gzip"
"""Compression that every client can read. lz4 would be faster, but some clients need a library for it."""

IN_FLIGHT: Final = 64
"""Batches that may be unacknowledged. They are in memory meanwhile."""

LARGEST: Final = 1_000_000
"""The longest line (bytes) that fits into a record of the topic."""


class LoadError(Exception):
    """The file or the topic cannot be used for a replay."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="EVENTS.jsonl", help="events with `t`, one a line (.gz too)"
    )
    parser.add_argument(
        "--recipes",
        type=Path,
        metavar="FILE",
        help="file of documents for the topic recipes, each in force from its `from` (default: none)",
    )
    add_any_time(parser)


def run(args: argparse.Namespace) -> int:
    """0: all is written. 1: the broker or the topic is wrong. 2: the file or a setting is wrong."""
    try:
        settings = Settings.read()
        if settings.time != "record":
            raise SettingsError(
                "expected TRIGGERS_TIME=record, as `load` writes for a replay, got append"
            )
        given = documents(args.recipes) if args.recipes else []
        partitions = empty_topic(settings, EVENTS)
        if given:
            empty_topic(settings, RECIPES)
        any_time: bool = args.any_time
        for _ in _read(args.file, partitions, "checking", any_time):
            pass
        source = _read(args.file, partitions, "writing", any_time)
        for each in given:
            for topic in make_topics(settings, each.recipes):
                print(f"made {topic}")
        if given:
            asyncio.run(published_log.append(settings, [_published(each) for each in given]))
            print(f"{len(given)} documents written to {settings.topic(RECIPES)}")
        written = asyncio.run(write(settings, source))
    except (SettingsError, LoadError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except (TopicsError, KafkaError, ProducerError) as error:
        print(told(error), file=sys.stderr)
        return 1
    print(f"{written} records written to {settings.topic(EVENTS)}")
    return 0


def _published(given: GivenDocument) -> tuple[dict[str, Any], int | None, str, str]:
    """The (document, `from`, by, note) of a record. In a replay a document without `from` is in force from the start."""
    return given.recipes, None if given.since == START else given.since, given.by, given.note


def empty_topic(settings: Settings, name: str) -> int:
    """The number of partitions of the topic. Raises TopicsError if it is not empty, or not made for a replay."""
    (spec,) = (s for s in required(settings, (), Layout(0, 0, 0)) if s.name == settings.topic(name))
    with connected(settings) as admin:
        found = find(admin, [spec.name])
        if faults := list(faults_of(spec, found.get(spec.name), settings)):
            raise TopicsError("\n".join(faults))
        count = found[spec.name].partitions
        ends = admin.list_partition_offsets(
            {TopicPartition(spec.name, number): OffsetSpec.LATEST for number in range(count)}
        )
    if any(end.offset for end in ends.values()):
        raise TopicsError(
            f"{spec.name} is not empty: a replay needs new topics, so set a new TRIGGERS_PREFIX"
        )
    return count


def _read(file: Path, partitions: int, doing: str, any_time: bool = False) -> Iterator[Record]:
    """The records of the file, with a progress bar on a terminal. Raises LoadError with file and line."""
    number = 0

    def counted(source: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal number
        for number, line in enumerate(source, 1):
            if len(line) > LARGEST:
                raise LoadError(f"{file}:{number}: expected up to {LARGEST} bytes, got {len(line)}")
            if not number % 1000:
                bar.update(task, completed=raw.tell())
            yield line

    try:
        with file.open("rb") as raw, _bar() as bar:
            task = bar.add_task(f"{doing} {file.name}", total=file.stat().st_size)
            found = counted(lines(file, raw))
            yield from records(found if any_time else in_ms(found), partitions)
            bar.update(task, completed=raw.tell())
    except OutOfOrder as error:
        raise LoadError(f"{file}:{error.line}: {error}") from None
    except (OSError, EOFError, BeforeYear2000) as error:
        raise LoadError(f"{file}: {error}") from None


@contextmanager
def _bar() -> Iterator[Progress]:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        yield bar


async def write(settings: Settings, source: Iterator[Record]) -> int:
    """Writes records, those of each partition in order. Raises aiokafka's KafkaError.

    Returns their number, once all are acknowledged.
    """
    topic = settings.topic(EVENTS)
    producer = AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id="triggers-load",
        acks="all",
        enable_idempotence=True,
        compression_type=PACKED,
        max_batch_size=BATCH_BYTES,
    )
    await producer.start()
    try:
        batches: dict[int, BatchBuilder] = {}
        sent: deque[asyncio.Future[object]] = deque()
        written = 0
        for partition, time, key, value in source:
            written += 1
            batch = batches.get(partition)
            if batch is None or batch.append(timestamp=time, key=key, value=value) is None:
                if batch is not None:
                    sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = batches[partition] = producer.create_batch()
                batch.append(timestamp=time, key=key, value=value)
            while len(sent) > IN_FLIGHT:
                await sent.popleft()
        for partition, batch in batches.items():
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)
        return written
    finally:
        await producer.stop()
