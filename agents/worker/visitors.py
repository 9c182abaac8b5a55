"""The visitors agent: events of the input topic, folded a fetched batch at a time."""

import logging
import time
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from faust.types import StreamT

from agents.kafka.raw_batches import RawBatch
from agents.runtime.log import say
from agents.worker.assignment import Ownership
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
    """A partition of the input. `proven`: evidence (ms) whose facts are all acknowledged · `called`: the time (ms)
    that the broker's clock has called over, by marks alone."""

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
        self.proven = self.called = -1
        self._promise: tuple[int, int] | None = None
        self._told = -TOLD_EVERY_S

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self._look_behind(batches)
        self.stage.process(chain.from_iterable(batch.rows() for batch in batches), out)
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
    def vouched(self) -> int:
        """The time (ms) that a broadcast would tell, as far as is known without waiting."""
        return self.durable if self.transaction else self.clock

    async def settle(self) -> None:
        """Waits until all that was decided now is acknowledged: so much may be broadcast."""
        self.proven = max(self.proven, await self.settled())

    @property
    def committable(self) -> int:
        return self.stage.position

    @property
    def clock(self) -> int:
        return self.stage.clock


def agent(ownership: Ownership) -> Any:
    async def visitors(stream: StreamT[Any]) -> None:
        async for event in stream.noack().events():
            await ownership.take(event.message)

    return visitors
