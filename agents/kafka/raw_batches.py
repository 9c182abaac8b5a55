"""Whole record batches, as the broker stored them.

This file replaces aiokafka's `FetchResult.getall`. The new one returns a `RawBatch` for each batch of the log, instead
of a ConsumerRecord for each event. Control batches and aborted transactions become empty batches with the offset after
them, so that positions and time pass transaction markers. All consumers of the process use it.

private_names.py lists the private names that it needs. Their versions are pinned.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from agents.kafka import compression, decompression
from agents.kafka.retained_batches import RetainedBatches
from stream.events.records import Block, Record
from stream.store.changelog import Change

AT_ONCE: Final = 8 * 1024 * 1024
"""Decompressed bytes that one call returns, unless one batch is larger. More: more memory for batches that are not
applied yet. Fewer: more calls for a fetch."""

as_blocks: Final[set[str]] = set()
"""Topics whose batches are passed on as blocks, for the compiled stage."""


class RawRecord(Protocol):
    """A record of a batch, as aiokafka parses it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class RawBatch:
    """A batch of records. `count`: their number; 0 for a control batch or an aborted one.

    `base`, `next`: the first offset, and the one after the last.
    `time`: the broker's time (ms) of all records; None if each has its own.
    """

    __slots__ = ("_block", "_records", "base", "count", "next", "time")

    def __init__(
        self,
        records: Iterable[RawRecord],
        base: int,
        next: int,
        time: int | None,
        block: Block | None = None,
    ) -> None:
        """`records`: parsed on first use if there is a `block`, else at once."""
        self._records = records if block else list(records)
        self._block = block
        self.base = base
        self.next = next
        self.time = time
        self.count = block[3] if block else len(self.records)

    @property
    def records(self) -> list[RawRecord]:
        if not isinstance(self._records, list):
            self._records = list(self._records)
        return self._records

    def rows(self) -> Iterable[Record | Block]:
        """One (offset, time, key, value) for each record, or a single block with all records."""
        if self._block:
            return (self._block,)
        if self.time is None:
            return [(r.offset, r.timestamp, r.key, r.value) for r in self.records]
        time = self.time
        return [(r.offset, time, r.key, r.value) for r in self.records]

    def values(self) -> Iterable[tuple[int, bytes | None] | Block]:
        """One (offset, value) for each record, or a single block with all records."""
        if self._block:
            return (self._block,)
        return [(r.offset, r.value) for r in self.records]

    def unkeyed(self, of_block: Callable[[Block], list[bytes]] | None) -> list[bytes]:
        """The values of the records that have no key. `of_block`: finds them in a block, None if none comes."""
        if self._block and of_block:
            return of_block(self._block)
        return [r.value for r in self.records if not r.key and r.value]

    def pairs(self) -> Iterable[Change | Block]:
        """One (key, value) for each record, or a single block with all records."""
        if self._block:
            return (self._block,)
        return [(r.key or b"", r.value) for r in self.records]


def raw_batches(records: Any, blocks: bool = False) -> Iterator[RawBatch]:
    """Yields the batches of one fetched partition (`PartitionRecords`), and moves its position past each.

    `blocks`: return blocks where possible. Raises CorruptRecordException.
    """
    source = records._records
    while source.has_next():
        read = source.next_block(records._check_crcs) if blocks else None
        raw = RawBatch(*read) if read else _parsed(records, source, blocks)
        if raw.next > records.next_fetch_offset:
            records.next_fetch_offset = raw.next
            yield raw


def _parsed(records: Any, source: RetainedBatches, blocks: bool) -> RawBatch:
    """The next batch, parsed by aiokafka. Raises CorruptRecordException."""
    batch = source.next_batch()
    if records._check_crcs and not source.is_whole(batch):
        raise CorruptRecordException(f"invalid CRC at offset {batch.base_offset}")
    time = batch.max_timestamp if batch.timestamp_type else None
    unpacked: Iterable[RawRecord] = ()
    block = None
    if not _skipped(records, batch):
        unpacked, block = _unpacked(batch, time, source, blocks)
    return RawBatch(unpacked, batch.base_offset, batch.next_offset, time, block)


def _unpacked(
    batch: Any, time: int | None, source: RetainedBatches, blocks: bool
) -> tuple[Iterable[RawRecord], Block | None]:
    """The current batch of `source`, as records or as a block."""
    try:
        decompression.count_records(source.count)
        block = source.block(batch, time) if blocks else None
        return batch if block else list(batch), block
    except decompression.DecompressionBomb:
        return [decompression.oversized(batch)], None


def _skipped(records: Any, batch: Any) -> bool:
    """Whether the batch is a transaction marker or belongs to an aborted transaction."""
    if records._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
        records._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and records._contains_abort_marker(batch):
            records._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in records._aborted_producers:
            return True
    return bool(batch.is_control_batch)


def _getall(self: Any, max_records: int | None = None) -> list[RawBatch]:
    """Replaces FetchResult.getall. Ignores `max_records`, because AT_ONCE bounds the bytes."""
    if not self.check_assignment(self._topic_partition) or not self.has_more():
        return []
    batches, limit = list[RawBatch](), decompression.unpacked() + AT_ONCE
    blocks = self._topic_partition.topic in as_blocks
    for batch in raw_batches(self._partition_records, blocks):
        batches.append(batch)
        if decompression.unpacked() >= limit:
            self._update_position()
            return batches
    self._update_position()
    # A reference cycle would keep the fetched bytes in memory until the next garbage collection.
    self._partition_records._records_iterator = None
    self._partition_records = None
    return batches


def install() -> None:
    """Makes every aiokafka consumer of this process return raw batches."""
    compression.install()
    decompression.install()
    fetcher.FetchResult.getall = _getall
    fetcher.MemoryRecords = RetainedBatches
