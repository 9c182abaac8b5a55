"""Whole record batches for Faust's agents, as the broker stored them.

`FetchResult.getall` of aiokafka is replaced: it gives one `RawBatch` for each batch of the log instead of
a ConsumerRecord for each event. Control batches and aborted transactions come out empty, with the offset
behind them, so that a position passes transaction markers and evidence does not stall on them. The
replacement serves all consumers of the process: the group's and the one that restores state.

All names that are not public are listed in `PRIVATE`; the versions that have them are pinned.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from agents import unpacking
from stream.visitors import Record

PRIVATE: Final = {
    "faust.transport.drivers.aiokafka:Transport": ("Consumer",),
    "faust.transport.drivers.aiokafka:Consumer": (
        "_new_consumer_thread",
        "_thread",
        "_wait_next_records",
    ),
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread": (
        "_create_worker_consumer",
        "_ensure_consumer",
        "call_thread",
    ),
    "faust.app.base:App": ("_create_directories",),
    "aiokafka.consumer.consumer:AIOKafkaConsumer": ("_client", "_coordinator", "_isolation_level"),
    "aiokafka.consumer.group_coordinator:GroupCoordinator": ("generation", "member_id"),
    "aiokafka.consumer.fetcher:FetchResult": (
        "getall",
        "check_assignment",
        "has_more",
        "_update_position",
        "_topic_partition",
        "_partition_records",
    ),
    "aiokafka.consumer.fetcher:PartitionRecords": (
        "next_fetch_offset",
        "_records",
        "_check_crcs",
        "_isolation_level",
        "_aborted_producers",
        "_consume_aborted_up_to",
        "_contains_abort_marker",
    ),
    "aiokafka.producer.producer:AIOKafkaProducer": ("_message_accumulator",),
    "aiokafka.producer.message_accumulator:MessageAccumulator": ("_batch_ttl",),
}
"""Overridden or used, though private: by class, `module:class`."""


class Raw(Protocol):
    """A record of a batch, as aiokafka parses it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class RawBatch(NamedTuple):
    """`records`: none of a control or aborted batch · `base`, `next`: first offset, and that behind it ·
    `time`: ms, the broker's, of all records; None when each has its own."""

    records: list[Raw]
    base: int
    next: int
    time: int | None

    def rows(self) -> list[Record]:
        """(offset, time, key, value) of each record."""
        if self.time is None:
            return [(r.offset, r.timestamp, r.key, r.value) for r in self.records]
        time = self.time
        return [(r.offset, time, r.key, r.value) for r in self.records]


def raw_batches(records: Any) -> Iterator[RawBatch]:
    """The batches of one fetched partition (`PartitionRecords`), and its position moved past each.

    Raises CorruptRecordException.
    """
    source = records._records
    while source.has_next():
        batch = source.next_batch()
        if records._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"invalid CRC at offset {batch.base_offset}")
        kept = [] if _skipped(records, batch) else _unpacked(batch)
        raw = RawBatch(
            kept,
            batch.base_offset,
            batch.next_offset,
            batch.max_timestamp if batch.timestamp_type else None,
        )
        if raw.next > records.next_fetch_offset:
            records.next_fetch_offset = raw.next
            yield raw


def _unpacked(batch: Any) -> list[Raw]:
    try:
        return list(batch)
    except unpacking.Bomb:
        return [unpacking.refused(batch)]


def _skipped(records: Any, batch: Any) -> bool:
    """A transaction's marker, or what a transaction wrote that was aborted."""
    if records._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
        records._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and records._contains_abort_marker(batch):
            records._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in records._aborted_producers:
            return True
    return bool(batch.is_control_batch)


def _getall(self: Any, max_records: int | None = None) -> list[RawBatch]:
    """In place of FetchResult.getall. `max_records` is left alone: what is given is bounded in bytes."""
    if not self.check_assignment(self._topic_partition) or not self.has_more():
        return []
    batches, most = list[RawBatch](), unpacking.unpacked() + unpacking.LARGEST
    for batch in raw_batches(self._partition_records):
        batches.append(batch)
        if unpacking.unpacked() >= most:
            self._update_position()
            return batches
    self._update_position()
    self._partition_records = None
    return batches


def install() -> None:
    """From now on every aiokafka consumer of this process reads raw batches."""
    unpacking.install()
    fetcher.FetchResult.getall = _getall
