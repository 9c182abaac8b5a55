"""Keeps freed memory for the next fetch, and small objects in huge pages.

glibc has the buffers of fetches, Python's arenas have small objects. Where no compiler was available, arenas stay as
Python has them.
"""

import ctypes
from collections.abc import Callable
from types import ModuleType
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
    if ARENAS is not None:
        ARENAS.install()


def trim() -> None:
    """Returns free memory to the kernel. A restore frees more than the worker will use again."""
    _glibc("malloc_trim")(0)
    if ARENAS is not None:
        ARENAS.trim()


def _glibc(name: str) -> Callable[..., object]:
    """A function of glibc, or one that does nothing if the C library does not have it."""
    function: Callable[..., object] = getattr(ctypes.CDLL(None), name, lambda *given: None)
    return function


def _built() -> ModuleType | None:
    try:
        from stream.native import _arenas  # noqa: PLC0415 - it is not everywhere
    except ImportError:  # pragma: no cover - where there was no compiler
        return None
    return _arenas


ARENAS: Final = _built()
"""The compiled allocator of arenas; None if it was not built."""
