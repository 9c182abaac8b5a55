"""Free ports of this machine. A port is given to one caller only."""

import fcntl
import os
import random
import socket
from functools import cache
from typing import Final

from agents.local.jars import default_cache

FIRST: Final = 10_000
LAST: Final = 32_000
"""These lie below the ports of outgoing connections (Linux from 32768, others from 49152). Among those, a client that
keeps trying a stopped server's port can connect to itself, and the server finds its port taken when it comes back."""

_given: set[int] = set()


def free(count: int) -> list[int]:
    """`count` different free ports at 127.0.0.1. Raises OSError if there are none.

    No port is given twice: a server takes seconds to listen, and may be stopped and started again.
    """
    found: list[int] = []
    for _ in range(1000):
        if len(found) == count:
            return found
        port = random.SystemRandom().randint(FIRST, LAST)
        if port not in _given and is_free(port) and _claim(port):
            _given.add(port)
            found.append(port)
    raise OSError(f"no free port from {FIRST} to {LAST}")


def is_free(port: int) -> bool:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claim(port: int) -> bool:
    """Takes a port until this process ends, in whatever way: a lock on one byte of a file."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


@cache
def _claims() -> int:
    """The file of locks. It stays open while the process runs: to close it would give up every lock."""
    folder = default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / "ports", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
