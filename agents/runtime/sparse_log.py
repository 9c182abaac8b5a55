"""Log lines about things that may happen very often: one line in a while for each sort, with a count."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from agents.runtime.log import say

SORTS: Final = 2_000
"""Sorts that are remembered. Their parts come from closed sets, and few combinations occur."""

NOTHING: Final[Mapping[str, str]] = {}


class SparseLog:
    """`every`: seconds between two lines of one sort, so that a flood of input cannot fill the disk."""

    def __init__(
        self,
        log: logging.Logger,
        every: float,
        clock: Callable[[], float] = time.monotonic,
        counted: str = "events",
    ) -> None:
        self._log = log
        self._every = every
        self._clock = clock
        self._counted = counted
        self._told: dict[tuple[str, ...], float] = {}
        self._untold: dict[tuple[str, ...], int] = {}

    def tell(
        self, what: str, number: int = 1, example: Mapping[str, str] = NOTHING, **sort: str
    ) -> None:
        """`sort` says what is one sort; `example` is of this one alone and makes none."""
        key, now = (what, *sort.values()), self._clock()
        if now - self._told.get(key, now - self._every) < self._every:
            self._untold[key] = self._untold.get(key, 0) + number
            return
        if len(self._told) >= SORTS:
            self._told.clear()
            self._untold.clear()
        self._told[key] = now
        counted = {self._counted: number + self._untold.pop(key, 0)}
        say(self._log, what, logging.WARNING, **sort, **example, **counted)
