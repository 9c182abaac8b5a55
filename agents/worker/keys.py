"""The processor of a partition of the claims. It runs the keys stage."""

import asyncio
from collections.abc import Sequence

from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.worker.metrics import KEYS, Metrics
from agents.worker.partition_processor import Snapshot
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.waiting import WaitingProcessor
from stream.stages.keys import Keys


class KeysProcessor(WaitingProcessor):
    """The processor. It sets `advanced` when the stage may announce a later time, so that the people stage waits less."""

    name = KEYS
    stage: Keys

    def __init__(
        self,
        layout: Layout,
        source: Provenance,
        changelog: str,
        producer: OutputProducer,
        metrics: Metrics,
        advanced: asyncio.Event,
    ) -> None:
        super().__init__(source, changelog, producer, metrics)
        self.stage = Keys(layout.inputs)
        self._advanced = advanced

    async def take(self, batches: Sequence[RawBatch]) -> None:
        await super().take(batches)
        self._advanced.set()

    async def catch_up(self) -> None:
        await super().catch_up()
        self._advanced.set()

    def checkpointed(self, snapshot: Snapshot) -> None:
        super().checkpointed(snapshot)
        self._advanced.set()
