"""A checkpoint makes decisions durable, in the only order that loses nothing: outputs, state, offset."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from faust.types import TP

from agents.worker.metrics import Metrics
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import acknowledged
from agents.worker.transactional_producer import TransactionalProducer

Commit = Callable[[Mapping[TP, int]], Awaitable[bool]]


class Checkpoint:
    """Makes processors durable. Only one checkpoint runs at a time in a process."""

    def __init__(self, commit: Commit, metrics: Metrics) -> None:
        self._commit = commit
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._failed: Exception | None = None

    async def __call__(self, processors: Collection[PartitionProcessor]) -> None:
        """Makes the processors durable. Raises what the producer or the commit raises.

        After a failure every call raises it again: memory is ahead of the log for good, and the process must end.
        """
        async with self._lock:
            if self._failed:
                raise self._failed
            try:
                await self._write(processors)
            except Exception as error:
                self._failed = error
                raise

    async def _write(self, processors: Collection[PartitionProcessor]) -> None:
        began = time.monotonic()
        plain = [
            processor for processor in processors if processor.unsaved and not processor.transaction
        ]
        changed = await asyncio.gather(
            self._append(plain),
            *(
                s.transaction.run_until_fenced(commit_transaction(s, s.transaction))
                for s in processors
                if s.transaction
            ),
        )
        if any(changed):
            self._metrics.checkpoint.observe(time.monotonic() - began)

    async def _append(self, processors: Collection[PartitionProcessor]) -> bool:
        """Waits for the outputs, writes the state and waits for it, then commits the offset."""
        snapshots = []
        for processor in processors:
            snapshot = await processor.snapshot()
            # of a forgotten processor outputs may have been dropped before they were sent
            if not processor.forgotten:
                snapshots.append((processor, snapshot))
            await asyncio.sleep(0)  # let exit triggers go out while states are packed
        await acknowledged([ack for _, snapshot in snapshots for ack in snapshot.acks])
        await acknowledged([a for processor, s in snapshots for a in await processor.write(s)])
        offsets = {s.tp: snap.offset for s, snap in snapshots if snap.offset != s.committed}
        if offsets and not await self._commit(offsets):
            return False
        for processor, snapshot in snapshots:
            processor.checkpointed(snapshot)
        return bool(offsets)


async def commit_transaction(
    processor: PartitionProcessor, producer: TransactionalProducer
) -> bool:
    """Commits outputs, state and offset in one transaction. Nothing is applied while it ends."""
    async with processor.lock:
        if not processor.unsaved:
            processor.committed_watermark = processor.clock
            return False
        snapshot, clock = await processor.snapshot_locked(), processor.clock
        await acknowledged([*snapshot.acks, *await processor.write(snapshot)])
        moved = snapshot.offset != processor.committed
        await producer.commit({processor.tp: snapshot.offset} if moved else {})
        processor.checkpointed(snapshot)
        processor.committed_watermark = clock
    return moved
