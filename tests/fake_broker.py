"""A broker in memory, for unit tests of the worker: logs, a consumer group, and a journal of calls in order.

`FakeProducer` is the real producer except for the last step: it gives a batch to the fake, not to a socket.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import RecordMetadata, TopicPartition
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.worker.group import Member
from agents.worker.producer import Ack, OutputProducer

Place = tuple[str, int]

SETTINGS = Settings(kafka=("localhost:1",))


class FakeBroker:
    """`held`: appended batches are not acknowledged yet. `refuses`: every batch fails with this error."""

    def __init__(self) -> None:
        self.logs: defaultdict[Place, list[Any]] = defaultdict(list)
        self.firsts: defaultdict[Place, int] = defaultdict(int)
        self.committed: dict[TP, int] = {}
        self.journal: list[str] = []
        self.held = False
        self.refuses: Exception | None = None
        self.rebalanced = False
        self._waiting: list[tuple[Ack, RecordMetadata]] = []

    def append(self, topic: str, partition: int, data: bytes) -> Ack:
        """Appends one batch and acknowledges it at once, unless `held`."""
        ack: Ack = asyncio.get_running_loop().create_future()
        self.journal.append(topic)
        if self.refuses:
            ack.set_exception(self.refuses)
            return ack
        log = self.logs[topic, partition]
        log += _records(data)
        place = TopicPartition(topic, partition)
        meta = RecordMetadata(topic, partition, place, len(log) - 1, 0, 0, 0)
        self._waiting.append((ack, meta))
        if not self.held:
            self.acknowledge()
        return ack

    def acknowledge(self) -> None:
        """Acknowledges all held batches."""
        for ack, meta in self._waiting:
            ack.set_result(meta)
        self._waiting.clear()

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        """As Group.commit_offsets."""
        self.journal.append("commit")
        if self.rebalanced:
            return False
        self.committed |= offsets
        return True

    async def ends(self, partitions: Iterable[Place]) -> dict[Place, int]:
        """As PartitionBounds.ends."""
        return {(topic, n): len(self.logs[topic, n]) for topic, n in partitions}

    async def beginnings(self, partitions: Iterable[Place]) -> dict[Place, int]:
        """As PartitionBounds.beginnings."""
        return {(topic, n): self.firsts[topic, n] for topic, n in partitions}


class FakeGroup:
    """A worker's membership of a group. `sought`: the positions of its last seek."""

    def __init__(self, broker: FakeBroker) -> None:
        self.member: Member = (-1, "")
        self.given: set[TP] = set()
        self.sought: dict[TP, int] = {}
        self.holding = False
        self._broker = broker

    def assignment(self) -> set[TP]:
        return set(self.given)

    def hold(self) -> None:
        self.holding = True

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        self.sought |= positions

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        return {tp: self._broker.committed.get(tp) for tp in partitions}

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        return await self._broker.commit(offsets)


class FakeConsumer:
    """Fetches one record of one partition at a time; calls `looked` at each fetch."""

    def __init__(self, broker: FakeBroker, looked: Callable[[], None] = lambda: None) -> None:
        self._broker, self._looked = broker, looked
        self._place: Place = ("", 0)
        self._next = 0

    def __call__(self, **options: Any) -> "FakeConsumer":
        return self

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, places: list[TopicPartition]) -> None:
        (self._place,) = [(each.topic, each.partition) for each in places]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._next = offset

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[RawBatch]]:
        self._looked()
        record = self._broker.logs[self._place][self._next]
        self._next += 1
        batch = RawBatch([record], self._next - 1, self._next, 0)
        return {TopicPartition(*self._place): [batch]}


class FakeProducer(OutputProducer):
    """Builds batches as the real producer does."""

    def __init__(self, broker: FakeBroker, layout: Layout) -> None:
        super().__init__(SETTINGS, layout)
        self._producer._closed = True  # it was never started, and says so when it is collected
        self._broker = broker

    async def _send_batch(self, topic: str, partition: int, batch: Any) -> Ack:
        ack = self._broker.append(topic, partition, bytes(batch._build()))
        ack.add_done_callback(lambda ack: ack.exception())
        return ack


def _records(data: bytes) -> list[Any]:
    found, batches = [], MemoryRecords(data)
    while batches.has_next():
        found += list(batches.next_batch())
    return found
