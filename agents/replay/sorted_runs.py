"""Puts lines into order of time within bounded memory: an external merge sort.

Lines gather in memory up to a size. Then they are sorted and written to a file, a run; at last the runs are merged. Lines of
equal time keep the order in which they came.
"""

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from agents.replay.event_file import AT_ONCE

MOST: Final = 64 * 1024 * 1024
"""Bytes of lines in memory; Python needs about half as much again. More: more memory. Fewer: more files."""

WIDTH: Final = 64
"""Runs that are merged at a time. More: more open files. Fewer: large input is written more often."""

TimedLine = tuple[float, bytes]
"""(t in ms, an event as JSON in one line)."""

_time_of: Final = itemgetter(0)


class _Timed(Struct):
    t: int | float


_timed: Final = msgspec.json.Decoder(_Timed).decode


class SortedRuns:
    """The lines. `folder`: gets the runs, and is for the caller to remove · `most`: bytes of lines in memory, such as MOST."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._waiting: list[TimedLine] = []
        self._size = 0
        self._levels: list[list[Path]] = []
        """Runs by how often they have been merged. Those of a higher level came earlier."""
        self._written = 0

    def add(self, t: float, line: bytes) -> None:
        """Adds a line without its end, whose field `t` is this time. Raises OSError."""
        self._waiting.append((t, line))
        self._size += len(line)
        if self._size >= self._most:
            self._keep(self._taken(), 0)

    def in_order(self) -> Iterator[bytes]:
        """All lines, with their ends. They can be read once. Raises OSError."""
        runs = [run for level in reversed(self._levels) for run in level]
        for _, line in _merged(runs, self._taken()):
            yield line + b"\n"

    def _taken(self) -> list[TimedLine]:
        """The lines in memory, in their order. The memory is empty then."""
        taken, self._waiting, self._size = self._waiting, [], 0
        taken.sort(key=_time_of)
        return taken

    def _keep(self, lines: Iterable[TimedLine], level: int) -> None:
        """Writes a run. The last WIDTH runs of a level become one of the next."""
        if level == len(self._levels):
            self._levels.append([])
        runs = self._levels[level]
        runs.append(self._run(lines))
        if len(runs) == WIDTH:
            self._levels[level] = []
            self._keep(_merged(runs), level + 1)
            for run in runs:
                run.unlink()

    def _run(self, lines: Iterable[TimedLine]) -> Path:
        run = self._folder / str(self._written)
        self._written += 1
        with run.open("wb", buffering=AT_ONCE) as file:
            file.writelines(line + b"\n" for _, line in lines)
        return run


def _merged(runs: Iterable[Path], last: Iterable[TimedLine] = ()) -> Iterator[TimedLine]:
    """The lines of the runs, and those of memory, which came last."""
    with ExitStack() as opened:
        files = [opened.enter_context(run.open("rb", buffering=AT_ONCE)) for run in runs]
        logs = [((_timed(line).t, line[:-1]) for line in file) for file in files]
        yield from heapq.merge(*logs, last, key=_time_of)
