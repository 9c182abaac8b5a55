"""The flush: what has been decided becomes durable, in the one order that loses nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from faust.types import TP

from agents.metrics import Metrics
from agents.outputs import acknowledged
from agents.shard import Shard

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
        """Outputs acknowledged, then state acknowledged, then the offset committed."""
        began = time.monotonic()
        snapshots = [(shard, await shard.snapshot()) for shard in shards]
        await acknowledged([ack for _, snapshot in snapshots for ack in snapshot.acks])
        await acknowledged([a for shard, s in snapshots for a in await shard.write(s)])
        offsets = {s.tp: snap.offset for s, snap in snapshots if snap.offset != s.committed}
        if offsets and not await self._commit(offsets):
            return
        for shard, snapshot in snapshots:
            shard.flushed(snapshot)
        if offsets:
            self._metrics.flush.observe(time.monotonic() - began)
