"""Makes a chunk durable: its events and dead letters, then the offsets after it.

At least once: one idempotent producer; offsets are committed after the acknowledgements. After a crash the last
chunk is written again with the same ids. A chunk is small enough for visitors to remember all of them.

Exactly once: a transaction for each source partition contains both. As in a worker, each partition has a producer
of its own. Opening it fences the partition's former owner and aborts its open transaction (KIP-98). The client
does not support the group's generation (KIP-447).
"""

import asyncio
import logging
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from agents.bridge.broker_time import BrokerTime, own_ms
from agents.bridge.settings import BridgeSettings
from agents.config.settings import aiokafka_options
from agents.kafka import group_member
from agents.kafka.partitioner import partition_of
from agents.kafka.reconnect import RETRY_S, connection_loss_as_error, start_when_available
from agents.kafka.topics import EVENTS, UNREADABLE
from agents.runtime.log import say

log = logging.getLogger("triggers.bridge")

PACKED: Final = "gzip"
"""Compression that every client can read."""

BATCH_BYTES: Final = 512 * 1024
TRANSACTION_MS: Final = 10_000
"""Ms after which the broker aborts a transaction. Until then an abandoned one blocks readers of its partitions."""

RETRY_MS: Final = 20
"""Ms between retries. The broker often refuses the first records of a transaction while it ends the last one."""


class Row(NamedTuple):
    """A record to write. `dead`: it goes to the topic of dead letters."""

    place: TopicPartition
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    dead: bool = False


class Chunk(NamedTuple):
    """A chunk. `next`: by source partition, the offset after its last record."""

    rows: list[Row]
    next: dict[TopicPartition, int]


class Output(Protocol):
    """Writes chunks. Call `open` before the first chunk of an assignment, `close` after its last."""

    async def open(self, places: Iterable[TopicPartition]) -> None: ...

    async def carry(self, chunk: Chunk) -> None:
        """Writes a chunk. Returns once it is durable, or once another bridge owns the partitions. Raises KafkaError."""
        ...

    async def close(self) -> None: ...

    async def stop(self) -> None: ...


class _Rows:
    """Writes rows through a producer."""

    def __init__(self, settings: BridgeSettings, time: BrokerTime) -> None:
        self._events = settings.common.topic(EVENTS)
        self._dead = settings.common.topic(UNREADABLE)
        self._time = time

    async def write(self, producer: AIOKafkaProducer, rows: Iterable[Row]) -> None:
        """Writes rows. Returns once all are acknowledged. Raises KafkaError."""
        began = own_ms()
        sent = [await self._send(producer, row) for row in rows]
        for each in sent:
            stamped = await each
            if stamped.timestamp_type == 1:
                self._time.acknowledged(stamped.timestamp, began)

    async def _send(self, producer: AIOKafkaProducer, row: Row) -> "asyncio.Future[Any]":
        topic = self._dead if row.dead else self._events
        place = 0
        if not row.dead:
            count = len(await producer.partitions_for(topic))
            place = partition_of(row.key or b"", count)
        sent: asyncio.Future[Any] = await producer.send(
            topic, row.value, row.key, partition=place, headers=list(row.headers)
        )
        sent.add_done_callback(_mark_retrieved)
        return sent


def _always() -> bool:
    """Returns True: the start is always wanted. The caller cancels it otherwise."""
    return True


def _mark_retrieved(sent: "asyncio.Future[Any]") -> None:
    """Marks a failure as retrieved, so that asyncio does not log it. The caller handles only the first failure."""
    if not sent.cancelled():
        sent.exception()


def _producer(settings: BridgeSettings, **options: Any) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **aiokafka_options(settings.common),
        client_id="triggers-bridge",
        acks="all",
        enable_idempotence=True,
        compression_type=PACKED,
        max_batch_size=BATCH_BYTES,
        **options,
    )


class AtLeastOnce:
    """Delivery at least once. `consumer`: the group's, which commits."""

    def __init__(self, settings: BridgeSettings, time: BrokerTime, consumer: Any) -> None:
        self._settings, self._rows, self._consumer = settings, _Rows(settings, time), consumer
        self._producer: AIOKafkaProducer | None = None

    async def open(self, places: Iterable[TopicPartition]) -> None:
        if self._producer is None:
            producer = _producer(self._settings)
            # Without this a batch that waited long fails if the broker is back and the partition has no leader yet.
            producer._message_accumulator._batch_ttl = math.inf
            await start_when_available(producer.start, _always)
            self._producer = producer

    async def carry(self, chunk: Chunk) -> None:
        assert self._producer is not None, "it is open before the first chunk"
        await self._rows.write(self._producer, chunk.rows)
        while not await self._committed(chunk.next):
            await asyncio.sleep(RETRY_S)

    async def _committed(self, next: dict[TopicPartition, int]) -> bool:
        """Commits. Also returns if another bridge owns the partitions by now: it reads the chunk again."""
        offsets = {place: OffsetAndMetadata(offset, "") for place, offset in next.items()}
        try:
            with connection_loss_as_error():
                async with asyncio.timeout(group_member.COMMIT_S):
                    await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            say(log, "commit_late", logging.WARNING, partitions=len(next))
        except TimeoutError:
            say(log, "commit_waits", logging.WARNING)
            return False
        except KafkaError as error:
            if not error.retriable:
                raise
            say(log, "commit_waits", logging.WARNING, error=type(error).__name__)
            return False
        return True

    async def close(self) -> None:
        """Keeps the producer for the next assignment."""

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()


class ExactlyOnce:
    """Delivery exactly once: a transactional producer for each source partition of this bridge."""

    def __init__(self, settings: BridgeSettings, time: BrokerTime) -> None:
        self._settings, self._rows = settings, _Rows(settings, time)
        self._producers: dict[TopicPartition, AIOKafkaProducer] = {}

    async def open(self, places: Iterable[TopicPartition]) -> None:
        await self.close()
        group = self._settings.group
        self._producers = {
            place: _producer(
                self._settings,
                transactional_id=f"{group}-{place.topic}-{place.partition}",
                transaction_timeout_ms=TRANSACTION_MS,
                retry_backoff_ms=RETRY_MS,
            )
            for place in places
        }
        starts = (start_when_available(each.start, _always) for each in self._producers.values())
        await asyncio.gather(*starts)

    async def carry(self, chunk: Chunk) -> None:
        async with asyncio.TaskGroup() as tasks:
            for place, offset in chunk.next.items():
                rows = [row for row in chunk.rows if row.place == place]
                tasks.create_task(self._transaction(place, rows, offset))

    async def _transaction(self, place: TopicPartition, rows: list[Row], offset: int) -> None:
        producer = self._producers[place]
        await producer.begin_transaction()
        await self._rows.write(producer, rows)
        offsets = {place: OffsetAndMetadata(offset, "")}
        await producer.send_offsets_to_transaction(offsets, self._settings.group)
        await producer.commit_transaction()

    async def close(self) -> None:
        producers, self._producers = self._producers, {}
        await asyncio.gather(*(each.stop() for each in producers.values()))

    stop = close
