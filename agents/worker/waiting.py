"""One partition of a stage behind a watermark: a record is applied once the watermark has passed it."""

import time
from collections.abc import Sequence
from typing import Any, Final

from agents.kafka.raw_batches import RawBatch
from agents.worker.partition_processor import PartitionProcessor, Snapshot
from stream.outputs.outputs import Outputs
from stream.stages.waiting import WaitingStage

IDLE_COMMIT_S: Final = 30.0
"""Seconds until an offset is committed although only watermark records were read. Longer: a restart reads more
of them again. Shorter: needless commits."""


class WaitingProcessor(PartitionProcessor):
    """The processor. Claims and facts wait in its stage. After a crash those that were not applied are read again."""

    stage: WaitingStage[Any, Any]
    _saved = 0.0

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self.stage.add((r.offset, r.value) for batch in batches for r in batch.records)
        self.stage.advance(out)
        return out

    @property
    def committable(self) -> int:
        return self.stage.committable

    @property
    def unsaved(self) -> bool:
        """Whether there is anything to commit. Watermark records alone change nothing, and may be read again."""
        if self.stage.changed or self._acks:
            return True
        return self.committable != self.committed and time.monotonic() - self._saved > IDLE_COMMIT_S

    def checkpointed(self, snapshot: Snapshot) -> None:
        self._saved = time.monotonic()
        super().checkpointed(snapshot)
