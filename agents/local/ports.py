"""Finds free ports of this machine. Each port goes to one caller only."""

import fcntl
import os
import random
import socket
from functools import cache
from typing import Final

from agents.local.jars import default_cache

FIRST: Final = 10_000
LAST: Final = 32_000
"""The range is below the ports of outgoing connections (Linux from 32768, others from 49152). Among those, a client that
keeps trying the port of a stopped server can connect to itself. The server then finds its port in use when it starts."""

_given: set[int] = set()


def free(count: int) -> list[int]:
    """`count` different free ports at 127.0.0.1. Raises OSError if there are not enough.

    It returns no port twice: a server takes seconds to listen, and may be stopped and started again.
    """
    found: list[int] = []
    for _ in range(1000):
        if len(found) == count:
            return found
        port = random.SystemRandom().randint(FIRST, LAST)
        if _take(port):
            found.append(port)
    raise OSError(f"no free port from {FIRST} to {LAST}")


def row(count: int) -> int:
    """The first of `count` free ports at 127.0.0.1 that follow each other. Raises OSError if there are none."""
    for _ in range(1000):
        first = random.SystemRandom().randint(FIRST, LAST - count)
        if all(map(_take, range(first, first + count))):
            return first
    raise OSError(f"no {count} free ports in a row from {FIRST} to {LAST}")


def _take(port: int) -> bool:
    """Takes a port, if it is free and nobody has it."""
    if port in _given or not is_free(port) or not _claim(port):
        return False
    _given.add(port)
    return True


def is_free(port: int) -> bool:
    """Whether this process can listen on the port at 127.0.0.1."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claim(port: int) -> bool:
    """Reserves a port until this process ends, even if it is killed: locks the byte of that number in a file."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


@cache
def _claims() -> int:
    """The descriptor of the file of locks. It stays open while the process runs: to close it would release every lock."""
    folder = default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / "ports", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
