"""Says what an error of a Kafka client means, for commands that end with it."""

import logging
from typing import Final

from agents.runtime.log import Repeated

NOT_REACHED: Final = "Unable to bootstrap from"
"""How the messages of both clients begin, after the name of the error, if none of the given addresses answers."""

RAW: Final = 'Unable connect to "'
"""How aiokafka's line for such an address begins. Its line for a broker that was there once begins otherwise."""

_repeated: Final = Repeated()


def told(error: Exception) -> str:
    """The error in words: the client's own, unless no broker answered. Those hold Python's view of a socket."""
    if NOT_REACHED in str(error):
        return "no broker answers; TRIGGERS_KAFKA must name one that is up"
    return str(error) or type(error).__name__


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(RAW)


def leave_out_raw_lines() -> None:
    """Drops aiokafka's line for each given address that does not answer, and its repeated lines, of commands that log
    nothing themselves. They say it in a sentence. Programs that run for long set up a log of their own."""
    if logging.lastResort is not None:
        logging.lastResort.addFilter(_is_worth_a_line)
        logging.lastResort.addFilter(_repeated)
