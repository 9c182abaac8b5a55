"""A checkpoint makes decisions durable, in the only order that loses nothing: outputs, state, offset.

While the states of a partition are packed, no event is applied. So a checkpoint that is not urgent pauses after some
states, and exit triggers of other partitions are sent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Final

from faust.types import TP

from agents.worker.metrics import Metrics
from agents.worker.partition_processor import PartitionProcessor, Snapshot
from agents.worker.producer import acknowledged
from agents.worker.transactional_producer import TransactionalProducer

Commit = Callable[[Mapping[TP, int]], Awaitable[bool]]

STATES: Final = 250
"""States between two pauses of a checkpoint. More: exit triggers wait longer (packing and sending a state takes 20 µs).
Fewer: more requests to the broker, and a longer checkpoint."""

PAUSE_S: Final = 0.01
"""Seconds of a pause. Longer: a checkpoint takes longer. Shorter: the pause is too short to process new events."""

PAUSES_S: Final = 0.25
"""Approximate seconds of all pauses of a checkpoint. Longer: a restart reprocesses more events."""


class Checkpoint:
    """Makes processors durable. Only one checkpoint runs at a time in a process."""

    def __init__(self, commit: Commit, metrics: Metrics) -> None:
        self._commit = commit
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._urgent = 0
        """The number of callers that wait for an urgent checkpoint."""
        self._failed: Exception | None = None

    async def __call__(
        self, processors: Collection[PartitionProcessor], *, urgent: bool = True
    ) -> None:
        """Makes the processors durable. Raises what the producer or the commit raises.

        `urgent`: it does not pause, and ends the pauses of a running checkpoint.
        After a failure every call raises it again: memory stays ahead of the log, so the process must end.
        """
        self._urgent += urgent
        try:
            async with self._lock:
                if self._failed:
                    raise self._failed
                try:
                    await self._write(processors)
                except Exception as error:
                    self._failed = error
                    raise
        finally:
            self._urgent -= urgent

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
        """Writes outputs and states, with pauses, then commits all offsets."""
        slices = sum(processor.stage.unwritten for processor in processors) // STATES
        pause_s = min(PAUSE_S, PAUSES_S / (slices + 1))
        written: list[tuple[PartitionProcessor, Snapshot]] = []
        for group in list(_groups(processors)):
            for processor in group:
                await self._pack_ahead(processor, pause_s)
            written += await _write_states(group)
        written = [(each, snapshot) for each, snapshot in written if not each.forgotten]
        offsets = {
            processor.tp: snapshot.offset
            for processor, snapshot in written
            if snapshot.offset != processor.committed
        }
        if offsets and not await self._commit(offsets):
            return False
        for processor, snapshot in written:
            processor.checkpointed(snapshot)
        return bool(offsets)

    async def _pack_ahead(self, processor: PartitionProcessor, pause_s: float) -> None:
        """Packs most of the changed states, with pauses. No event of the partition is applied during the snapshot."""
        for _ in range(processor.stage.unwritten // STATES):
            if self._urgent:
                return
            await processor.pack_ahead(STATES)
            await asyncio.sleep(pause_s)


def _groups(processors: Collection[PartitionProcessor]) -> Iterator[list[PartitionProcessor]]:
    """The processors in order. A group ends as soon as it has STATES changed states."""
    group: list[PartitionProcessor] = []
    states = 0
    for processor in processors:
        group.append(processor)
        states += processor.stage.unwritten
        if states >= STATES:
            yield group
            group, states = [], 0
    if group:
        yield group


async def _write_states(
    processors: Collection[PartitionProcessor],
) -> list[tuple[PartitionProcessor, Snapshot]]:
    """Waits for the outputs, writes the states and waits for them. Returns the written snapshots."""
    snapshots = []
    for processor in processors:
        snapshot = await processor.snapshot()
        # a forgotten processor may have dropped outputs before sending them
        if not processor.forgotten:
            snapshots.append((processor, snapshot))
        await asyncio.sleep(0)  # let exit triggers go out while states are packed
    await acknowledged([ack for _, snapshot in snapshots for ack in snapshot.acks])
    await acknowledged(
        [ack for processor, snapshot in snapshots for ack in await processor.write(snapshot)]
    )
    return snapshots


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
