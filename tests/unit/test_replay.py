"""A backtest file as records for replay."""

import json
from typing import Any

import pytest

from agents.kafka.partitioner import partition_of
from agents.replay.records import CLOCK, Record, records
from stream.backtest import OutOfOrder
from stream.durations import DAY, MINUTE

T = 1_767_225_600_000


def line(t: Any, visitor: Any = "v-1", **fields: Any) -> bytes:
    event = {"t": t, "id": "e", "type": "activity.pinged", "visitor": visitor, **fields}
    return json.dumps(event).encode()


def clocks(time: int, partitions: int) -> list[Record]:
    return [Record(partition, time, None, CLOCK) for partition in range(partitions)]


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_belongs_to_the_partition_that_java_clients_give_it(key: bytes, hashed: int) -> None:
    assert partition_of(key, 7) == (hashed & 0x7FFFFFFF) % 7


def test_a_record_has_the_lines_time_bytes_and_visitor() -> None:
    given = line(T + 17, "v-1", id="e-1")
    found = list(records([given], 4))
    assert Record(partition_of(b"v-1", 4), T + 17, b"v-1", given) in found


def test_time_advances_on_each_full_minute_with_a_line_and_8_days_after_the_last() -> None:
    given = [line(T + 10), line(T + 20), line(T + 3 * MINUTE), line(T + 3 * MINUTE + 1)]
    found = [record for record in records(given, 2) if record.value == CLOCK]
    last = T + 3 * MINUTE + 1 + 8 * DAY
    assert found == [*clocks(T, 2), *clocks(T + 3 * MINUTE, 2), *clocks(last, 2)]


def test_the_full_minute_comes_before_its_lines() -> None:
    assert [record.value == CLOCK for record in records([line(T)], 1)] == [True, False, True]


def test_no_time_goes_back_in_any_partition() -> None:
    given = [line(T + step * 7_001, f"v-{step % 9}") for step in range(100)]
    for partition in range(4):
        times = [record.time for record in records(given, 4) if record.partition == partition]
        assert times == sorted(times)


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"5", b'{"visitor":"v-1"}', line(-1), line("x"), line(True)]
)
def test_a_line_without_a_time_keeps_its_bytes_and_gets_no_key_and_the_time_reached(
    broken: bytes,
) -> None:
    assert Record(0, T, None, broken) in list(records([line(T), broken], 4))


def test_a_line_whose_visitor_is_a_number_has_its_digits_for_key() -> None:
    assert Record(partition_of(b"7", 4), T, b"7", line(T, 7)) in list(records([line(T, 7)], 4))


def test_a_time_may_be_written_as_a_number_without_a_fraction() -> None:
    assert [record.time for record in records([line(float(T))], 1)][1] == T


def test_a_line_that_goes_back_is_an_error_with_its_number() -> None:
    with pytest.raises(OutOfOrder) as caught:
        list(records([line(T), b"broken", line(T - 1)], 4))
    assert caught.value.line == 3


def test_an_empty_file_moves_no_time() -> None:
    assert list(records([], 4)) == []


def test_a_record_of_an_event_without_a_visitor_has_its_pseudo_visitor_for_key() -> None:
    given = line(T, None, keys={"checkout": 7})
    (found,) = [record for record in records([given], 4) if record.value == given]
    assert found.key == b"~checkout:7"


def test_a_line_of_no_valid_event_gets_no_key() -> None:
    given = line(T, "null")
    assert Record(0, T, None, given) in list(records([given], 4))
