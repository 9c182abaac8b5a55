"""Follows the topic `recipes`. It reads every document before anything is decided at a time when that is in force.

A document comes into force 5 s after its append at the earliest. If the broker's clock showed T before the end of
the topic was fetched, and the topic is read up to that end, then every document is known that is in force before
T + 5 s. Evidence may advance that far. The rounds that fetch the ends of the input fetch this end too, so usually
nothing waits. In a replay the documents precede the first event, and one request is enough.
Source: docs/semantics-life.md, 14.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import start_when_available
from agents.kafka.topics import EVENTS, RECIPES
from agents.published.in_force import entry
from agents.published.published_document import NOTICE, read
from agents.runtime.log import say
from agents.worker.recipes_metrics import RecipesMetrics
from agents.worker.restore import StateError
from agents.worker.watermark_handshake import WatermarkHandshake
from stream.outputs.triggers import rfc3339
from stream.recipes.history import History
from stream.state.cart import NEVER

log = logging.getLogger("triggers.recipes")

CLOSED_CHECK_S: Final = 0.2
"""Seconds between checks whether a waiting processor was closed. Longer: a rebalance waits for it."""

TOPICS_CHECK_S: Final = 10.0
"""Seconds between checks for missing trigger topics of published recipes."""

END_OF_TIME: Final = 2**62
"""A time (ms) after all others. In a replay, documents are known up to this time at once."""


class TopicTruncated(StateError):
    """The topic ends before an offset that was already read: it was created again."""


class RecipesFollower:
    """Follows the topic.

    - `history`: the documents, shared by all stages of this worker
    - `tp`, `position`, `end`: the topic's partition, the next offset to read, the end as last fetched
    - `known_until`: every document that is in force before this time (ms) has been read
    - `refused`: whether the newest record is not a valid document
    - `missing`: trigger topics that recipes in documents need and Kafka does not have
    """

    def __init__(
        self,
        settings: Settings,
        history: History,
        offsets: Offsets,
        metrics: RecipesMetrics,
        inputs: int,
    ) -> None:
        """`inputs`: number of partitions of the events."""
        self.history: Final = history
        self.tp: Final = TP(settings.topic(RECIPES), 0)
        self.position = self.end = 0
        self.known_until = NEVER
        self.refused = False
        self.missing: tuple[str, ...] = ()
        self.offset_at: Final[dict[int, int]] = {}
        """Offsets of documents, by the time (ms) from which they are in force."""
        self._settings = settings
        self._live = settings.time == "append"
        self._offsets = offsets
        self._events = [TP(settings.topic(EVENTS), number) for number in range(inputs)]
        self._metrics = metrics
        self._handshake = WatermarkHandshake()
        self._started = False
        self._requested = asyncio.Event()
        self._advanced = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the topic is read up to the end as last fetched."""
        return self._started and self.position >= self.end

    async def start(self) -> None:
        """Reads the whole topic. Nothing is decided before that. Raises KafkaError."""
        self.end = (await self._offsets.ends([self.tp]))[self.tp]
        await self._read()
        self._started = True
        say(log, "documents_read", documents=len(self.history.documents) - 1, offset=self.position)

    async def run(self) -> None:
        """Reads new documents for ever. Raises KafkaError."""
        while True:
            if self.position >= self.end and not self._requested.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(TOPICS_CHECK_S if self.missing else None):
                        await self._requested.wait()
            self._requested.clear()
            await self._read()
            if (reached := self._handshake.passed(self.position)) is not None:
                self._advance(reached)

    def confirm_end(self, end: int, time: int) -> None:
        """Notes that the topic ended at `end`, some time after the broker's clock showed `time` (ms).

        Raises TopicTruncated.
        """
        if end < self.position:
            raise TopicTruncated(
                f"{self.tp.topic}: expected an end at {self.position} or later, got {end}. It was created again: "
                "restart this worker"
            )
        self.end = end
        reached = self._handshake.confirm_end(end, time, self.position)
        if reached is None:
            self._requested.set()
        else:
            self._advance(reached)

    def _advance(self, time: int) -> None:
        self.known_until = max(self.known_until, time + NOTICE)
        self._advanced.set()
        self._advanced = asyncio.Event()

    def knows(self, time: int) -> bool:
        """Whether every document that is in force at `time` (ms) is known."""
        return time < self.known_until

    async def wait_until_known(self, time: int, closed: Callable[[], bool]) -> bool:
        """Waits until every document that is in force at `time` (ms) is known. False if `closed` is true first."""
        if not self._live and self.known_until < END_OF_TIME and not await self._has_events():
            return True
        while not self.knows(time):
            if closed():
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSED_CHECK_S):
                    await self._advanced.wait()
        return True

    async def _has_events(self) -> bool:
        """In a replay: whether the input has an event. Then all documents are in the topic, and known at once."""
        if not any((await self._offsets.ends(self._events)).values()):
            return False
        self.confirm_end((await self._offsets.ends([self.tp]))[self.tp], END_OF_TIME)
        return True

    async def _read(self) -> None:
        """Reads up to the end as last fetched, and checks for missing trigger topics."""
        if self.position < self.end:
            await self._fetch(self.end)
        names = {name for each in self._recipes_in_use() for name in each}
        self._metrics.name(names)
        wanted = {self._settings.topic(f"triggers.{name}") for name in names}
        self.missing = tuple(sorted(wanted - await self._offsets.topics())) if names else ()
        if self.missing:
            say(log, "topics_missing", logging.ERROR, topics=",".join(self.missing))

    def _recipes_in_use(self) -> list[tuple[str, ...]]:
        """The recipe names of each published document that is or will be in force."""
        now = self._metrics.now()
        current = self.history.document_at(NEVER if now is None else now)
        return [
            each.recipes.names
            for each in self.history.documents
            if each.since in self.offset_at and each.since >= current.since
        ]

    async def _fetch(self, end: int) -> None:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings),
            client_id="triggers-recipes",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        place = TopicPartition(*self.tp)
        await start_when_available(consumer.start, wanted=lambda: True)
        try:
            consumer.assign([place])
            consumer.seek(place, self.position)
            while self.position < end:
                for batches in (await consumer.getmany(timeout_ms=500)).values():
                    self._take(batches)
        finally:
            await consumer.stop()

    def _take(self, batches: Sequence[RawBatch]) -> None:
        for batch in batches:
            for record in batch.records:
                if record.offset >= self.position:
                    time = record.timestamp if batch.time is None else batch.time
                    self._append(record.offset, time, record.value)
            self.position = max(self.position, batch.next)

    def _append(self, offset: int, time: int, value: bytes | None) -> None:
        document = read(offset, time, value, self._live)
        self.refused = document.recipes is None
        if document.recipes is None:
            say(
                log,
                "document_refused",
                logging.ERROR,
                offset=offset,
                by=document.by or "-",
                why=document.fault,
            )
            return
        self.history.append(entry(document))
        self.offset_at[document.since] = offset
        say(log, "document", offset=offset, since=rfc3339(document.since), by=document.by or "-")


def latest(batches: Sequence[RawBatch]) -> int:
    """The latest broker's time (ms) of the batches. NEVER if there is none."""
    return max((batch.time for batch in batches if batch.time is not None), default=NEVER)
