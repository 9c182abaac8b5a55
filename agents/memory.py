"""What a worker frees it keeps for itself: it needs as much again with the next fetch."""

import ctypes
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""

KEPT: Final = 64 * 1024 * 1024
"""Bytes. Without, glibc gives each fetch's buffers back and gets them anew from the kernel, which clears
them: a tenth of a worker's CPU."""


def keep() -> None:
    """For glibc; with another C library nothing is done."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, KEPT // 2)
        mallopt(_TRIM_THRESHOLD, KEPT)


def trim() -> None:
    """Gives back what is free now: after a start more than will be needed again."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim:
        malloc_trim(0)
