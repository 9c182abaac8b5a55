"""A partition of the claims: the keys stage, for which people wait."""

import asyncio
from collections.abc import Sequence

from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.worker.metrics import KEYS, Metrics
from agents.worker.partition_processor import Snapshot
from agents.worker.producer import Sender, Source
from agents.worker.waiting import WaitingShard
from stream.stages.keys import Keys


class KeysShard(WaitingShard):
    """`advanced` is set whenever the stage may have more to tell, so that nobody waits for the next round."""

    name = KEYS
    stage: Keys

    def __init__(
        self,
        layout: Layout,
        source: Source,
        changelog: str,
        sender: Sender,
        metrics: Metrics,
        advanced: asyncio.Event,
    ) -> None:
        super().__init__(source, changelog, sender, metrics)
        self.stage = Keys(layout.inputs)
        self._advanced = advanced

    async def take(self, batches: Sequence[RawBatch]) -> None:
        await super().take(batches)
        self._advanced.set()

    async def catch_up(self) -> None:
        await super().catch_up()
        self._advanced.set()

    def flushed(self, snapshot: Snapshot) -> None:
        super().flushed(snapshot)
        self._advanced.set()
