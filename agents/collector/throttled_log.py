"""Log lines of what was refused: one for each sort in a while, with how many there were, and nothing of them."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from agents.collector.validation import Refused
from agents.runtime.sparse_log import SparseLog

log = logging.getLogger("triggers.collector")

OFTEN_S: Final = 10.0


class ThrottledLog:
    """A sort is a source, a type, a reason and a path, all of closed sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = SparseLog(log, OFTEN_S, clock)

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        for each in refused:
            self._log.tell(
                "refused", source=source, type=each.type, reason=each.reason, path=each.path
            )

    def unknown(self, source: str, name: str) -> None:
        """An event of a source's own for which there is no row in any table."""
        self._log.tell("unknown_event", source=source, name=readable(name))


def readable(name: str) -> str:
    """The name of a foreign event as a log and a metric may show it."""
    plain = "".join(letter for letter in name if letter.isalnum() or letter in " ._:/$-")
    return plain[:64].replace(" ", "_")
