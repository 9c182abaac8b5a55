"""A partition of the input: events of the visitors stage, folded a fetched batch at a time."""

import logging
import time
from collections.abc import Sequence
from itertools import chain
from typing import Final

from agents.kafka.raw_batches import RawBatch
from agents.runtime.log import say
from agents.worker.input_log import InputLog
from agents.worker.metrics import VISITORS, Metrics
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import OutputProducer, Provenance
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import VisitorBackend
from stream.stages.visitors import Visitors

log = logging.getLogger("triggers.visitors")

REPORTED_EVERY_S: Final = 60.0
"""From line to line of the log about brokers whose clocks differ by more than the margin."""


class VisitorsProcessor(PartitionProcessor):
    """A partition of the input. `idle_watermark`: the time (ms) that the broker's clock has called over, by marks alone."""

    name = VISITORS
    stage: Visitors

    def __init__(
        self,
        recipes: Recipes,
        source: Provenance,
        changelog: str,
        producer: OutputProducer,
        metrics: Metrics,
        make: VisitorBackend | None = None,
    ) -> None:
        super().__init__(source, changelog, producer, metrics)
        self.stage = Visitors(recipes, make)
        self.idle_watermark = -1
        self._pending_end: tuple[int, int] | None = None
        self._reported = -REPORTED_EVERY_S
        self._input = InputLog(source.partition)

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self._count_behind(batches)
        self.stage.process(chain.from_iterable(batch.rows() for batch in batches), out)
        self._input.told(out)
        if self._pending_end and batches[-1].next >= self._pending_end[0]:
            self._advance(self._pending_end[1], out)
        return out

    def _count_behind(self, batches: Sequence[RawBatch]) -> None:
        """Counts what a broker has stamped before the time that is called over."""
        behind = [b for b in batches if b.time is not None and b.time < self.idle_watermark]
        if not behind:
            return
        records = sum(batch.count for batch in behind)
        self._metrics.behind.inc(records)
        now = time.monotonic()
        if now - self._reported > REPORTED_EVERY_S:
            self._reported = now
            most = self.idle_watermark - min(batch.time or 0 for batch in behind)
            number = self.source.partition
            say(log, "clocks_apart", logging.WARNING, partition=number, records=records, ms=most)

    async def confirm_end(self, end: int, reached: int) -> None:
        """The broker's clock stood at `reached` (ms) before the partition ended at `end`: as soon as the
        position is there, all before that time is in."""
        async with self.lock:
            if self.closed:
                return
            if self.position < end:
                self._pending_end = self._pending_end or (end, reached)
                return
            out = Outputs()
            self._advance(reached, out)
            await self.send(out)

    def _advance(self, reached: int, out: Outputs) -> None:
        self._pending_end = None
        self.idle_watermark = max(self.idle_watermark, reached)
        self.stage.advance(reached, out)

    @property
    def committable(self) -> int:
        return self.stage.position
