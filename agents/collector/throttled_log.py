"""Logs refused events: at most one line of each sort in OFTEN_S seconds, with their number and without their content."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from agents.collector.validation import Refused
from agents.runtime.sparse_log import SparseLog

log = logging.getLogger("triggers.collector")

OFTEN_S: Final = 10.0


class ThrottledLog:
    """The log. A sort is (source, type, reason, path), all from closed sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = SparseLog(log, OFTEN_S, clock)

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        for each in refused:
            self._log.tell(
                "refused", source=source, type=each.type, reason=each.reason, path=each.path
            )

    def unknown(self, source: str, name: str) -> None:
        """Logs an event of a source whose name is in no table."""
        self._log.tell("unknown_event", source=source, name=readable(name))


def readable(name: str) -> str:
    """The name of a foreign event, made safe for a log line and a metric."""
    plain = "".join(letter for letter in name if letter.isalnum() or letter in " ._:/$-")
    return plain[:64].replace(" ", "_")
