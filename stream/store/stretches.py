"""Splits long work into stretches, so that other tasks can run in between."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeVar

AT_A_STRETCH: Final = 2_000
"""States packed or let go in one stretch, and tombstones of one commit. More: exit triggers wait longer (packing a
state takes 2 to 10 µs). Fewer: more stretches."""

T = TypeVar("T")


def in_parts(of: dict[str, T]) -> Iterator[dict[str, T]]:
    """The items of a dict, in parts. The dict must not change meanwhile."""
    items = iter(of.items())
    while part := dict(islice(items, AT_A_STRETCH)):
        yield part


def let_go(of: dict[str, T]) -> Iterator[list[Any]]:
    """Empties a dict. Yields an empty list after each part: to free 100,000 states at once takes a quarter of a second."""
    while of:
        for _ in range(min(AT_A_STRETCH, len(of))):
            of.popitem()
        yield []
