"""The ends of what is read of a foreign message: its nesting, its numbers, the columns of a row."""

import pytest

from stream.connect import reading, snowplow_row


@pytest.mark.parametrize(("levels", "is_read"), [(100, True), (101, False)])
def test_a_hundred_levels_of_nesting_are_read(levels: int, is_read: bool) -> None:
    document = reading.parse(b"[" * levels + b"]" * levels)
    assert (document is not reading.UNREADABLE) is is_read


def test_a_whole_number_reaches_to_10_to_the_15() -> None:
    assert [reading.whole(10**15), reading.whole(10**15 + 1)] == [10**15, None]


def test_a_whole_id_is_written_without_a_point_up_to_10_to_the_15() -> None:
    assert [reading.text(1e15), reading.text(2e15)] == ["1000000000000000", "2000000000000000.0"]


def test_a_row_of_snowplow_reaches_to_its_unstructured_event() -> None:
    row = "\t".join(["web", *[""] * 57, "{}"])
    assert snowplow_row.columns(row) == {"app_id": "web", "unstruct_event": "{}"}
    assert snowplow_row.columns(row.removesuffix("\t{}")) is None
