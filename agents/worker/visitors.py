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
from agents.worker.partition_processor import Shard
from agents.worker.producer import Sender, Source
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import Make
from stream.stages.visitors import Visitors

log = logging.getLogger("triggers.visitors")

TOLD_EVERY_S: Final = 60.0
"""From line to line of the log about brokers whose clocks differ by more than the margin."""


class VisitorsShard(Shard):
    """A partition of the input. `called`: the time (ms) that the broker's clock has called over, by marks alone."""

    name = VISITORS
    stage: Visitors

    def __init__(
        self,
        recipes: Recipes,
        source: Source,
        changelog: str,
        sender: Sender,
        metrics: Metrics,
        make: Make | None = None,
    ) -> None:
        super().__init__(source, changelog, sender, metrics)
        self.stage = Visitors(recipes, make)
        self.called = -1
        self._promise: tuple[int, int] | None = None
        self._told = -TOLD_EVERY_S
        self._input = InputLog(source.partition)

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self._look_behind(batches)
        self.stage.process(chain.from_iterable(batch.rows() for batch in batches), out)
        self._input.told(out)
        if self._promise and batches[-1].next >= self._promise[0]:
            self._advance(self._promise[1], out)
        return out

    def _look_behind(self, batches: Sequence[RawBatch]) -> None:
        """Counts what a broker has stamped before the time that is called over."""
        behind = [b for b in batches if b.time is not None and b.time < self.called]
        if not behind:
            return
        records = sum(batch.count for batch in behind)
        self._metrics.behind.inc(records)
        now = time.monotonic()
        if now - self._told > TOLD_EVERY_S:
            self._told = now
            most = self.called - min(batch.time or 0 for batch in behind)
            number = self.source.partition
            say(log, "clocks_apart", logging.WARNING, partition=number, records=records, ms=most)

    async def prove(self, end: int, reached: int) -> None:
        """The broker's clock stood at `reached` (ms) before the partition ended at `end`: as soon as the
        position is there, all before that time is in."""
        async with self.lock:
            if self.closed:
                return
            if self.position < end:
                self._promise = self._promise or (end, reached)
                return
            out = Outputs()
            self._advance(reached, out)
            await self.send(out)

    def _advance(self, reached: int, out: Outputs) -> None:
        self._promise = None
        self.called = max(self.called, reached)
        self.stage.advance(reached, out)

    @property
    def committable(self) -> int:
        return self.stage.position
