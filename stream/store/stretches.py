"""Long work in stretches, between which others have their turn."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeVar

AT_A_STRETCH: Final = 2_000
"""States packed at a stretch, and graves buried with a commit. More: whoever decides at once waits longer (packing
takes 2 to 10 µs each); fewer: more stretches."""

T = TypeVar("T")


def in_parts(of: dict[str, T]) -> Iterator[dict[str, T]]:
    """A part at a time, of a dict that does not change meanwhile."""
    items = iter(of.items())
    while part := dict(islice(items, AT_A_STRETCH)):
        yield part
