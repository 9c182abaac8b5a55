"""What a batch decided, on its way to the topics: packed by partition, sent at once, awaited later.

The producer is idempotent with acks=all: the records of a partition land in the order they were sent, and
a broken connection repeats nothing. It retries until the broker takes what it sent; whoever sends more
meanwhile waits (back-pressure). The broker stamps every record; the worker's clock is in none.
"""

import asyncio
import math
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import RecordMetadata

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.partitioner import partition_of
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, Layout
from agents.worker import dead_letters
from stream.outputs.outputs import Outputs

BATCH_BYTES: Final = 512 * 1024
"""Of a batch before compression. Larger: fewer requests; but it must fit into a topic's largest message."""

PLAIN: Final = 0
PACKED: Final = DefaultRecordBatch.CODEC_ZSTD
"""What others read is not compressed: kafka-python, for one, needs further libraries for all but gzip. Facts
and state, which only workers read, are."""

UNSTAMPED: Final = 0
"""The time given to records: the topics are LogAppendTime, so the broker writes its own."""

REQUEST_MS: Final = 30_000

DECISIONS: Final = "triggers.decisions"
REJECTED: Final = "storefront.rejected"

CLOUDEVENT: Final = ("content-type", b"application/cloudevents+json; charset=UTF-8")
"""Of triggers and cancels. Source: Kafka Protocol Binding for CloudEvents 1.0, 3.3."""

Headers = list[tuple[str, bytes | None]]
NONE: Final[Headers] = []
Ack = asyncio.Future[RecordMetadata]


async def acknowledged(acks: Iterable[Ack]) -> list[RecordMetadata]:
    """Waits for all of them. Raises the first that failed.

    Others may wait for the same: whoever gives up does not cancel them, as `gather` would.
    """
    waited = list(acks)
    if waited:
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_EXCEPTION)
        for ack in done:
            ack.result()
    return [ack.result() for ack in waited]


class Provenance:
    """Where a decision comes from: headers of triggers and decisions, never part of their values."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self._fixed = [
            ("worker", f"{socket.gethostname()}:{os.getpid()}".encode()),
            ("topic", topic.encode()),
            ("partition", b"%d" % partition),
        ]

    def headers(self, offset: int) -> Headers:
        """`offset`: decided after all input before it had been read, and nothing behind it."""
        return [*self._fixed, ("offset", b"%d" % offset)]


def retrieve_exception(ack: Ack) -> None:
    """A failure is found by whoever waits for it; once nobody does, the partition is another worker's, and asyncio
    has nothing to complain of."""
    if not ack.cancelled():
        ack.exception()


class Packer:
    """Records gathered into batches by topic and partition, in their order."""

    def __init__(self, codec: int, transactional: bool = False) -> None:
        self._codec = codec
        self._transactional = transactional
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self.full: list[tuple[str, int, BatchBuilder]] = []

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = NONE,
    ) -> None:
        place = topic, partition
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._batch()
        if batch.append(timestamp=UNSTAMPED, key=key, value=value, headers=headers) is None:
            self.full.append((topic, partition, batch))
            batch = self._open[place] = self._batch()
            batch.append(timestamp=UNSTAMPED, key=key, value=value, headers=headers)

    def _batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, self._codec, is_transactional=self._transactional)

    def batches(self) -> list[tuple[str, int, BatchBuilder]]:
        """All of them, each closed to further records."""
        found = self.full + [(*place, batch) for place, batch in self._open.items()]
        for _, _, batch in found:
            batch.close()
        return found


class OutputProducer:
    """Sends to the service's topics. Every method returns the acknowledgements to wait for."""

    def __init__(self, settings: Settings, layout: Layout, **options: Any) -> None:
        self._settings = settings
        self._layout = layout
        self._producer = AIOKafkaProducer(
            **aiokafka_options(settings),
            client_id="triggers-worker",
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_MS,
            **options,
        )
        # Else what waited for so long fails when the broker comes back and has no leader yet.
        self._producer._message_accumulator._batch_ttl = math.inf

    async def start(self) -> None:
        """Raises KafkaConnectionError when no broker answers."""
        await self._producer.start()

    async def stop(self) -> None:
        """Waits for what was sent."""
        await self._producer.stop()

    async def outputs(
        self, out: Outputs, source: Provenance, offset: int, batches: Sequence[RawBatch] = ()
    ) -> list[Ack]:
        """Facts, claims, triggers, decisions and rejected records of a batch of input (`batches`).

        `offset`: that behind the last input read.
        """
        if not (out.facts or out.claims or out.triggers or out.decisions or out.rejected):
            return []
        internal, packer, topic = self._packer(PACKED), self._packer(PLAIN), self._settings.topic
        headers = source.headers(offset)
        people = self._layout.people
        for name, partitions, rows in (
            (topic(FACTS), people, out.facts),
            (topic(CLAIMS), self._layout.keys, out.claims),
        ):
            for whose, value in rows:
                key = whose.encode()
                internal.add(name, partition_of(key, partitions), key, value)
        for recipe, person, value in out.triggers:
            key, name = person.encode(), topic(f"triggers.{recipe}")
            packer.add(name, partition_of(key, people), key, value, [CLOUDEVENT, *headers])
        name = topic(DECISIONS)
        for person, value in out.decisions:
            key = person.encode()
            packer.add(name, partition_of(key, people), key, value, headers)
        if out.rejected:
            name, origin = topic(REJECTED), topic(EVENTS)
            for record in dead_letters.records(out.rejected, batches, origin, source.partition):
                packer.add(name, 0, *record)
        return await self._send(internal) + await self._send(packer)

    async def changes(
        self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes | None]]
    ) -> list[Ack]:
        """Changelog records of one partition, to land in their order."""
        packer = self._packer(PACKED)
        for key, value in records:
            packer.add(topic, partition, key, value)
        return await self._send(packer)

    async def send_watermark(
        self, value: bytes, partitions: Iterable[tuple[str, int]]
    ) -> list[Ack]:
        """One mark to each of the partitions given."""
        packer = self._packer(PLAIN)
        for topic, partition in partitions:
            packer.add(topic, partition, b"", value)
        return await self._send(packer)

    def _packer(self, codec: int) -> Packer:
        return Packer(codec)

    async def _send(self, packer: Packer) -> list[Ack]:
        return [await self._send_batch(*batch) for batch in packer.batches()]

    async def _send_batch(self, topic: str, partition: int, batch: BatchBuilder) -> Ack:
        while True:
            try:
                ack: Ack = await self._producer.send_batch(batch, topic, partition=partition)
                ack.add_done_callback(retrieve_exception)
                return ack
            except KafkaTimeoutError:
                continue  # the one before it is still on its way: the broker is down, or slow
