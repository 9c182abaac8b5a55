"""Log lines: short, structured as `word key=value`, without anything of an event's content."""

import logging
import sys
import time


def say(logger: logging.Logger, what: str, level: int = logging.INFO, **fields: object) -> None:
    """One line: what happened, and numbers that belong to it. A stack, if any, follows it."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", " ".join([what, *(f"{k}={v}" for k, v in fields.items())]))


def configure() -> None:
    """Everything to stderr, UTC; the libraries from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("triggers").setLevel(logging.INFO)
