"""Counts names. Most posts have one event, and to create a collections.Counter takes longer than to count it here."""

from collections.abc import Iterable


def tally(names: Iterable[str]) -> dict[str, int]:
    """How often each name occurs."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
