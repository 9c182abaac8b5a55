"""The watermark of a stage: the smallest evidence over all partitions that feed it. Source: docs/semantics.md, 1.

A mark says "partition i of N has evidence up to T" and stands behind all facts it vouches for; what is
before the smallest T of all can get no more company. Keys are fed by the visitors stage alone, people by
visitors and keys.
"""

from collections.abc import Mapping
from typing import Final

from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import WatermarkRecord

VISITORS: Final = "visitors"
KEYS: Final = "keys"


def watermark_record(evidence: Mapping[int, int], sources: int, stage: str = VISITORS) -> bytes:
    """The value of a mark: evidence (ms) by partition of a stage, of how many there are."""
    return facts.encode(WatermarkRecord(sources, dict(evidence), stage))


class Watermark:
    """`inputs`: partitions of the input topic · `keys`: partitions of the claims, 0 if no keys feed the stage."""

    def __init__(self, inputs: int, keys: int = 0) -> None:
        self.evidence: Final = [NEVER] * inputs
        """Ms, by partition of the input topic."""
        self.value = NEVER
        """Ms; -1 until every source has been heard of."""
        self._of: Final = {VISITORS: self.evidence, KEYS: [NEVER] * keys}

    def move(self, watermark_record: WatermarkRecord) -> None:
        """Takes a mark in; evidence never moves back, and a mark of another number of sources is void."""
        evidence = self._of.get(watermark_record.stage)
        if evidence is None or watermark_record.sources != len(evidence):
            return
        for source, time in watermark_record.evidence.items():
            evidence[source] = max(evidence[source], time)
        self.value = min(map(min, filter(None, self._of.values())))
