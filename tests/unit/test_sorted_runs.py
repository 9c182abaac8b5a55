"""An external merge sort: any lines, any size of memory, the same order."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from agents.replay import sorted_runs
from agents.replay.sorted_runs import SortedRuns


def sorted_lines(times: list[int], most: int, width: int) -> tuple[list[bytes], int]:
    """(lines in their order, the largest number of files)."""
    with TemporaryDirectory() as name, patch.object(sorted_runs, "WIDTH", width):
        folder = Path(name)
        runs, largest = SortedRuns(folder, most), 0
        for number, t in enumerate(times):
            runs.add(t, line(t, number))
            largest = max(largest, len(list(folder.iterdir())))
        return list(runs.in_order()), largest


def line(t: int, number: int) -> bytes:
    return b'{"t":%d,"id":"%d"}' % (t, number)


@given(
    times=st.lists(st.integers(0, 20), max_size=80),
    most=st.integers(1, 200),
    width=st.integers(2, 5),
)
def test_lines_come_in_order_of_time_and_of_arrival(
    times: list[int], most: int, width: int
) -> None:
    found, _ = sorted_lines(times, most, width)
    ranked = sorted(enumerate(times), key=lambda each: (each[1], each[0]))
    assert found == [line(t, number) + b"\n" for number, t in ranked]


def test_runs_are_merged_so_that_few_files_are_open() -> None:
    _, largest = sorted_lines([*range(300)], 1, 4)
    assert 8 < largest <= 4 * 3 + 4


def test_lines_that_fit_into_memory_make_no_file(tmp_path: Path) -> None:
    runs = SortedRuns(tmp_path, 1_000)
    for number, t in enumerate((5, 3)):
        runs.add(t, line(t, number))
    assert list(runs.in_order()) == [line(3, 1) + b"\n", line(5, 0) + b"\n"]
    assert list(tmp_path.iterdir()) == []
