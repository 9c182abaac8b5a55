"""Log lines of the form `word key=value`. They contain no content of events."""

import logging
import re
import sys
import time
from typing import Final

OFTEN_S: Final = 10.0
"""Seconds between two equal lines of a library. While a broker is down, a library logs hundreds of lines a second."""

PAUSE: Final = re.compile(r"\d+\.\d+ secs")
"""The pause before a library tries again. Lines that differ in it only are equal."""

DIFFERENT: Final = 500
"""Different lines that are remembered. At this number all are forgotten."""

NEEDLESS: Final = ("kafka.net.selector", "faust.tables.recovery", "agents.worker.faust_app")
"""Loggers whose warnings nobody can act on: of steps of kafka-python that took 0.1 s, on a busy machine; of the recovery of
Faust's tables, of which there are none; of Faust's sensors, which miss a rebalance that ends another."""


def say(logger: logging.Logger, what: str, level: int = logging.INFO, **fields: object) -> None:
    """Logs one line. `what`: one word for the event · `fields`: its numbers and names."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", " ".join([what, *(f"{k}={v}" for k, v in fields.items())]))


class Repeated(logging.Filter):
    """A filter that passes equal lines of a library once in OFTEN_S, with the number of dropped ones. Lines of this
    service always pass."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("triggers"):
            return True
        message = record.getMessage()
        line = record.name, PAUSE.sub("", message)
        now = time.monotonic()
        passed, left_out = self._seen.get(line, (now - OFTEN_S, 0))
        if now - passed < OFTEN_S:
            self._seen[line] = passed, left_out + 1
            return False
        if len(self._seen) >= DIFFERENT:
            self._seen.clear()
        self._seen[line] = now, 0
        if left_out:
            record.msg, record.args = f"{message} ({left_out} times more)", None
        return True


def configure() -> None:
    """Configures logging to stderr, with times in UTC. Of libraries only warnings and errors are logged."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(Repeated())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("triggers").setLevel(logging.INFO)
    for name in NEEDLESS:
        logging.getLogger(name).setLevel(logging.ERROR)
