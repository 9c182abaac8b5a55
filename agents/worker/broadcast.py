"""Announces to later stages how far this worker's partitions of a stage have decided.

A watermark record follows all records that it covers, in the same batch or in a later one. The producer is
idempotent, so a watermark record cannot overtake records that were sent before it. With transactions it is
sent after the transaction of the records that it covers. Source: docs/semantics.md, 1.
"""

from collections.abc import Iterable, Sequence

from faust.types import TP

from agents.worker.assignment import Assignment
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import OutputProducer, acknowledged
from stream.stages.watermark import watermark_record
from stream.state.cart import NEVER


class Broadcast:
    """Sends the watermark records of a stage. `stage`: its name in watermark records and metrics.

    `sources`: the number of partitions of its input.
    `to`: the partitions that get watermark records.
    """

    def __init__(
        self,
        stage: str,
        sources: int,
        to: Sequence[TP],
        assignment: Assignment,
        producer: OutputProducer,
    ) -> None:
        self._stage = stage
        self._sources = sources
        self._to = to
        self._assignment = assignment
        self._producer = producer
        self._announced: dict[int, int] = {}

    def _processors(self) -> list[PartitionProcessor]:
        return [
            processor for processor in self._assignment.owned() if processor.name == self._stage
        ]

    def moved(self) -> bool:
        """Whether a partition has decided further than it last announced."""
        announced = self._announced
        return any(
            processor.announceable_watermark > announced.get(processor.tp.partition, -1)
            for processor in self._processors()
        )

    async def announce(self) -> int:
        """Announces to all partitions how far the stage has decided. Returns like `repeat`."""
        announced = {
            processor.tp.partition: await processor.acked_time() for processor in self._processors()
        }
        if not announced:
            return NEVER
        self._announced = announced
        return await self.repeat(self._to)

    async def repeat(self, to: Iterable[TP]) -> int:
        """Sends the last watermark record again.

        Returns the broker's time (ms) of the first append, or NEVER if nothing was sent.
        """
        value = watermark_record(self._announced, self._sources, self._stage)
        acked = await acknowledged(await self._producer.send_watermark(value, to))
        return min((each.timestamp for each in acked), default=NEVER)
