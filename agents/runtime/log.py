"""Log lines of the form `word key=value`. They hold nothing of an event's content."""

import logging
import sys
import time
from typing import Final

OFTEN_S: Final = 10.0
"""Seconds between two equal lines of a library. While a broker is away, a library logs hundreds of lines a second."""

DIFFERENT: Final = 500
"""Lines in memory. Above this number the memory starts again."""


def say(logger: logging.Logger, what: str, level: int = logging.INFO, **fields: object) -> None:
    """Logs one line. `what`: a word for what happened · `fields`: its numbers and names."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", " ".join([what, *(f"{k}={v}" for k, v in fields.items())]))


class Repeated(logging.Filter):
    """Lets a library's line pass once in OFTEN_S, with the number of those between. Lines of this service always pass."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("triggers"):
            return True
        line = record.name, record.getMessage()
        now = time.monotonic()
        passed, left_out = self._seen.get(line, (now - OFTEN_S, 0))
        if now - passed < OFTEN_S:
            self._seen[line] = passed, left_out + 1
            return False
        if len(self._seen) >= DIFFERENT:
            self._seen.clear()
        self._seen[line] = now, 0
        if left_out:
            record.msg, record.args = f"{line[1]} ({left_out} times more)", None
        return True


def configure() -> None:
    """Logs everything to stderr, in UTC; of libraries only warnings and errors."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(Repeated())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("triggers").setLevel(logging.INFO)
