"""The offset that may be committed while older records are open."""

from hypothesis import given
from hypothesis import strategies as st

from agents.kafka.offset_tracker import OffsetTracker


def test_without_records_there_is_nothing_to_commit() -> None:
    assert OffsetTracker().position == -1


def test_the_oldest_open_record_holds_the_offset() -> None:
    progress = OffsetTracker()
    for offset in (5, 6, 9):
        progress.begin(offset, at=float(offset))
    progress.settle(6)
    progress.settle(9)
    assert (progress.position, progress.span, progress.since) == (5, 3, 5.0)
    progress.settle(5)
    assert (progress.position, progress.span, progress.since) == (10, 0, None)


@given(st.sets(st.integers(0, 10**6), min_size=1), st.randoms(use_true_random=False), st.data())
def test_no_offset_is_passed_before_its_record_is_settled(offsets, order, data) -> None:  # type: ignore[no-untyped-def]
    progress, open_ = OffsetTracker(), sorted(offsets)
    for offset in open_:
        progress.begin(offset, 0.0)
    last = open_[-1]
    for offset in order.sample(open_, data.draw(st.integers(0, len(open_)))):
        progress.settle(offset)
        open_.remove(offset)
        assert progress.position == (open_[0] if open_ else last + 1)
