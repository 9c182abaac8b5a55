"""The processor of a partition of the input. It runs the visitors stage."""

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
from agents.worker.recipes_follower import RecipesFollower, latest
from agents.worker.watermark_handshake import WatermarkHandshake
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.backend import VisitorBackend
from stream.stages.visitors import Visitors

log = logging.getLogger("triggers.visitors")

REPORTED_EVERY_S: Final = 60.0
"""Seconds between two log lines about brokers whose clocks differ by more than the margin."""


class VisitorsProcessor(PartitionProcessor):
    """The processor of an input partition."""

    name = VISITORS
    stage: Visitors

    def __init__(
        self,
        recipes: Recipes | History,
        source: Provenance,
        changelog: str,
        producer: OutputProducer,
        metrics: Metrics,
        backend: VisitorBackend | None = None,
        follower: RecipesFollower | None = None,
    ) -> None:
        """`follower` None: no document ever comes into force."""
        super().__init__(source, changelog, producer, metrics)
        self.stage = Visitors(recipes, backend)
        self._follower = follower
        self.handshake = WatermarkHandshake()
        self._reported = -REPORTED_EVERY_S
        self._input_log = InputLog(source.partition)

    async def admitted(self, batches: Sequence[RawBatch]) -> bool:
        """Waits until every document is known that may be in force at the events' times. False if closed first."""
        if self._follower is None or self._follower.knows(time := latest(batches)):
            return True
        return await self._follower.wait_until_known(time, lambda: self.closed)

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self._count_behind(batches)
        self.stage.process(chain.from_iterable(batch.rows() for batch in batches), out)
        self._input_log.report(out)
        reached = self.handshake.passed(batches[-1].next)
        if reached is not None:
            self.stage.advance(reached, out)
        return out

    def _count_behind(self, batches: Sequence[RawBatch]) -> None:
        """Counts records whose broker's time is before the idle watermark: the brokers' clocks differ too much."""
        behind = [
            batch
            for batch in batches
            if batch.time is not None and batch.time < self.handshake.idle_watermark
        ]
        if not behind:
            return
        records = sum(batch.count for batch in behind)
        self._metrics.behind.inc(records)
        now = time.monotonic()
        if now - self._reported > REPORTED_EVERY_S:
            self._reported = now
            largest = self.handshake.idle_watermark - min(batch.time or 0 for batch in behind)
            number = self.source.partition
            say(log, "clocks_apart", logging.WARNING, partition=number, records=records, ms=largest)

    async def confirm_end(self, end: int, time: int) -> None:
        """Notes that the partition ended at `end`, some time after the broker's clock showed `time` (ms)."""
        async with self.lock:
            if self.closed:
                return
            reached = self.handshake.confirm_end(end, time, self.position)
            if reached is not None:
                out = Outputs()
                self.stage.advance(reached, out)
                await self.send(out)

    @property
    def committable(self) -> int:
        return self.stage.position
