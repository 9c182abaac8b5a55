"""The watermark of the people stage: the smallest evidence over all input partitions.

Source: docs/semantics.md, 1. A mark says "partition i of N has evidence up to T" and stands behind all
facts it vouches for; what is before the smallest T of all N can get no more company.
"""

from collections.abc import Mapping
from typing import Final

from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import Mark


def mark(evidence: Mapping[int, int], sources: int) -> bytes:
    """The value of a mark: evidence (ms) by input partition, of how many there are."""
    return facts.encode(Mark(sources, dict(evidence)))


class Watermark:
    def __init__(self, sources: int) -> None:
        self.evidence: Final = [NEVER] * sources
        self.value = NEVER
        """Ms; -1 until every source has been heard of."""

    def move(self, mark: Mark) -> None:
        """Takes a mark in; evidence never moves back, and a mark of another number of sources is void."""
        if mark.sources != len(self.evidence):
            return
        for source, time in mark.evidence.items():
            self.evidence[source] = max(self.evidence[source], time)
        self.value = min(self.evidence)
