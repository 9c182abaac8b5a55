"""Logs frequent events: at most one line of each sort in a period, with a count."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from agents.runtime.log import say

SORTS: Final = 2_000
"""Sorts that are remembered. At this number all are forgotten. Few occur, because their parts come from closed sets."""

NOTHING: Final[Mapping[str, str]] = {}


class SparseLog:
    """A log. `every`: seconds between two lines of one sort, so that a flood of input cannot fill the disk · `counted`:
    the name of the count in a line."""

    def __init__(
        self,
        log: logging.Logger,
        every: float,
        clock: Callable[[], float] = time.monotonic,
        counted: str = "events",
        level: int = logging.WARNING,
    ) -> None:
        self._log = log
        self._every = every
        self._clock = clock
        self._counted = counted
        self._level = level
        self._logged_at: dict[tuple[str, ...], float] = {}
        self._unlogged: dict[tuple[str, ...], int] = {}

    def tell(
        self, what: str, number: int = 1, example: Mapping[str, str] = NOTHING, **sort: str
    ) -> None:
        """Logs `number` events of one sort, or counts them for its next line. `what` and `sort` define the sort.
        `example`: further fields of the line."""
        key, now = (what, *sort.values()), self._clock()
        if now - self._logged_at.get(key, now - self._every) < self._every:
            self._unlogged[key] = self._unlogged.get(key, 0) + number
            return
        if len(self._logged_at) >= SORTS:
            self._logged_at.clear()
            self._unlogged.clear()
        self._logged_at[key] = now
        counted = {self._counted: number + self._unlogged.pop(key, 0)}
        say(self._log, what, self._level, **sort, **example, **counted)
