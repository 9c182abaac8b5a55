"""Batches of transactions: markers and aborted ones become empty batches with the offset after them."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from agents.kafka import compression, decompression, raw_batches
from agents.kafka.raw_batches import RawBatch
from agents.kafka.retained_batches import RetainedBatches


class Batch:
    """A batch as aiokafka reads it. `marker`: of an abort."""

    timestamp_type, max_timestamp = 1, 5

    def __init__(self, base: int, count: int = 1, **more: Any) -> None:
        self.base_offset, self.next_offset = base, base + count
        self.producer_id: int | None = None
        self.is_transactional = self.is_control_batch = self.marker = False
        self.__dict__.update(more)

    def __iter__(self) -> Any:
        return iter(range(self.base_offset, self.next_offset))


class Source:
    """`corrupt`: base offsets of batches with a wrong checksum."""

    def __init__(self, *batches: Batch) -> None:
        self.batches, self.corrupt, self.count = list(batches), set[int](), 1

    def has_next(self) -> bool:
        return bool(self.batches)

    def next_batch(self) -> Batch:
        return self.batches.pop(0)

    def is_whole(self, batch: Batch) -> bool:
        return batch.base_offset not in self.corrupt


class Records:
    """Like aiokafka's PartitionRecords. `ends`: the producer whose abort is known from an offset on."""

    def __init__(self, *batches: Batch, committed: bool = True) -> None:
        self._records = Source(*batches)
        self._check_crcs = True
        self._isolation_level = fetcher.READ_COMMITTED if committed else 0
        self._aborted_producers: set[int] = set()
        self.next_fetch_offset = 0
        self.aborts: dict[int, int] = {}

    def _consume_aborted_up_to(self, offset: int) -> None:
        for at in [at for at in self.aborts if at <= offset]:
            self._aborted_producers.add(self.aborts.pop(at))

    def _contains_abort_marker(self, batch: Batch) -> bool:
        return batch.marker


def read(records: Records) -> list[tuple[int, int, int]]:
    found = list(raw_batches.raw_batches(records))
    return [(each.base, each.next, len(each.records)) for each in found]


def test_a_marker_is_empty_and_its_offset_is_passed() -> None:
    marker = Batch(2, is_control_batch=True, producer_id=7, is_transactional=True)
    records = Records(Batch(0, 2), marker, Batch(3))
    assert read(records) == [(0, 2, 2), (2, 3, 0), (3, 4, 1)]
    assert records.next_fetch_offset == 4


def test_records_of_an_aborted_transaction_are_left_out_until_its_marker() -> None:
    of_it = {"producer_id": 7, "is_transactional": True}
    marker = Batch(3, is_control_batch=True, marker=True, **of_it)
    other = Batch(2, producer_id=8, is_transactional=True)
    records = Records(Batch(0, 2, **of_it), other, marker, Batch(4, **of_it))
    records.aborts = {0: 7}
    assert read(records) == [(0, 2, 0), (2, 3, 1), (3, 4, 0), (4, 5, 1)]


def test_a_reader_of_everything_leaves_out_markers_only() -> None:
    of_it = {"producer_id": 7, "is_transactional": True}
    records = Records(Batch(0, **of_it), Batch(1, is_control_batch=True), committed=False)
    records.aborts = {0: 7}
    assert read(records) == [(0, 1, 1), (1, 2, 0)]


def test_records_without_a_transaction_of_an_idempotent_producer_are_kept() -> None:
    records = Records(Batch(0, producer_id=7))
    records.aborts = {0: 7}
    assert read(records) == [(0, 1, 1)]


def test_a_batch_before_the_position_is_passed_over() -> None:
    records = Records(Batch(0, 2), Batch(2, 2), Batch(4))
    records.next_fetch_offset = 4
    assert read(records) == [(4, 5, 1)]


def test_a_wrong_checksum_raises_unless_the_check_is_off() -> None:
    records = Records(Batch(0), Batch(1))
    records._records.corrupt = {1}
    with pytest.raises(CorruptRecordException, match="offset 1"):
        read(records)
    records = Records(Batch(1))
    records._records.corrupt, records._check_crcs = {1}, False
    assert read(records) == [(1, 2, 1)]


def test_rows_have_the_brokers_time_or_their_own() -> None:
    record: Any = SimpleNamespace(offset=3, timestamp=9, key=None, value=b"x")
    assert RawBatch([record], 3, 4, 5).rows() == [(3, 5, None, b"x")]
    assert RawBatch([record], 3, 4, None).rows() == [(3, 9, None, b"x")]
    assert RawBatch([record], 3, 4, 5).pairs() == [(b"", b"x")]
    assert RawBatch(iter([record]), 3, 4, 5).count == 1


def test_a_fetch_is_handed_over_in_parts_of_a_bounded_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = iter(range(0, 1_000, 10))
    monkeypatch.setattr(decompression, "unpacked", lambda: next(sizes))
    monkeypatch.setattr(raw_batches, "AT_ONCE", 20)
    updates: list[int] = []
    records = Records(Batch(0), Batch(1), Batch(2))
    result: Any = SimpleNamespace(
        _topic_partition=SimpleNamespace(topic="a"),
        _partition_records=records,
        check_assignment=lambda place: True,
        has_more=lambda: result._partition_records is not None,
        _update_position=lambda: updates.append(records.next_fetch_offset),
    )
    first = raw_batches._getall(result)
    assert [each.base for each in first] == [0, 1]
    second = raw_batches._getall(result)
    assert [each.base for each in second] == [2]
    assert updates == [2, 3]
    assert raw_batches._getall(result) == []
    result.check_assignment = lambda place: False
    result._partition_records = records
    assert raw_batches._getall(result) == []


def test_installing_the_batches_installs_compression_and_decompression_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []
    for module in (compression, decompression):
        monkeypatch.setattr(module, "install", partial(called.append, module.__name__))
    for name in ("FetchResult", "MemoryRecords"):
        monkeypatch.setattr(fetcher, name, type(name, (), {}))
    raw_batches.install()
    assert called == ["agents.kafka.compression", "agents.kafka.decompression"]
    assert fetcher.FetchResult.getall is raw_batches._getall
    assert fetcher.MemoryRecords is RetainedBatches
