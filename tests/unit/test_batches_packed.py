"""Records packed into batches for sending: which batch each record is in, and in which order batches go out."""

from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords

from agents.worker import packing
from agents.worker.packing import BATCH_BYTES, COMPRESSED, UNCOMPRESSED, Packer


def values(batch: Any) -> list[bytes]:
    records, found = MemoryRecords(bytes(batch._build())), []
    while records.has_next():
        found += [each.value for each in records.next_batch()]
    return found


def header(batch: Any) -> Any:
    return MemoryRecords(bytes(batch._build())).next_batch()


def test_each_partition_has_its_records_in_order() -> None:
    packer = Packer(UNCOMPRESSED)
    for partition, value in ((0, b"1"), (1, b"2"), (0, b"3")):
        packer.add("facts", partition, b"k", value)
    assert packer.records == 3
    assert ("facts", 0) in packer
    assert ("facts", 2) not in packer
    assert ("claims", 0) not in packer
    found = [(topic, partition, values(batch)) for topic, partition, batch in packer.batches()]
    assert found == [("facts", 0, [b"1", b"3"]), ("facts", 1, [b"2"])]


def test_a_full_batch_goes_before_the_one_that_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BATCH_BYTES", 200)
    packer = Packer(UNCOMPRESSED)
    for number in range(6):
        packer.add("facts", 0, b"k", b"%d" % number * 50)
    packer.add("claims", 0, b"k", b"last")
    assert packer.records == 7
    batches = packer.batches()
    assert [batch[:2] for batch in batches] == [("facts", 0)] * (len(batches) - 1) + [("claims", 0)]
    found = [value[:1] for *_, batch in batches[:-1] for value in values(batch)]
    assert len(batches) > 3
    assert found == [b"0", b"1", b"2", b"3", b"4", b"5"], "none is lost, none comes twice"


def test_a_batch_that_goes_out_takes_no_more_records() -> None:
    packer = Packer(UNCOMPRESSED)
    packer.add("facts", 0, b"k", b"1")
    ((*_, batch),) = packer.batches()
    assert batch.append(timestamp=0, key=b"k", value=b"2") is None


@pytest.mark.parametrize(("codec", "transactional"), [(UNCOMPRESSED, True), (COMPRESSED, False)])
def test_compression_transaction_and_time_are_in_the_header_of_a_batch(
    codec: int, transactional: bool
) -> None:
    packer = Packer(codec, transactional)
    packer.add("facts", 0, b"k", b"1")
    ((*_, batch),) = packer.batches()
    found = header(batch)
    assert found.compression_type == codec
    assert found.is_transactional is transactional
    assert found.first_timestamp == 0, "the broker sets the time"


def test_a_packer_is_not_transactional_unless_told_and_its_batches_are_bounded() -> None:
    packer = Packer(UNCOMPRESSED)
    packer.add("facts", 0, b"k", b"x" * (BATCH_BYTES - 1024))
    packer.add("facts", 0, b"k", b"y" * 2048)
    batches = packer.batches()
    assert len(batches) == 2
    assert not header(batches[0][2]).is_transactional
