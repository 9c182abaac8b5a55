"""Follows the topic `recipes`: it reads every document before any decision at its time of coming into force.

A document comes into force 5 s after its append at the earliest. Suppose the topic is read up to an end that
was asked after the broker's clock was at T. Then every document is known that is in force before T + 5 s, and
evidence may go that far. The end of the topic is asked in the rounds that ask for the ends of the input, so
usually nothing waits. In a replay the documents are in the topic before the first event, and one question is
enough. Source: docs/semantics-life.md, 14.
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
from stream.recipes.history import History
from stream.state.cart import NEVER

log = logging.getLogger("triggers.recipes")

CLOSED_S: Final = 0.2
"""Seconds between looks whether a waiting caller was closed. Longer: a rebalance waits for it."""

TOPICS_S: Final = 10.0
"""Seconds between looks for missing trigger topics of published recipes."""

ALL: Final = 2**62
"""A time (ms) after all others: in a replay all documents are known at once."""


class TopicWentBack(StateError):
    """The topic ends before the offset that was read: it was created again."""


class RecipesFollower:
    """Follows the topic.

    - `history`: of all stages of this worker
    - `tp`, `position`, `end`: the topic's partition, the next offset to read, where it ended when last asked
    - `known_until`: every document that is in force before this time (ms) has been read
    - `refused`: whether the newest record is not a valid document
    - `missing`: missing trigger topics of recipes in documents
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
        self._begun = False
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the topic is read up to the end that was asked last."""
        return self._begun and self.position >= self.end

    async def start(self) -> None:
        """Reads the whole topic. Nothing is decided before that. Raises KafkaError."""
        self.end = (await self._offsets.ends([self.tp]))[self.tp]
        await self._read()
        self._begun = True
        say(log, "documents_read", documents=len(self.history.documents) - 1, offset=self.position)

    async def run(self) -> None:
        """Reads new documents for ever. Raises KafkaError."""
        while True:
            if self.position >= self.end and not self._wanted.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(TOPICS_S if self.missing else None):
                        await self._wanted.wait()
            self._wanted.clear()
            await self._read()
            if (reached := self._handshake.passed(self.position)) is not None:
                self._reach(reached)

    def confirm_end(self, end: int, time: int) -> None:
        """The broker's clock was at `time` (ms) before the topic ended at `end`. Raises TopicWentBack."""
        if end < self.position:
            raise TopicWentBack(
                f"{self.tp.topic} ends at {end}, read to {self.position}: it was made again. Start this worker again"
            )
        self.end = end
        reached = self._handshake.confirm_end(end, time, self.position)
        if reached is None:
            self._wanted.set()
        else:
            self._reach(reached)

    def _reach(self, time: int) -> None:
        self.known_until = max(self.known_until, time + NOTICE)
        self._moved.set()
        self._moved = asyncio.Event()

    def knows(self, time: int) -> bool:
        """Whether every document that is in force at `time` (ms) is known."""
        return time < self.known_until

    async def reaches(self, time: int, closed: Callable[[], bool]) -> bool:
        """Waits until every document that is in force at `time` (ms) is known. False if it was `closed` first."""
        if not self._live and self.known_until < ALL and not await self._loaded():
            return True
        while not self.knows(time):
            if closed():
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSED_S):
                    await self._moved.wait()
        return True

    async def _loaded(self) -> bool:
        """In a replay: whether there is an event. Documents come before the first one, and only events move time."""
        if not any((await self._offsets.ends(self._events)).values()):
            return False
        self.confirm_end((await self._offsets.ends([self.tp]))[self.tp], ALL)
        return True

    async def _read(self) -> None:
        """Reads up to the end that was asked last, and looks for needed topics."""
        if self.position < self.end:
            await self._fetch(self.end)
        names = {name for each in self._holding() for name in each}
        self._metrics.name(names)
        wanted = {self._settings.topic(f"triggers.{name}") for name in names}
        self.missing = tuple(sorted(wanted - await self._offsets.topics())) if names else ()
        if self.missing:
            say(log, "topics_missing", logging.ERROR, topics=",".join(self.missing))

    def _holding(self) -> list[tuple[str, ...]]:
        """The names of the recipes of documents that are or will be in force."""
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
        found = read(offset, time, value, self._live)
        self.refused = found.recipes is None
        if found.recipes is None:
            say(
                log,
                "document_refused",
                logging.ERROR,
                offset=offset,
                by=found.by or "-",
                why=found.fault,
            )
            return
        self.history.append(entry(found))
        self.offset_at[found.since] = offset
        say(log, "document", offset=offset, since=found.since, by=found.by or "-")


def latest(batches: Sequence[RawBatch]) -> int:
    """The latest time (ms) that a broker stamped on a record. NEVER if there is none."""
    return max((batch.time for batch in batches if batch.time is not None), default=NEVER)
