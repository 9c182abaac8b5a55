"""The watermark of a stage: the smallest evidence over all partitions that feed it. Source: docs/semantics.md, 1.

A watermark record says "partition i of N has evidence up to T". It follows all facts before T on its topic. So no fact
before the smallest T of all partitions can still come. The visitors stage feeds the keys stage; both feed the people
stage.
"""

from collections.abc import Mapping
from typing import Final

from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import WatermarkRecord

VISITORS: Final = "visitors"
KEYS: Final = "keys"


def watermark_record(evidence: Mapping[int, int], sources: int, stage: str = VISITORS) -> bytes:
    """The value of a watermark record: evidence (ms) by partition of a stage with `sources` partitions."""
    return facts.encode(WatermarkRecord(sources, dict(evidence), stage))


class Watermark:
    """`inputs`: partitions of the input topic · `keys`: partitions of the claims, 0 if keys do not feed it."""

    def __init__(self, inputs: int, keys: int = 0) -> None:
        self.evidence: Final = [NEVER] * inputs
        """Evidence of the visitors stage (ms), by partition of the input topic."""
        self.value = NEVER
        """The watermark (ms), -1 until every source has sent evidence."""
        self._of: Final = {VISITORS: self.evidence, KEYS: [NEVER] * keys}

    def move(self, watermark_record: WatermarkRecord) -> None:
        """Applies a watermark record. Evidence never goes back. A record for another number of sources is ignored."""
        evidence = self._of.get(watermark_record.stage)
        if evidence is None or watermark_record.sources != len(evidence):
            return
        for source, time in watermark_record.evidence.items():
            evidence[source] = max(evidence[source], time)
        self.value = min(map(min, filter(None, self._of.values())))
