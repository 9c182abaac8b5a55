"""The watermark is the smallest evidence over all input partitions, and never moves back."""

from stream.stages.watermark import Watermark, mark
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import Mark


def moved(*marks: Mark, sources: int = 2) -> int:
    made = Watermark(sources)
    for each in marks:
        made.move(each)
    return made.value


def test_it_waits_until_every_partition_has_been_heard_of() -> None:
    assert moved(Mark(2, {0: 50})) == NEVER
    assert moved(Mark(2, {0: 50}), Mark(2, {1: 70})) == 50


def test_one_mark_may_speak_for_several_partitions() -> None:
    assert moved(Mark(2, {0: 50, 1: 40})) == 40


def test_it_never_moves_back() -> None:
    assert moved(Mark(2, {0: 50, 1: 50}), Mark(2, {0: 10, 1: 60})) == 50


def test_a_mark_of_another_number_of_partitions_is_void() -> None:
    assert moved(Mark(2, {0: 50, 1: 50}), Mark(3, {0: 90, 1: 90})) == 50


def test_a_mark_is_read_as_it_was_written() -> None:
    assert facts.decode(mark({3: 50}, 4)) == Mark(4, {3: 50})
