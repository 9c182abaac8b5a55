"""What one stage tells the stages after it: how far its partitions in this worker have decided.

A mark stands behind all that it vouches for: it is sent once that is acknowledged, in a transaction committed.
Source: docs/semantics.md, 1.
"""

from collections.abc import Iterable, Sequence

from faust.types import TP

from agents.worker.assignment import Assignment
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import Ack, OutputProducer, acknowledged
from stream.stages.watermark import watermark_record


class Broadcast:
    """`stage`: by its name in marks and metrics · `sources`: all partitions of its input · `to`: who is told."""

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
        """Whether there is more to tell than was told last."""
        announced = self._announced
        return any(
            processor.announceable_watermark > announced.get(processor.tp.partition, -1)
            for processor in self._processors()
        )

    async def announce(self) -> None:
        """Tells all partitions what is acknowledged of what was decided until now."""
        processors = self._processors()
        if not processors:
            return
        for processor in processors:
            await processor.confirm_outputs()
        self._announced = {
            processor.tp.partition: processor.acked_watermark for processor in processors
        }
        await acknowledged(await self.repeat(self._to))

    async def repeat(self, to: Iterable[TP]) -> list[Ack]:
        """Sends the last mark once more."""
        return await self._producer.send_watermark(
            watermark_record(self._announced, self._sources, self._stage), to
        )
