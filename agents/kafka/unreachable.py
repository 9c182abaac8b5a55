"""Says what an error of a Kafka client means, for commands that end with it."""

from typing import Final

NOT_REACHED: Final = "Unable to bootstrap from"
"""How the messages of both clients begin, after the name of the error, if none of the given addresses answers."""


def told(error: Exception) -> str:
    """The error in words: the client's own, unless no broker answered. Those hold Python's view of a socket."""
    if NOT_REACHED in str(error):
        return "no broker answers; TRIGGERS_KAFKA must name one that is up"
    return str(error)
