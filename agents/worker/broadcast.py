"""What one stage tells the stages after it: how far its partitions in this worker have decided.

A mark stands behind all that it vouches for: it is sent once that is acknowledged, in a transaction committed.
Source: docs/semantics.md, 1.
"""

from collections.abc import Iterable, Sequence

from faust.types import TP

from agents.worker.assignment import Ownership
from agents.worker.partition_processor import Shard
from agents.worker.producer import Ack, Sender, acknowledged
from stream.stages.watermark import mark


class Broadcast:
    """`stage`: by its name in marks and metrics · `sources`: all partitions of its input · `to`: who is told."""

    def __init__(
        self, stage: str, sources: int, to: Sequence[TP], ownership: Ownership, sender: Sender
    ) -> None:
        self._stage = stage
        self._sources = sources
        self._to = to
        self._ownership = ownership
        self._sender = sender
        self._told: dict[int, int] = {}

    def _shards(self) -> list[Shard]:
        return [shard for shard in self._ownership.owned() if shard.name == self._stage]

    def moved(self) -> bool:
        """Whether there is more to tell than was told last."""
        told = self._told
        return any(shard.vouched > told.get(shard.tp.partition, -1) for shard in self._shards())

    async def tell(self) -> None:
        """Tells all partitions what is acknowledged of what was decided until now."""
        shards = self._shards()
        if not shards:
            return
        for shard in shards:
            await shard.settle()
        self._told = {shard.tp.partition: shard.proven for shard in shards}
        await acknowledged(await self.repeat(self._to))

    async def repeat(self, to: Iterable[TP]) -> list[Ack]:
        """Sends the last mark once more."""
        return await self._sender.mark(mark(self._told, self._sources, self._stage), to)
