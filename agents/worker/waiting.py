"""A partition of a stage behind a watermark: what it is told is applied once marks vouch that all is there."""

from collections.abc import Sequence

from agents.kafka.raw_batches import RawBatch
from agents.worker.partition_processor import PartitionProcessor
from stream.outputs.outputs import Outputs
from stream.stages.keys import Keys
from stream.stages.people import People


class WaitingProcessor(PartitionProcessor):
    stage: Keys | People

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self.stage.add((r.offset, r.value) for batch in batches for r in batch.records)
        self.stage.advance(out)
        return out

    @property
    def committable(self) -> int:
        return self.stage.committable
