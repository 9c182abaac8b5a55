"""A producer of aiokafka in memory, for unit tests of the programs that write events: collector, bridge."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record._crecords.default_records import DefaultRecordBatch

BATCH_BYTES = 16 * 1024
STAMP = 1_767_571_200_000


class FakeTopics:
    """Topics that all producers of a test share. `made`: the producers, in order of creation.

    `held`: written records are not acknowledged yet · `refuses`: a send raises this · `fails`: an acknowledgement
    is this error · `down`: a start raises this.
    """

    def __init__(self, **partitions: int) -> None:
        self.partitions = {name.replace("_", "."): count for name, count in partitions.items()}
        self.logs: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
        self.made: list[FakeProducer] = []
        self.held = False
        self.refuses: list[Exception] = []
        self.fails: list[Exception] = []
        self.down: list[Exception] = []
        self.journal: list[str] = []
        self.time_type = 1
        self._waiting: list[tuple[asyncio.Future[Any], Any]] = []

    def producer(self, **options: Any) -> "FakeProducer":
        made = FakeProducer(self, options)
        self.made.append(made)
        return made

    def values(self, topic: str) -> list[bytes]:
        found = [log for (name, _), log in sorted(self.logs.items()) if name == topic]
        return [record.value for log in found for record in log]

    def acknowledge(self) -> None:
        waiting, self._waiting = self._waiting, []
        for ack, meta in waiting:
            if self.fails:
                ack.set_exception(self.fails.pop(0))
            elif not ack.done():
                ack.set_result(meta)

    def wait_for(self, ack: asyncio.Future[Any], meta: Any) -> None:
        self._waiting.append((ack, meta))
        if not self.held:
            self.acknowledge()


class FakeProducer:
    def __init__(self, topics: FakeTopics, options: dict[str, Any]) -> None:
        self.topics, self.options = topics, options
        self.started = self.stopped = False
        cluster = SimpleNamespace(partitions_for_topic=self._partitions)
        self.client = SimpleNamespace(
            fetch_all_metadata=self._metadata, close=self._close, cluster=cluster
        )
        self._message_accumulator = SimpleNamespace(_batch_ttl=0)

    async def start(self) -> None:
        if self.topics.down:
            raise self.topics.down.pop(0)
        self.started = True

    async def stop(self) -> None:
        self.stopped = True

    async def _metadata(self) -> Any:
        return SimpleNamespace(topics=lambda: set(self.topics.partitions))

    async def _close(self) -> None:
        self.topics.journal.append("client closed")

    def _partitions(self, topic: str) -> set[int]:
        return set(range(self.topics.partitions[topic]))

    async def partitions_for(self, topic: str) -> set[int]:
        return self._partitions(topic)

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, 0, is_transactional=False)

    async def send_batch(
        self, batch: BatchBuilder, topic: str, *, partition: int
    ) -> "asyncio.Future[Any]":
        ack: asyncio.Future[Any] | None = None
        for record in DefaultRecordBatch(batch._build()):
            ack = await self.send(topic, record.value, record.key, partition, record.headers)
        assert ack is not None, "a batch without a record"
        return ack

    async def send(
        self,
        topic: str,
        value: bytes,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Any = (),
    ) -> "asyncio.Future[Any]":
        if self.topics.refuses:
            raise self.topics.refuses.pop(0)
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        record = SimpleNamespace(value=value, key=key, headers=dict(headers))
        self.topics.logs[topic, partition or 0].append(record)
        self.topics.journal.append(f"sent {topic}")
        meta = SimpleNamespace(timestamp=STAMP, timestamp_type=self.topics.time_type)
        self.topics.wait_for(ack, meta)
        return ack

    async def begin_transaction(self) -> None:
        self.topics.journal.append("begin")

    async def send_offsets_to_transaction(self, offsets: Any, group: str) -> None:
        ((place, given),) = offsets.items()
        self.topics.journal.append(f"{group}: {place.topic} {place.partition} at {given.offset}")

    async def commit_transaction(self) -> None:
        self.topics.journal.append("commit")
