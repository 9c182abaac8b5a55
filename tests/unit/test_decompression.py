"""Batches that are too large after decompression become rejected records, in each codec."""

import gzip
from typing import Any, cast

import aiokafka.record.default_records as both
import cramjam
import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record._crecords import default_records
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.structs import TopicPartition
from crc32c import crc32c

from agents.kafka import compression, decompression, raw_batches
from agents.kafka.retained_batches import RetainedBatches
from agents.worker import dead_letters
from stream.events import decoding
from stream.events.records import Record

MB = 1024 * 1024
BASE = 7
CODECS = {"plain": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
VIEW = b'{"id":"e-1","type":"page.viewed","visitor":"v-1"}'


@pytest.fixture(autouse=True)
def _bounded() -> None:
    decompression.install()


def packed(codec: int, *values: bytes) -> bytes:
    """A batch as stored by the broker, with the first offset BASE."""
    builder = DefaultRecordBatchBuilder(2, codec, False, -1, -1, -1, 400 * MB)
    for number, value in enumerate(values):
        builder.append(number, timestamp=1000 + number, key=b"v-1", value=value, headers=[])
    data = builder.build()
    data[:8] = BASE.to_bytes(8, "big")
    return bytes(data)


def read(data: bytes, blocks: bool = False) -> tuple[list[raw_batches.RawBatch], Any]:
    fetched = PartitionRecords(
        TopicPartition("t", 0),
        RetainedBatches(data),
        [],
        0,
        None,
        None,
        True,
        READ_COMMITTED,
    )
    return list(raw_batches.raw_batches(fetched, blocks)), fetched


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_within_bounds_is_read_as_it_was_written(codec: int) -> None:
    values = [VIEW, b"x" * 300_000, b"", VIEW * 2000]
    (batch,), _ = read(packed(codec, *values))
    assert [bytes(record.value or b"") for record in batch.records] == values
    assert [record.offset for record in batch.records] == [BASE, 8, 9, 10]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_of_which_one_bit_is_another_is_not_read(codec: int) -> None:
    first, data = packed(codec, VIEW), packed(codec, VIEW, VIEW * 2000)
    attributes = 21
    for place in (attributes, len(data) // 2, len(data) - 1):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x10
        with pytest.raises(CorruptRecordException):
            read(first + bytes(spoilt))


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=list(CODECS)[1:])
def test_a_decompression_bomb_is_one_rejected_record_for_its_whole_batch(codec: int) -> None:
    data = packed(codec, *[b" " * MB] * 33)
    assert len(data) < 2 * MB
    (batch,), fetched = read(data)
    assert (batch.base, batch.next, fetched.next_fetch_offset) == (BASE, BASE + 33, BASE + 33)
    (row,) = batch.rows()
    offset, _, key, value = cast(Record, row)
    assert (offset, key) == (BASE, None)
    with pytest.raises(decoding.Rejected) as fault:
        decoding.parse(value)
    assert fault.value.reason == "too_large"
    (dead,) = dead_letters.records([(offset, "too_large", "$")], [batch], "t", 0)
    assert dead[:2] == (None, None)
    assert ("records", b"33") in dead[2]
    assert ("offset", b"7") in dead[2]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("blocks", [False, True])
def test_very_many_empty_records_are_one_rejected_record(
    codec: int, blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 1000
    monkeypatch.setattr(decompression, "LARGEST", most * decompression.RECORD)
    for count, whole in ((most, True), (most + 1, False)):
        data = packed(codec, *[b""] * count)
        (batch,), _ = read(data, blocks)
        assert batch.count == (count if whole else 1)
        assert isinstance(batch.records[0], decompression.Oversized) is not whole
        assert batch.next == BASE + count


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=list(CODECS)[1:])
def test_a_batch_behind_a_bomb_is_read(codec: int) -> None:
    bomb = packed(codec, *[b" " * MB] * 33)
    behind = bytearray(packed(codec, VIEW))
    behind[:8] = (BASE + 33).to_bytes(8, "big")
    (_, batch), _ = read(bomb + bytes(behind))
    assert [bytes(record.value or b"") for record in batch.records] == [VIEW]


def test_a_batch_at_the_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(4, b" " * MB)
    before = decompression.unpacked()
    read(data)
    size = decompression.unpacked() - before - decompression.RECORD
    for most, refused in ((size, False), (size - 1, True)):
        monkeypatch.setattr(decompression, "LARGEST", most)
        monkeypatch.setattr(decompression, "_buffer", type(decompression._buffer)())
        (batch,), _ = read(data)
        assert isinstance(batch.records[0], decompression.Oversized) is refused


def test_the_replaced_decoders_exist_in_the_installed_release() -> None:
    assert both.DefaultRecordBatch.__module__ == default_records.__name__


def stamped(data: bytes) -> bytes:
    """The batch as appended by a broker that sets the time of all records."""
    appended = bytearray(data)
    appended[22] |= 0x08
    appended[17:21] = crc32c(bytes(appended[21:])).to_bytes(4, "big")
    return bytes(appended)


SIZES = {"small": [VIEW], "large": [b"", VIEW * 2000], "bomb": [b" " * MB] * 33}


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("values", SIZES.values(), ids=SIZES)
def test_a_block_is_of_the_batch_that_aiokafka_reads(
    codec: int, values: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both readers return the same batches, and neither returns an incomplete one."""
    one = packed(codec, *values)
    data = one + stamped(one) + one[:-1]
    here, fetched = read(data, blocks=True)
    monkeypatch.setattr(RetainedBatches, "next_block", lambda *_: None)
    there, by_aiokafka = read(data, blocks=True)
    assert fetched.next_fetch_offset == by_aiokafka.next_fetch_offset == BASE + len(values)
    assert [described(batch) for batch in here] == [described(batch) for batch in there]


def described(batch: raw_batches.RawBatch) -> tuple[Any, ...]:
    def kept(row: Any) -> tuple[Any, ...]:
        return tuple(bytes(each) if isinstance(each, memoryview) else each for each in row)

    rows = [kept(row) for row in batch.rows() if not isinstance(row[-1], decompression.Oversized)]
    return batch.base, batch.next, batch.time, batch.count, rows


def test_a_small_batch_is_not_compressed() -> None:
    """Any zstd decoder can decompress it."""
    for size in (0, 1, 255, 256, compression.SMALL - 1, 65_000):
        payload = bytes(n * 7 % 256 for n in range(size))
        assert bytes(cramjam.zstd.decompress(compression.stored(payload))) == payload
    small, large = b"x" * (compression.SMALL - 1), b"x" * compression.SMALL
    assert len(compression.zstd_encode(small)) > len(small)
    assert len(compression.zstd_encode(large)) < len(large)


def test_a_plain_batch_is_passed_on_without_a_copy() -> None:
    source = RetainedBatches(packed(0, VIEW))
    read_ = source.next_block(True)
    assert read_ is not None
    assert isinstance(read_[4][4], memoryview)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 1023])
def test_a_small_frame_has_its_size_and_its_bytes(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    assert bytes(cramjam.zstd.decompress(compression.stored(payload))) == payload
    assert compression.zstd_encode(payload) == compression.stored(payload)


def test_a_batch_of_a_kibibyte_is_compressed() -> None:
    assert len(compression.zstd_encode(b"x" * 1024)) < 100
    assert len(compression.zstd_encode(b"x" * 1023)) > 1023
    packed_ = compression.gzip_encode(b"x" * 9_999)
    assert packed_[:2] == b"\x1f\x8b"
    assert decompression.gzip_decode(packed_) == b"x" * 9_999


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=list(CODECS)[1:])
def test_a_batch_has_up_to_32_mib(codec: int) -> None:
    most = 32 * MB
    pack = (gzip.compress, cramjam.snappy.compress_raw, cramjam.lz4.compress, cramjam.zstd.compress)
    decode = decompression.DECODERS[codec]
    assert len(decode(bytes(pack[codec - 1](bytes(most))))) == most
    with pytest.raises(decompression.DecompressionBomb):
        decode(bytes(pack[codec - 1](bytes(most + 1))))


def test_a_batch_that_says_it_is_too_large_is_not_decompressed() -> None:
    """Of a snappy block the first bytes have the size; the rest of this one is no block."""
    block = bytes(cramjam.snappy.compress_raw(bytes(32 * MB + 1)))[:9] + b"no block"
    java = decompression.XERIAL + len(block).to_bytes(4, "big") + block
    for payload in (block, java):
        with pytest.raises(decompression.DecompressionBomb):
            decompression.snappy_decode(payload)


def test_an_empty_batch_is_read_at_once() -> None:
    """Compaction leaves such batches."""
    data = packed(0)
    assert len(data) == 61, "a head without a record"
    found = RetainedBatches(data).next_block(True)
    assert found is not None
    assert (found[1], found[4][3]) == (BASE, 0)


def test_a_batch_with_too_many_records_is_too_much_work() -> None:
    most = 335_544
    before = decompression.unpacked()
    decompression.count_records(most)
    assert decompression.unpacked() == before + most * 100
    with pytest.raises(decompression.DecompressionBomb):
        decompression.count_records(most + 1)


@pytest.mark.parametrize("decode", [decompression.lz4_decode, decompression.zstd_decode])
def test_bytes_that_are_no_frame_are_an_error_and_no_bomb(decode: Any) -> None:
    with pytest.raises(cramjam.DecompressionError):
        decode(b"no frame at all")


def test_a_wrong_checksum_of_a_block_raises_unless_the_check_is_off() -> None:
    data = bytearray(packed(0, VIEW))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordException, match=f"offset {BASE}"):
        RetainedBatches(bytes(data)).next_block(True)
    assert RetainedBatches(bytes(data)).next_block(False) is not None


def test_the_size_of_a_fetch_is_that_of_its_bytes() -> None:
    data = packed(0, VIEW)
    assert RetainedBatches(data).size_in_bytes() == len(data)
    assert RetainedBatches(data).has_next()
    assert not RetainedBatches(data[:-1]).has_next()
    assert not RetainedBatches(data[:11]).has_next()
    assert not RetainedBatches(b"").has_next()


@pytest.mark.parametrize("version", [0, 1])
def test_a_batch_of_an_older_format_is_checked_and_has_no_block(version: int) -> None:
    builder = LegacyRecordBatchBuilder(version, 0, MB)
    builder.append(0, timestamp=5, key=b"k", value=VIEW)
    source = RetainedBatches(bytes(builder.build()))
    assert source.next_block(True) is None
    read_ = source.next_batch()
    assert source.is_whole(read_)
    assert source.count == 0
    assert source.block(read_, None) is None


def test_a_block_of_a_changelog_is_passed_on_whole() -> None:
    (batch,), _ = read(packed(0, VIEW, VIEW), blocks=True)
    (block,), (pair,) = batch.rows(), batch.pairs()
    assert block is pair
    assert cast(Any, block)[:2] == (BASE, 1000), "the time of its first record"
    assert (batch.base, batch.next, batch.count) == (BASE, BASE + 2, 2)
    assert [record.value for record in batch.records] == [VIEW, VIEW]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_block_is_read_at_once_unless_its_batch_belongs_to_a_transaction(codec: int) -> None:
    data = bytearray(packed(codec, VIEW))
    assert RetainedBatches(bytes(data)).next_block(True) is not None
    for bit in (0x10, 0x20):
        changed = bytearray(data)
        changed[22] |= bit
        source = RetainedBatches(bytes(changed))
        assert source.next_block(False) is None
        assert source.has_next(), "it has not moved"
