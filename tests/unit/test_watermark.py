"""The watermark is the smallest evidence over all partitions that feed a stage, and never moves back."""

from stream.stages.watermark import KEYS, Watermark, watermark_record
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import WatermarkRecord


def moved(*marks: WatermarkRecord, sources: int = 2) -> int:
    made = Watermark(sources)
    for each in marks:
        made.move(each)
    return made.value


def test_the_watermark_waits_for_every_partition() -> None:
    assert moved(WatermarkRecord(2, {0: 50})) == NEVER
    assert moved(WatermarkRecord(2, {0: 50}), WatermarkRecord(2, {1: 70})) == 50


def test_one_watermark_record_may_cover_several_partitions() -> None:
    assert moved(WatermarkRecord(2, {0: 50, 1: 40})) == 40


def test_it_never_moves_back() -> None:
    assert moved(WatermarkRecord(2, {0: 50, 1: 50}), WatermarkRecord(2, {0: 10, 1: 60})) == 50


def test_a_watermark_record_of_another_number_of_partitions_is_ignored() -> None:
    assert moved(WatermarkRecord(2, {0: 50, 1: 50}), WatermarkRecord(3, {0: 90, 1: 90})) == 50


def test_a_watermark_record_is_read_as_it_was_written() -> None:
    assert facts.decode(watermark_record({3: 50}, 4)) == WatermarkRecord(4, {3: 50})


def both(*marks: WatermarkRecord) -> int:
    """The watermark of a people stage with two input partitions and one of keys."""
    made = Watermark(2, 1)
    for each in marks:
        made.move(each)
    return made.value


INPUTS = WatermarkRecord(2, {0: 50, 1: 70})


def test_people_wait_for_the_keys_too() -> None:
    assert both(INPUTS) == NEVER
    assert both(INPUTS, WatermarkRecord(1, {0: 40}, KEYS)) == 40
    assert both(INPUTS, WatermarkRecord(1, {0: 60}, KEYS)) == 50


def test_evidence_of_keys_alone_does_not_move_the_watermark() -> None:
    assert both(WatermarkRecord(1, {0: 40}, KEYS)) == NEVER


def test_a_watermark_record_of_another_number_of_keys_is_ignored() -> None:
    assert both(INPUTS, WatermarkRecord(2, {0: 40}, KEYS)) == NEVER


def test_a_stage_without_keys_ignores_their_watermark_records() -> None:
    made = Watermark(1)
    made.move(WatermarkRecord(1, {0: 40}, KEYS))
    assert made.value == NEVER


def test_a_watermark_record_of_keys_is_read_as_it_was_written() -> None:
    assert facts.decode(watermark_record({0: 50}, 4, KEYS)) == WatermarkRecord(4, {0: 50}, KEYS)
