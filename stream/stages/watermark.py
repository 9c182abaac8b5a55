"""The watermark of a stage: the smallest evidence over all partitions that send to it.

Source: docs/semantics.md, 1. A mark says "partition i of N has evidence up to T" and stands behind all
facts and claims it vouches for; what is before the smallest T of all N can get no more company.
"""

from collections.abc import Mapping
from typing import Final

from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import Mark

VISITORS: Final = "visitors"
KEYS: Final = "keys"


def mark(evidence: Mapping[int, int], sources: int, stage: str = VISITORS) -> bytes:
    """The value of a mark: evidence (ms) by partition of the stage's input, of how many there are."""
    return facts.encode(Mark(sources, dict(evidence), stage))


class Watermark:
    """`sources`: input partitions · `keys`: partitions of the keys stage, if it sends, too."""

    def __init__(self, sources: int, keys: int = 0) -> None:
        self.evidence: Final = {VISITORS: [NEVER] * sources, KEYS: [NEVER] * keys}
        self.value = NEVER
        """Ms; -1 until every source has been heard of."""

    def move(self, mark: Mark) -> None:
        """Takes a mark in; evidence never moves back, and a mark of another number of sources is void."""
        evidence = self.evidence.get(mark.stage, [])
        if mark.sources != len(evidence):
            return
        for source, time in mark.evidence.items():
            evidence[source] = max(evidence[source], time)
        self.value = min(min(each) for each in self.evidence.values() if each)
