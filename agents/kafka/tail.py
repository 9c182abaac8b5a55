"""Follows topics as they grow, across outages of the broker.

It joins no consumer group and commits nothing, so it does not affect workers. It detects within seconds that a broker
does not answer, reports that, and reconnects. Then it continues at its position.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Literal, NoReturn, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.partitioner import partition_counts
from agents.kafka.reconnect import connection_loss_as_error
from agents.runtime.log import say

log = logging.getLogger("triggers.following")

POLL_MS: Final = 250
"""Longest wait (ms) of a poll. A poll returns as soon as there are records."""

CHECK_S: Final = 2.0
"""Seconds between checks whether the broker answers and whether there are new partitions."""

ANSWER_S: Final = 4.0
"""Timeout (s) of a small request. After it the broker counts as lost."""

PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0)
"""Pauses (s) between attempts to reach the broker. The last one repeats."""

Tp = tuple[str, int]
"""Topic without the prefix, and partition."""


class TailReader(Protocol):
    """Chooses partitions and start offsets, and takes the records."""

    def wants(self, topic: str, partition: int) -> bool: ...

    async def starts(
        self, partitions: Collection[Tp], begin: dict[Tp, int], end: dict[Tp, int], at: "OffsetsAt"
    ) -> dict[Tp, int]:
        """The start offsets of new partitions. `begin`, `end`: the first offset and the end offset of each."""
        ...

    async def take(self, topic: str, partition: int, records: Sequence[Any]) -> int | None:
        """Takes records in order. Returns the offset to read next, None to continue after the last record."""
        ...


class OffsetsAt(Protocol):
    async def __call__(self, time: int, partitions: Collection[Tp]) -> dict[Tp, int]:
        """The offset of the first record at or after `time` (ms), or the end of the partition, for each partition."""
        ...


class TopicTail:
    """`state`: of the broker · `since`: time (monotonic, s) of its last change · `fault`: why the broker is lost ·
    `behind`: number of unread records, None until known."""

    def __init__(
        self,
        settings: Settings,
        reader: TailReader,
        name: str,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._name = name
        self._on_change = on_change
        self.positions: dict[Tp, int] = {}
        self.state: Literal["connecting", "up", "lost"] = "connecting"
        self.since = time.monotonic()
        self.fault = ""
        self._ends: dict[Tp, int] | None = None
        self._restarting = False

    @property
    def behind(self) -> int | None:
        if self._ends is None:
            return None
        return sum(max(0, end - self.positions.get(tp, 0)) for tp, end in self._ends.items())

    def restart(self) -> None:
        """Drops all positions, and asks the reader again where to begin."""
        self._restarting = True

    async def run(self) -> NoReturn:
        """Reads until cancelled."""
        attempt = 0
        while True:
            try:
                with connection_loss_as_error():
                    await self._session()
            except (KafkaError, OSError, TimeoutError) as error:
                attempt = 0 if self.state == "up" else attempt + 1
                self._set_state("lost", type(error).__name__)
            await asyncio.sleep(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])

    def _set_state(self, state: Literal["up", "lost"], fault: str = "") -> None:
        self.fault = fault
        if state == self.state:
            return
        self.state, self.since = state, time.monotonic()
        say(log, f"{self._name}_{state}", fault=fault or "-")
        if self._on_change:
            self._on_change()

    async def _session(self) -> None:
        """Reads through one connection until it fails. Raises KafkaError, OSError, TimeoutError."""
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings),
            client_id=f"triggers-{self._name}",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=int(ANSWER_S * 1000),
            metadata_max_age_ms=10_000,
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                await consumer.start()
            checked_at = -CHECK_S
            while True:
                if time.monotonic() - checked_at >= CHECK_S:
                    async with asyncio.timeout(ANSWER_S):
                        await self._check(consumer)
                    checked_at = time.monotonic()
                if not consumer.assignment():
                    await asyncio.sleep(CHECK_S)
                    continue
                behind = self.behind
                await self._read(consumer)
                if behind and not self.behind:
                    checked_at = -CHECK_S  # caught up with the end as last fetched
        finally:
            await _close(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            tp = self._without_prefix(partition)
            next_offset = await self._reader.take(*tp, records)
            if next_offset is None:
                next_offset = await consumer.position(partition)
            else:
                consumer.seek(partition, next_offset)
            self.positions[tp] = next_offset

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """Checks that the broker answers, assigns new partitions, and fetches the ends of all."""
        wanted = await self._wanted(consumer)
        if self._restarting or wanted != set(consumer.assignment()):
            if self._restarting:
                self._restarting = False
                self.positions.clear()
            await self._assign(consumer, wanted)
        found = await consumer.end_offsets(list(wanted)) if wanted else {}
        self._ends = self._by_short_name(found)
        self._set_state("up")

    async def _wanted(self, consumer: AIOKafkaConsumer) -> set[TopicPartition]:
        prefix = self._settings.prefix
        found = set()
        for name, count in (await partition_counts(consumer)).items():
            if not name.startswith(prefix):
                continue
            for number in range(count):
                if self._reader.wants(name.removeprefix(prefix), number):
                    found.add(TopicPartition(name, number))
        return found

    async def _assign(self, consumer: AIOKafkaConsumer, wanted: set[TopicPartition]) -> None:
        """Assigns these partitions: known ones at their positions, new ones where the reader says."""
        self.positions = {
            tp: at for tp, at in self.positions.items() if self._with_prefix(tp) in wanted
        }
        if not wanted:
            consumer.unsubscribe()
            return
        consumer.assign(list(wanted))
        begin = self._by_short_name(await consumer.beginning_offsets(list(wanted)))
        end = self._by_short_name(await consumer.end_offsets(list(wanted)))

        async def at(time: int, partitions: Collection[Tp]) -> dict[Tp, int]:
            places = {self._with_prefix(tp): time for tp in partitions}
            found = await consumer.offsets_for_times(places) if places else {}
            return {
                self._without_prefix(each): place.offset
                if place
                else end[self._without_prefix(each)]
                for each, place in found.items()
            }

        new = [tp for tp in end if tp not in self.positions]
        places = self.positions | await self._reader.starts(new, begin, end, at)
        for tp, place in places.items():
            # A topic that was created again may end before the old position.
            self.positions[tp] = place if begin[tp] <= place <= end[tp] else begin[tp]
            consumer.seek(self._with_prefix(tp), self.positions[tp])

    def _without_prefix(self, partition: TopicPartition) -> Tp:
        return partition.topic.removeprefix(self._settings.prefix), partition.partition

    def _with_prefix(self, tp: Tp) -> TopicPartition:
        return TopicPartition(self._settings.topic(tp[0]), tp[1])

    def _by_short_name(self, offsets: dict[TopicPartition, int]) -> dict[Tp, int]:
        return {self._without_prefix(each): offset for each, offset in offsets.items()}


async def _close(consumer: AIOKafkaConsumer) -> None:
    """Closes a consumer, without waiting long for a broker that does not answer.

    If the current fetch fails, stop() does not close the client, which would then reconnect for ever.
    """
    for close in (consumer.stop, consumer._client.close):
        try:
            with connection_loss_as_error():
                async with asyncio.timeout(ANSWER_S):
                    await close()
        except (KafkaError, OSError, TimeoutError) as error:
            say(log, "unclean_stop", logging.WARNING, fault=type(error).__name__)
