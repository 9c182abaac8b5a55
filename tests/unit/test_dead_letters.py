"""The record of a rejected event on `storefront.rejected`: its bytes, cut if they are too many, and why."""

from typing import Any, cast

import pytest

from agents.kafka.decompression import Oversized
from agents.kafka.raw_batches import RawBatch
from agents.worker import dead_letters

LARGEST = 1_966_080  # bytes: 128 KiB less than the topic accepts


class Record:
    def __init__(self, offset: int, value: bytes | None, key: bytes | None = b"v") -> None:
        self.offset, self.value, self.key = offset, value, key
        self.timestamp = 1_000 + offset
        self.headers: list[tuple[str, bytes | None]] = [("trace", b"t"), ("empty", None)]


def batch(*records: Any, time: int | None = None) -> RawBatch:
    return RawBatch(cast(Any, records), records[0].offset, records[-1].offset + 1, time)


def letter(record: Any, time: int | None = None) -> tuple[Any, Any, dict[str, bytes | None]]:
    faults = [(record.offset, "not_json", "$.a")]
    ((key, value, headers),) = dead_letters.records(faults, [batch(record, time=time)], "events", 3)
    return key, value, dict(headers)


def test_a_letter_has_the_record_and_says_why_and_where() -> None:
    value = b'{"type": "order.placed"'
    assert letter(Record(7, value)) == (
        b"v",
        value,
        {
            "trace": b"t",
            "empty": None,
            "reason": b"not_json",
            "path": b"$.a",
            "topic": b"events",
            "partition": b"3",
            "offset": b"7",
            "time": b"1007",
            "type": b"order.placed",
        },
    )


def test_the_time_is_the_brokers_if_the_batch_has_it() -> None:
    assert letter(Record(7, b"x"), time=55)[2]["time"] == b"55"
    assert letter(Record(7, b"x"), time=0)[2]["time"] == b"0"


def test_a_record_without_a_type_or_a_value_has_no_type() -> None:
    assert "type" not in letter(Record(7, b"x"))[2]
    key, value, headers = letter(Record(7, None, None))
    assert (key, value, "type" in headers, "size" in headers) == (None, None, False, False)


def test_each_fault_finds_its_record_among_the_batches() -> None:
    batches = [
        batch(Record(0, b"a"), Record(1, b"b")),
        batch(Record(2, b"c")),
        batch(Record(3, b"d")),
    ]
    faults = [(3, "r", "$"), (1, "r", "$"), (2, "r", "$")]
    rows = list(dead_letters.records(faults, batches, "events", 0))
    assert [value for _, value, _ in rows] == [b"d", b"b", b"c"]


def room(record: Record) -> int:
    """Bytes of the largest value that is kept whole."""
    headers = sum(len(name) + len(text or b"") for name, text in record.headers)
    return LARGEST - len(record.key or b"") - headers


@pytest.mark.parametrize("key", [None, b"v", b"k" * 3_000])
def test_a_record_that_the_topic_accepts_is_kept_whole_and_a_larger_one_is_cut(
    key: bytes | None,
) -> None:
    record = Record(7, b"", key)
    record.value = b"x" * room(record)
    found, value, headers = letter(record)
    assert (found, value, "size" in headers) == (key, record.value, False)
    record.value += b"x"
    found, value, headers = letter(record)
    assert found == (key or b"")[:1024]
    assert value == b"x" * (LARGEST - 4096)
    assert headers["size"] == b"%d" % (LARGEST + 1)
    assert "trace" not in headers, "foreign headers may be long"


def test_the_stand_in_for_a_batch_that_is_too_large_has_no_bytes() -> None:
    key, value, headers = letter(Oversized(7, 9, [("records", b"12")]))
    assert (key, value) == (None, None)
    assert (headers["records"], headers["reason"]) == (b"12", b"not_json")
