"""Makes glibc keep freed memory, because the next fetch uses it again."""

import ctypes
from collections.abc import Callable
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""

KEPT: Final = 64 * 1024 * 1024
"""Bytes to keep. With less, glibc returns the buffers of each fetch to the kernel and gets zeroed pages back, which
costs a tenth of a worker's CPU."""


def keep() -> None:
    mallopt = _glibc("mallopt")
    mallopt(_MMAP_THRESHOLD, KEPT // 2)
    mallopt(_TRIM_THRESHOLD, KEPT)


def trim() -> None:
    """Returns free memory to the kernel. A restore frees more than the worker will use again."""
    _glibc("malloc_trim")(0)


def _glibc(name: str) -> Callable[..., object]:
    """A function of glibc, or one that does nothing if the C library does not have it."""
    function: Callable[..., object] = getattr(ctypes.CDLL(None), name, lambda *given: None)
    return function
