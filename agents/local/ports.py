"""Ports of this machine that are free."""

import random
import socket
from typing import Final

FIRST: Final = 10_000
LAST: Final = 32_000
"""Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152).
Among those, a client that tries a stopped server's port again and again can meet itself there,
and the server finds its port taken when it comes back."""


def free(count: int) -> list[int]:
    """So many different ones, at 127.0.0.1. Raises OSError if there are none."""
    found: set[int] = set()
    for _ in range(1000):
        if len(found) == count:
            return list(found)
        port = random.SystemRandom().randint(FIRST, LAST)
        if is_free(port):
            found.add(port)
    raise OSError(f"no free port from {FIRST} to {LAST}")


def is_free(port: int) -> bool:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
