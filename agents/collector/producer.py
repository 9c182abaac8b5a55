"""Writes events to `storefront.events`. An event counts as taken once the broker has acknowledged it.

The producer is idempotent with acks=all. It keys by visitor, with the partitioner of the Java clients.
Events that are not acknowledged within PATIENCE_S are not taken. Their producer is then closed with all
that waits in it, and a new one starts: so nothing piles up in an outage. A record may have been written
all the same. The sender repeats it with the same id, and the copy is ignored.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.collector.gathering import GatheredBatch, Gathering
from agents.collector.validation import Taken
from agents.config.settings import Settings, aiokafka_options
from agents.kafka import compression
from agents.kafka.partitioner import partition_of
from agents.kafka.topics import EVENTS
from agents.runtime.log import say
from agents.runtime.sparse_log import SparseLog

log = logging.getLogger("triggers.collector")

PATIENCE_S: Final = 5.0
"""Seconds. Longer: browsers close the page meanwhile. Shorter: a change of leader costs a repetition."""

HELD: Final = 16 * 1024 * 1024
"""Bytes of events that may be unacknowledged. Above it no more events are taken."""

BATCH_BYTES: Final = 512 * 1024
PACKED: Final = "gzip"
"""Compression: gzip, because every client can read it."""

AGAIN_S: Final = 0.25
"""Seconds between two attempts. Longer: pages wait longer when the broker is back. Shorter: more CPU in an outage."""

OFTEN_S: Final = 10.0
"""Seconds between two equal log lines of failed attempts. Shorter: an outage of a day fills the disk."""

GOODBYE_S: Final = 3.0


class NotTaken(Exception):
    """Not all events were acknowledged: no broker, no topic, too much unacknowledged, or too slow."""


class ProducerTerm:
    """The life of one producer, from its start until it is `broken`."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self.broken = asyncio.Event()
        self._producer = producer
        self._topic = topic
        self._gathering = Gathering(producer, topic, PATIENCE_S)
        self._held = 0

    async def carry(self, events: Sequence[Taken]) -> None:
        """Writes events and waits for their acknowledgements. Raises NotTaken."""
        size = sum([len(event.value) for event in events])
        if self.broken.is_set() or self._held + size > HELD:
            raise NotTaken
        self._held += size
        try:
            known = self._producer.client.cluster.partitions_for_topic(self._topic)
            partitions = len(known or await self._partitions())
            for batch in self._gathered(events, partitions):
                await batch.acknowledged()
        except (TimeoutError, KafkaError) as error:
            self._break(error)
            raise NotTaken from None
        finally:
            self._held -= size

    async def _partitions(self) -> set[int]:
        """Waits for the partitions of the topic. Raises KafkaError, TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            known: set[int] = await self._producer.partitions_for(self._topic)
        return known

    def _gathered(self, events: Sequence[Taken], partitions: int) -> set[GatheredBatch]:
        """Gives each record to its batch. Returns these batches."""
        gathered = set()
        for event in events:
            key = event.visitor.encode()
            gathered.add(self._gathering.add(partition_of(key, partitions), key, event.value))
        return gathered

    def _break(self, error: BaseException) -> None:
        if not self.broken.is_set():
            say(log, "given_up", logging.WARNING, error=type(error).__name__, held=self._held)
            self.broken.set()


class EventProducer:
    """Writes events with one producer after another. `run` must run for as long as events come."""

    def __init__(self, settings: Settings) -> None:
        compression.install()
        self._options = aiokafka_options(settings)
        self._topic = settings.topic(EVENTS)
        self._line: ProducerTerm | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._unreached = SparseLog(log, OFTEN_S, _now, "attempts")
        self._missing = SparseLog(log, OFTEN_S, _now, "attempts", logging.ERROR)

    @property
    def ready(self) -> bool:
        """Whether a broker was reached and the topic exists."""
        return self._line is not None and not self._line.broken.is_set()

    def carry(self, events: Sequence[Taken]) -> Coroutine[Any, Any, None]:
        """Ends once all events are acknowledged, each visitor's in the given order. Raises NotTaken."""
        if self._line is None:
            raise NotTaken
        return self._line.carry(events)

    async def run(self) -> None:
        """Keeps a producer running: when one is broken, the next one starts."""
        try:
            while True:
                await self._one()
                await asyncio.sleep(AGAIN_S)
        finally:
            await asyncio.gather(*self._closing)

    async def _one(self) -> None:
        producer = AIOKafkaProducer(
            **self._options,
            client_id="triggers-collector",
            acks="all",
            enable_idempotence=True,
            compression_type=PACKED,
            max_batch_size=BATCH_BYTES,
        )
        try:
            await producer.start()
            cluster = await producer.client.fetch_all_metadata()
            if self._topic in cluster.topics():
                self._line = ProducerTerm(producer, self._topic)
                await self._line.broken.wait()
            else:
                self._missing.tell("topic_missing", topic=self._topic)
        except (KafkaError, OSError) as error:
            self._unreached.tell("no_broker", error=type(error).__name__)
        finally:
            self._line = None
            closing = asyncio.create_task(_close(producer))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _close(producer: AIOKafkaProducer) -> None:
    """Closes a producer. It has GOODBYE_S to send the events that wait in it."""
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(GOODBYE_S):
            await producer.stop()
    await producer.client.close()
