"""Reads everything on the topics: offsets, broker times, bytes.

kafka-python reads topics that others read, too. Topics that only workers read are compressed in a way that it cannot read,
and are read with aiokafka.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Packed
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from agents.config.settings import Settings, aiokafka_options, kafka_python_options
from agents.kafka.cluster_admin import connected

POLL_MS = 300
PATIENCE_S = 30.0
"""Seconds without a record or an answer after which a read fails."""


class Row(NamedTuple):
    """A record. `time` in ms, the broker's or the record's own, by the topic's setting."""

    topic: str
    partition: int
    offset: int
    time: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


class Tail:
    """Follows some topics. `rows`: all records up to the last call of `read`."""

    def __init__(self, settings: Settings, topics: Sequence[str], committed: bool = False) -> None:
        self._consumer = KafkaConsumer(
            **kafka_python_options(settings),
            enable_auto_commit=False,
            isolation_level="read_committed" if committed else "read_uncommitted",
        )
        self._cut = len(settings.prefix)
        self._parts = [
            TopicPartition(settings.topic(name), number)
            for name in topics
            for number in self._consumer.partitions_for_topic(settings.topic(name)) or ()
        ]
        self._consumer.assign(self._parts)
        self._consumer.seek_to_beginning()
        self.rows: list[Row] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def read(self) -> list[Row]:
        """Reads up to the ends of now. Raises AssertionError if a broker does not give the rest."""
        ends = self._consumer.end_offsets(self._parts)
        left, limit = self._left(ends), time.monotonic() + PATIENCE_S
        while left:
            assert time.monotonic() < limit, f"not read to {ends} within {PATIENCE_S} s: {left}"
            found = self._consumer.poll(timeout_ms=POLL_MS)
            self.rows += [_row(each, self._cut) for batch in found.values() for each in batch]
            before, left = left, self._left(ends)
            if left != before:
                limit = time.monotonic() + PATIENCE_S
        return self.rows

    def _left(self, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The positions that are before the ends. A transaction's marker moves a position, too."""
        at = {part: self._consumer.position(part) for part in self._parts}
        return {part: position for part, position in at.items() if position < ends[part]}


def _row(each: Any, cut: int) -> Row:
    return Row(
        each.topic[cut:],
        each.partition,
        each.offset,
        each.timestamp,
        each.key,
        each.value,
        dict(each.headers),
    )


def packed(settings: Settings, topic: str, committed: bool = False) -> list[Row]:
    """All records of a topic that only workers read."""
    return asyncio.run(_packed(settings, topic, committed))


async def _packed(settings: Settings, topic: str, committed: bool) -> list[Row]:
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        enable_auto_commit=False,
        isolation_level="read_committed" if committed else "read_uncommitted",
    )
    await consumer.start()
    try:
        name = settings.topic(topic)
        parts = [Packed(name, n) for n in consumer.partitions_for_topic(name) or ()]
        parts = parts or [Packed(name, n) for n in await _partitions(consumer, name)]
        ends = await consumer.end_offsets(parts)
        consumer.assign(parts)
        for part, first in (await consumer.beginning_offsets(parts)).items():
            consumer.seek(part, first)
        found: list[Row] = []
        last, limit = dict[Packed, int](), 0.0
        while True:
            at = {part: await consumer.position(part) for part in parts}
            left = {part: position for part, position in at.items() if position < ends[part]}
            if not left:
                return found
            if left != last:
                last, limit = left, time.monotonic() + PATIENCE_S
            assert time.monotonic() < limit, f"not read to {ends} within {PATIENCE_S} s: {left}"
            got = await consumer.getmany(timeout_ms=POLL_MS)
            for batch in got.values():
                found += [_row(each, len(settings.prefix)) for each in batch]
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    consumer.subscribe([topic])
    while not (found := consumer.partitions_for_topic(topic)):
        await asyncio.sleep(0.1)
    consumer.unsubscribe()
    return sorted(found)


def committed(settings: Settings) -> dict[tuple[str, int], int]:
    """The group's offsets by topic (without the prefix) and partition."""
    limit = time.monotonic() + PATIENCE_S
    while True:
        try:
            with connected(settings) as admin:
                found = admin.list_group_offsets(settings.group)[settings.group]
            break
        except KafkaError as error:
            if not error.retriable or time.monotonic() > limit:
                raise
            time.sleep(0.5)
    cut = len(settings.prefix)
    return {(part.topic[cut:], part.partition): each.offset for part, each in found.items()}
