"""What one stage tells the stages after it: how far its partitions in this worker have decided.

A mark stands behind all that it vouches for: in the batch of what was held back, or behind it. The producer is
idempotent, so the broker takes no mark of a partition before what was sent to it earlier. With transactions a mark is
sent once what it vouches for is committed. Source: docs/semantics.md, 1.
"""

from collections.abc import Iterable, Sequence

from faust.types import TP

from agents.worker.assignment import Assignment
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import OutputProducer, acknowledged
from stream.stages.watermark import watermark_record
from stream.state.cart import NEVER


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

    async def announce(self) -> int:
        """Tells all partitions how far was decided until now. As `repeat`."""
        announced = {
            processor.tp.partition: await processor.acked_time() for processor in self._processors()
        }
        if not announced:
            return NEVER
        self._announced = announced
        return await self.repeat(self._to)

    async def repeat(self, to: Iterable[TP]) -> int:
        """Sends the last mark once more. The broker's time (ms) at which all had been appended, or earlier; NEVER if
        that is not known."""
        value = watermark_record(self._announced, self._sources, self._stage)
        acked = await acknowledged(await self._producer.send_watermark(value, to))
        return min((each.timestamp for each in acked), default=NEVER)
