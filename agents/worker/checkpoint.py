"""The flush: what has been decided becomes durable, in the one order that loses nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from faust.types import TP

from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Shard
from agents.worker.producer import acknowledged
from agents.worker.transactional_producer import TransactionalSender

Commit = Callable[[Mapping[TP, int]], Awaitable[bool]]


class Flush:
    """One at a time in a process."""

    def __init__(self, commit: Commit, metrics: Metrics) -> None:
        self._commit = commit
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._failed: Exception | None = None

    async def __call__(self, shards: Collection[Shard]) -> None:
        """Raises what the producer or the commit raises, and from then on always: memory is ahead of
        the log for good, and the process must end.
        """
        async with self._lock:
            if self._failed:
                raise self._failed
            try:
                await self._write(shards)
            except Exception as error:
                self._failed = error
                raise

    async def _write(self, shards: Collection[Shard]) -> None:
        began = time.monotonic()
        plain = [shard for shard in shards if shard.unsaved and not shard.transaction]
        changed = await asyncio.gather(
            self._append(plain),
            *(
                s.transaction.unless_left(transact(s, s.transaction))
                for s in shards
                if s.transaction
            ),
        )
        if any(changed):
            self._metrics.flush.observe(time.monotonic() - began)

    async def _append(self, shards: Collection[Shard]) -> bool:
        """Outputs acknowledged, then state acknowledged, then the offset committed."""
        snapshots = []
        for shard in shards:
            snapshots.append((shard, await shard.snapshot()))
            await asyncio.sleep(0)  # who decides at once need not wait for the others' packing
        await acknowledged([ack for _, snapshot in snapshots for ack in snapshot.acks])
        await acknowledged([a for shard, s in snapshots for a in await shard.write(s)])
        offsets = {s.tp: snap.offset for s, snap in snapshots if snap.offset != s.committed}
        if offsets and not await self._commit(offsets):
            return False
        for shard, snapshot in snapshots:
            shard.flushed(snapshot)
        return bool(offsets)


async def transact(shard: Shard, sender: TransactionalSender) -> bool:
    """Outputs, state and offset in one transaction. Nothing is applied while it ends."""
    async with shard.lock:
        if not shard.unsaved:
            shard.durable = shard.clock
            return False
        snapshot, clock = await shard.taken(), shard.clock
        await acknowledged([*snapshot.acks, *await shard.write(snapshot)])
        moved = snapshot.offset != shard.committed
        await sender.commit({shard.tp: snapshot.offset} if moved else {})
        shard.flushed(snapshot)
        shard.durable = clock
    return moved
