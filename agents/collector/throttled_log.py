"""Log lines of what was refused: one for each sort in a while, with how many there were, and nothing of them."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from agents.collector.validation import Refused
from agents.runtime.log import say

log = logging.getLogger("triggers.collector")

OFTEN_S: Final = 10.0
"""From line to line of the same sort: whoever floods the collector must not fill the disk."""

SORTS: Final = 2_000
"""Sorts that are remembered: sources times types times reasons, of which few meet."""


class ThrottledLog:
    """A sort is a source, a type, a reason and a path, all of closed sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[tuple[str, ...], float] = {}
        self._untold: dict[tuple[str, ...], int] = {}

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        for each in refused:
            self._tell("refused", source, each.type, each.reason, each.path)

    def unknown(self, source: str, name: str) -> None:
        """An event of a source's own for which there is no row in any table."""
        self._tell("unknown_event", source, readable(name))

    def _tell(self, *sort: str) -> None:
        now = self._clock()
        if now - self._told.get(sort, now - OFTEN_S) < OFTEN_S:
            self._untold[sort] = self._untold.get(sort, 0) + 1
            return
        if len(self._told) >= SORTS:
            self._told.clear()
            self._untold.clear()
        self._told[sort] = now
        count = 1 + self._untold.pop(sort, 0)
        names = FIELDS[sort[0]]
        fields = dict(zip(names, sort[1:], strict=True))
        say(log, sort[0], logging.WARNING, **fields, events=count)


def readable(name: str) -> str:
    """The name of a foreign event as a log and a metric may show it."""
    plain = "".join(letter for letter in name if letter.isalnum() or letter in " ._:/$-")
    return plain[:64].replace(" ", "_")


FIELDS: Final = {
    "refused": ("source", "type", "reason", "path"),
    "unknown_event": ("source", "name"),
}
