"""A partition of a stage behind a watermark: a record is applied once the watermark has passed it."""

from collections.abc import Sequence
from typing import Any

from agents.kafka.raw_batches import RawBatch
from agents.worker.partition_processor import PartitionProcessor
from stream.outputs.outputs import Outputs
from stream.stages.stage import WaitingStage


class WaitingProcessor(PartitionProcessor):
    """Claims and facts wait in the stage. They are read again after a crash until they are applied."""

    stage: WaitingStage[Any, Any]

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self.stage.add((r.offset, r.value) for batch in batches for r in batch.records)
        self.stage.advance(out)
        return out

    @property
    def committable(self) -> int:
        return self.stage.committable
