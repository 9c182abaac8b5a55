"""Splits long work into stretches, so that other tasks have their turn in between."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeVar

AT_A_STRETCH: Final = 2_000
"""States packed at a stretch, and tombstones of a commit. More: exit triggers wait longer (packing takes 2 to 10 µs each);
fewer: more stretches."""

T = TypeVar("T")


def in_parts(of: dict[str, T]) -> Iterator[dict[str, T]]:
    """The items of a dict, a part at a time. The dict may not change meanwhile."""
    items = iter(of.items())
    while part := dict(islice(items, AT_A_STRETCH)):
        yield part
