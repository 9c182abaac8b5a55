"""What a worker frees it keeps for itself: it needs as much again with the next fetch."""

import ctypes
from collections.abc import Callable
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""

KEPT: Final = 64 * 1024 * 1024
"""Bytes. Without, glibc gives each fetch's buffers back and gets them anew from the kernel, which clears
them: a tenth of a worker's CPU."""


def keep() -> None:
    mallopt = _glibc("mallopt")
    mallopt(_MMAP_THRESHOLD, KEPT // 2)
    mallopt(_TRIM_THRESHOLD, KEPT)


def trim() -> None:
    """Gives back what is free now: after a start more than will be needed again."""
    _glibc("malloc_trim")(0)


def _glibc(name: str) -> Callable[..., object]:
    """A function of glibc; with another C library nothing is done."""
    found: Callable[..., object] = getattr(ctypes.CDLL(None), name, lambda *given: None)
    return found
