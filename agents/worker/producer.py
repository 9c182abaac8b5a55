"""Sends decisions, packed into batches by partition. It returns the acknowledgements without waiting for them.

Triggers and cancels are sent at once. Everything else is buffered until the next watermark record or
checkpoint, so that the few records of many batches take one request. The producer is idempotent with
acks=all: records of a partition keep their order, and a retry after a broken connection duplicates none. It
retries until the broker accepts a record; callers wait meanwhile (back-pressure). The broker sets the time of
every record. No record has a time of the worker's clock.
"""

import asyncio
import logging
import math
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.partitioner import partition_of
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, Layout
from agents.runtime.log import say
from agents.worker import dead_letters
from agents.worker.packing import BATCH_BYTES, COMPRESSED, UNCOMPRESSED, Headers, Packer
from stream.outputs.outputs import Outputs

log = logging.getLogger("triggers.producer")

REQUEST_MS: Final = 30_000

MOST_BUFFERED: Final = 1_000
"""Maximum number of buffered records. Fewer: more requests in a backlog. More: compressing them blocks the event loop."""

MOST_FULL: Final = 16
"""Maximum number of full batches that are buffered. More: more memory, because a rejected record may have 2 MB. Fewer: more
requests."""

AT_ONCE: Final = 500
"""Changelog records packed before other tasks may run. More: exit triggers wait longer (a record takes 3 us)."""

DECISIONS: Final = "triggers.decisions"
SHADOW: Final = "triggers.shadow"
OUTCOMES: Final = "triggers.outcomes"
NOT_TO_SEND: Final = frozenset((SHADOW, OUTCOMES))
"""Topics named `triggers.…` whose records are not triggers to act on."""

AUDIENCES: Final = "audiences"
ERASED: Final = "people.erased"
REJECTED: Final = "storefront.rejected"

CLOUDEVENT_HEADER: Final = ("content-type", b"application/cloudevents+json; charset=UTF-8")
"""Header of triggers and cancels. Source: Kafka Protocol Binding for CloudEvents 1.0, 3.3."""

Ack = asyncio.Future[RecordMetadata]


async def acknowledged(acks: Iterable[Ack]) -> list[RecordMetadata]:
    """Waits for all acknowledgements. Raises the first failure.

    Unlike `gather`, it does not cancel them if the caller is cancelled: others may wait for the same ones.
    """
    pending = list(acks)
    if pending:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        for ack in done:
            ack.result()
    return [ack.result() for ack in pending]


def outstanding(acks: Iterable[Ack]) -> list[Ack]:
    """The acknowledgements that are pending or failed. Failed ones are kept, so that the next caller raises."""
    return [ack for ack in acks if not ack.done() or ack.exception()]


class Provenance:
    """The worker and input partition of a decision: headers of triggers and decisions, never part of their values."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self._fixed = [
            ("worker", f"{socket.gethostname()}:{os.getpid()}".encode()),
            ("topic", topic.encode()),
            ("partition", b"%d" % partition),
        ]

    def headers(self, offset: int) -> Headers:
        """The headers. `offset`: the next input offset at the moment of the decision."""
        return [*self._fixed, ("offset", b"%d" % offset)]


def retrieve_exception(ack: Ack) -> None:
    """Marks a failure as retrieved. A caller that waits still sees it.

    After a rebalance no caller waits, and asyncio would log that the exception was never retrieved.
    """
    if not ack.cancelled():
        ack.exception()


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
        self.discard()
        self._posted: list[Ack] = []
        self._post_lock = asyncio.Lock()
        # Without this a batch that waited long fails if the broker is back and the partition has no leader yet.
        self._producer._message_accumulator._batch_ttl = math.inf

    async def start(self) -> None:
        """Connects to a broker. Raises KafkaConnectionError if none answers."""
        await self._producer.start()

    async def stop(self) -> None:
        """Waits until everything sent is acknowledged or failed, and disconnects."""
        await self._producer.stop()

    async def outputs(
        self, out: Outputs, source: Provenance, offset: int, batches: Sequence[RawBatch] = ()
    ) -> list[Ack]:
        """Sends the triggers of a batch of input, and buffers everything else for `post`.

        `batches`: the input, for the bytes of rejected records.
        `offset`: the next input offset.
        Returns the acknowledgements of the triggers.
        """
        buffered = out.facts, out.claims, out.decisions, out.rejected, out.audiences, out.outcomes
        if any(buffered) or out.shadow or out.erased:
            self._buffer(out, source, offset, batches)
            if self._is_full():
                await self.post()
        if not out.triggers:
            return []
        packer, headers = self._packer(UNCOMPRESSED), [CLOUDEVENT_HEADER, *source.headers(offset)]
        for recipe, person, value in out.triggers:
            key, name = person.encode(), self._settings.topic(f"triggers.{recipe}")
            packer.add(name, partition_of(key, self._layout.people), key, value, headers)
        return await self._send(packer)

    def _buffer(
        self, out: Outputs, source: Provenance, offset: int, batches: Sequence[RawBatch]
    ) -> None:
        topic, people = self._settings.topic, self._layout.people
        for name, partitions, rows in (
            (topic(FACTS), people, out.facts),
            (topic(CLAIMS), self._layout.keys, out.claims),
        ):
            for owner, value in rows:
                key = owner.encode()
                self._compressed.add(name, partition_of(key, partitions), key, value)
        headers = source.headers(offset)
        for name, rows in (
            (topic(DECISIONS), out.decisions),
            (topic(OUTCOMES), [(person, value) for person, _, value in out.outcomes]),
        ):
            for person, value in rows:
                key = person.encode()
                self._uncompressed.add(name, partition_of(key, people), key, value, headers)
        name, headers = topic(SHADOW), [CLOUDEVENT_HEADER, *headers]
        for _, person, _, value in out.shadow:
            key = person.encode()
            self._uncompressed.add(name, partition_of(key, people), key, value, headers)
        name = topic(AUDIENCES)
        for audience, person, _, _, change in out.audiences:
            key = f"{audience}|{person}".encode()
            self._uncompressed.add(name, partition_of(key, people), key, change, headers)
        for person, value in out.erased:
            key = person.encode()
            self._uncompressed.add(topic(ERASED), partition_of(key, people), key, value, headers)
        if out.rejected:
            name, origin = topic(REJECTED), topic(EVENTS)
            for record in dead_letters.records(out.rejected, batches, origin, source.partition):
                self._uncompressed.add(name, 0, *record)

    def _is_full(self) -> bool:
        """Whether so much is buffered that it must be sent."""
        buffered = self._compressed, self._uncompressed
        if sum(each.records for each in buffered) > MOST_BUFFERED:
            return True
        return sum(each.full for each in buffered) >= MOST_FULL

    async def post(self) -> list[Ack]:
        """Sends what is buffered. Returns all pending or failed acknowledgements of buffered records."""
        async with self._post_lock:
            buffered = self._compressed, self._uncompressed
            self.discard()
            posted = outstanding(self._posted)
            for packer in buffered:
                if packer.records:
                    posted += await self._send(packer)
            self._posted = posted
            return list(posted)

    def discard(self) -> None:
        """Drops what is buffered. The next owner of the partition decides it again."""
        self._compressed, self._uncompressed = self._packer(COMPRESSED), self._packer(UNCOMPRESSED)

    async def changes(
        self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes | None]]
    ) -> list[Ack]:
        """Sends changelog records of one partition, in order."""
        packer = self._packer(COMPRESSED)
        for key, value in records:
            packer.add(topic, partition, key, value)
            if packer.records % AT_ONCE == 0:
                await asyncio.sleep(0)
        return await self._send(packer)

    async def send_watermark(
        self, value: bytes, partitions: Iterable[tuple[str, int]]
    ) -> list[Ack]:
        """Sends a watermark record to each partition, after everything buffered for it. Returns like `post`."""
        for place in partitions:
            packer = self._compressed if place in self._compressed else self._uncompressed
            packer.add(*place, b"", value)
        return await self.post()

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
                pass  # the previous batch is not acknowledged yet: the broker is down or slow
            except UnknownTopicOrPartitionError:
                say(log, "topic_missing", logging.ERROR, topic=topic)  # retry, so nothing is lost
