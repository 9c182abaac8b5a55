"""Counts of few things. A post has one event most often, and collections.Counter takes longer to be made than to count it."""

from collections.abc import Iterable


def tally(names: Iterable[str]) -> dict[str, int]:
    """How often each name is there."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found
