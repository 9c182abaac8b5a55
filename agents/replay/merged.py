"""Merges the records of a topic's partitions into one order: by time, then partition, then offset.

A visitor is in one partition, and facts are ordered by (time, visitor, number). So any order by time that keeps the order
of each partition gives the same answers. Source: docs/semantics.md, 1 and 10.
"""

import heapq
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import raw_batches
from agents.kafka.partitioner import partition_counts
from agents.kafka.reconnect import connection_loss_as_error
from agents.replay.exported import LogRecord
from agents.replay.span import Bound, OffsetSpan

POLL_MS: Final = 1_000
PATIENCE: Final = 30
"""Empty polls in a row before the end after which the export fails."""


class ExportError(Exception):
    """The export is impossible. The message says why."""


def consumer(settings: Settings) -> AIOKafkaConsumer:
    """A consumer without a group that returns raw batches. From now on all consumers of this process do."""
    raw_batches.install()
    return AIOKafkaConsumer(
        **aiokafka_options(settings),
        client_id="triggers-export",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
    )


async def spans(
    reader: AIOKafkaConsumer, topic: str, since: Bound, until: Bound | None
) -> dict[int, OffsetSpan]:
    """The offsets of each partition between two bounds. Raises ExportError, aiokafka's KafkaError.

    `until` None: the current end of the topic. A bound of offsets limits only the partitions that it names.
    """
    count = (await partition_counts(reader)).get(topic, 0)
    if not count:
        raise ExportError(
            f"{topic} is missing: check TRIGGERS_PREFIX, or run `storefront-triggers topics`"
        )
    for each in (since, until):
        if isinstance(each, dict) and (strange := sorted(n for n in each if n >= count)):
            raise ExportError(f"expected partitions 0 to {count - 1} of {topic}, got {strange[0]}")
    places = [TopicPartition(topic, number) for number in range(count)]
    reader.assign(places)
    begin, end = await reader.beginning_offsets(places), await reader.end_offsets(places)
    first = await _offsets(reader, since, begin, end, begin)
    last = end if until is None else await _offsets(reader, until, begin, end, end)
    return {
        place.partition: OffsetSpan(first[place], max(first[place], last[place]))
        for place in places
    }


Places = dict[TopicPartition, int]


async def _offsets(
    reader: AIOKafkaConsumer, given: Bound, begin: Places, end: Places, else_: Places
) -> Places:
    """The offset of a bound in each partition, within its records. `else_`: for partitions that the bound does not name."""
    if isinstance(given, dict):
        wanted = {place: given.get(place.partition, else_[place]) for place in end}
    else:
        found = await reader.offsets_for_times(dict.fromkeys(end, given))
        wanted = {place: found[place].offset if found[place] else end[place] for place in end}
    return {place: min(max(wanted[place], begin[place]), end[place]) for place in end}


class Merged:
    """The merged records. `done`: number of offsets read, of all partitions."""

    def __init__(self, reader: AIOKafkaConsumer, topic: str, spans: dict[int, OffsetSpan]) -> None:
        self._reader = reader
        self._logs = [_Log(TopicPartition(topic, number), spans[number]) for number in spans]

    @property
    def done(self) -> int:
        return sum(log.next - log.span.start for log in self._logs)

    async def records(self) -> AsyncIterator[LogRecord]:
        """The records in their order. Raises ExportError, aiokafka's KafkaError."""
        self._reader.assign([log.place for log in self._logs if log.span.start < log.span.end])
        heads: list[tuple[LogRecord, int]] = []
        for number, log in enumerate(self._logs):
            log.begin(self._reader)
            if await self._filled(log):
                heapq.heappush(heads, (log.waiting.popleft(), number))
        while heads:
            record, number = heads[0]
            yield record
            log = self._logs[number]
            if await self._filled(log):
                heapq.heapreplace(heads, (log.waiting.popleft(), number))
            else:
                heapq.heappop(heads)

    async def _filled(self, log: "_Log") -> bool:
        """Fetches until a record of the partition is in memory. Returns False at its end. Raises ExportError."""
        silent = 0
        while not log.waiting and log.next < log.span.end:
            try:
                with connection_loss_as_error():
                    got = await self._reader.getmany(log.place, timeout_ms=POLL_MS)
            except OffsetOutOfRangeError:
                raise ExportError(
                    f"{log} was deleted by retention during the export: start again"
                ) from None
            silent = 0 if got else silent + 1
            if silent >= PATIENCE:
                raise ExportError(f"{log}: no broker answered for {silent} s")
            for batch in got.get(log.place, ()):
                log.take(batch)
        return bool(log.waiting)


class _Log:
    """One partition. `next`: the next offset to fetch · `waiting`: fetched records that are not merged yet."""

    def __init__(self, place: TopicPartition, span: OffsetSpan) -> None:
        self.place, self.span = place, span
        self.next = span.start
        self.waiting = deque[LogRecord]()
        self._reached = 0

    def __str__(self) -> str:
        return f"{self.place.topic} {self.place.partition} at offset {self.next}"

    def begin(self, reader: AIOKafkaConsumer) -> None:
        self.next = self.span.start
        if self.next < self.span.end:
            reader.seek(self.place, self.next)

    def take(self, batch: Any) -> None:
        self.waiting.extend(self._within(batch))
        self.next = min(max(self.next, batch.next), self.span.end)

    def _within(self, batch: Any) -> Iterator[LogRecord]:
        for offset, time, key, value in batch.rows():
            if self.span.start <= offset < self.span.end:
                self._reached = max(self._reached, time)
                yield LogRecord(self._reached, self.place.partition, offset, key, value)
