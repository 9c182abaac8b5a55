"""The processor of a stage that waits for a watermark. It applies a record once the watermark has passed it."""

import time
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from agents.kafka.raw_batches import RawBatch
from agents.worker.partition_processor import PartitionProcessor, Snapshot
from stream.outputs.outputs import Outputs
from stream.stages.waiting import WaitingStage

IDLE_COMMIT_S: Final = 30.0
"""Seconds between commits if only watermark records were read. Longer: a restart reads more of them again.
Shorter: needless commits."""


class WaitingProcessor(PartitionProcessor):
    """The processor. Claims or facts wait in its stage. After a crash it reads those again that were not applied."""

    stage: WaitingStage[Any, Any]
    _saved_at = 0.0

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self.stage.add(chain.from_iterable(batch.values() for batch in batches))
        self.stage.advance(out)
        return out

    @property
    def committable(self) -> int:
        return self.stage.committable

    @property
    def unsaved(self) -> bool:
        """Whether a checkpoint is due. Watermark records alone change no state, and may be read again."""
        if self.stage.changed or self._acks:
            return True
        return (
            self.committable != self.committed and time.monotonic() - self._saved_at > IDLE_COMMIT_S
        )

    def checkpointed(self, snapshot: Snapshot) -> None:
        self._saved_at = time.monotonic()
        super().checkpointed(snapshot)
