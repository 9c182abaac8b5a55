"""A worker keeps the memory that it frees: the next fetch needs as much again."""

import ctypes
from collections.abc import Callable
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""

KEPT: Final = 64 * 1024 * 1024
"""Bytes. With less, glibc gives the buffers of each fetch back to the kernel and gets them again, cleared: a tenth
of a worker's CPU."""


def keep() -> None:
    mallopt = _glibc("mallopt")
    mallopt(_MMAP_THRESHOLD, KEPT // 2)
    mallopt(_TRIM_THRESHOLD, KEPT)


def trim() -> None:
    """Gives back what is free now. After a restore that is more than will be needed again."""
    _glibc("malloc_trim")(0)


def _glibc(name: str) -> Callable[..., object]:
    """A function of glibc; with another C library nothing is done."""
    found: Callable[..., object] = getattr(ctypes.CDLL(None), name, lambda *given: None)
    return found
