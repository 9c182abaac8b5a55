"""What one stage tells the stages after it: how far its partitions in this worker have decided.

A mark stands behind all that it vouches for: in the batch of what was held back, or behind it. The producer is
idempotent, so the broker takes no mark of a partition before what was sent to it earlier. With transactions a mark is
sent once what it vouches for is committed. Source: docs/semantics.md, 1.
"""

from collections.abc import Iterable, Sequence

from faust.types import TP

from agents.worker.assignment import Ownership
from agents.worker.partition_processor import Shard
from agents.worker.producer import Sender, acknowledged
from stream.stages.watermark import mark
from stream.state.cart import NEVER


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

    async def tell(self) -> int:
        """Tells all partitions how far was decided until now. As `repeat`."""
        told = {shard.tp.partition: await shard.settled() for shard in self._shards()}
        if not told:
            return NEVER
        self._told = told
        return await self.repeat(self._to)

    async def repeat(self, to: Iterable[TP]) -> int:
        """Sends the last mark once more. The broker's time (ms) at which all had been appended, or earlier; NEVER if
        that is not known."""
        value = mark(self._told, self._sources, self._stage)
        acked = await acknowledged(await self._sender.mark(value, to))
        return min((each.timestamp for each in acked), default=NEVER)
