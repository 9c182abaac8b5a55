"""The people agent: facts and marks, kept behind the watermark and applied in their order."""

from collections.abc import Sequence
from typing import Any

from faust.types import StreamT

from agents.kafka.raw_batches import RawBatch
from agents.worker.assignment import Ownership
from agents.worker.metrics import PEOPLE, Metrics
from agents.worker.partition_processor import Shard
from agents.worker.producer import Sender, Source
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.people import People


class PeopleShard(Shard):
    """A partition of the facts; `sources`: partitions of the input, each with evidence of its own."""

    name = PEOPLE
    stage: People

    def __init__(
        self,
        recipes: Recipes,
        sources: int,
        source: Source,
        changelog: str,
        sender: Sender,
        metrics: Metrics,
    ) -> None:
        super().__init__(source, changelog, sender, metrics)
        self.stage = People(recipes, sources)

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        out = Outputs()
        self.stage.add((r.offset, r.value) for batch in batches for r in batch.records)
        self.stage.advance(out)
        return out

    @property
    def committable(self) -> int:
        return self.stage.committable

    @property
    def clock(self) -> int:
        return self.stage.advanced


def agent(ownership: Ownership) -> Any:
    async def people(stream: StreamT[Any]) -> None:
        async for event in stream.noack().events():
            await ownership.take(event.message)

    return people
