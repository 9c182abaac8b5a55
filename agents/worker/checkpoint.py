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

        After a failure every call raises it again: memory stays ahead of the log, so the process must end.
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
        at_least_once = [
            processor for processor in processors if processor.unsaved and not processor.transaction
        ]
        changed = await asyncio.gather(
            self._append(at_least_once),
            *(
                each.transaction.run_until_fenced(commit_transaction(each, each.transaction))
                for each in processors
                if each.transaction
            ),
        )
        if any(changed):
            self._metrics.checkpoint.observe(time.monotonic() - began)

    async def _append(self, processors: Collection[PartitionProcessor]) -> bool:
        """Waits for the outputs, writes the state and waits for it, then commits the offset."""
        snapshots = []
        for processor in processors:
            snapshot = await processor.snapshot()
            # a forgotten processor may have dropped outputs that were not sent
            if not processor.forgotten:
                snapshots.append((processor, snapshot))
            await asyncio.sleep(0)  # let exit triggers go out while states are packed
        await acknowledged([ack for _, snapshot in snapshots for ack in snapshot.acks])
        await acknowledged(
            [ack for processor, snapshot in snapshots for ack in await processor.write(snapshot)]
        )
        offsets = {
            processor.tp: snapshot.offset
            for processor, snapshot in snapshots
            if snapshot.offset != processor.committed
        }
        if offsets and not await self._commit(offsets):
            return False
        for processor, snapshot in snapshots:
            processor.checkpointed(snapshot)
        return bool(offsets)


async def commit_transaction(
    processor: PartitionProcessor, producer: TransactionalProducer
) -> bool:
    """Commits outputs, state and offset in one transaction. The processor applies nothing meanwhile."""
    async with processor.lock:
        if not processor.unsaved:
            processor.committed_watermark = processor.clock
            return False
        snapshot, clock = await processor.snapshot_locked(), processor.clock
        await acknowledged([*snapshot.acks, *await processor.write(snapshot)])
        has_moved = snapshot.offset != processor.committed
        await producer.commit({processor.tp: snapshot.offset} if has_moved else {})
        processor.checkpointed(snapshot)
        processor.committed_watermark = clock
    return has_moved
