"""The processor of a partition of the facts. It runs the people stage."""

from collections.abc import Sequence

from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.worker.metrics import PEOPLE, Metrics
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.waiting import WaitingProcessor
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.people import People
from stream.stages.people_backend import COMPILED
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import WatermarkRecord


class PeopleProcessor(WaitingProcessor):
    """The processor. Each partition of the input and of the claims has its own evidence."""

    name = PEOPLE
    stage: People

    def __init__(
        self,
        recipes: Recipes | History,
        layout: Layout,
        source: Provenance,
        changelog: str,
        producer: OutputProducer,
        metrics: Metrics,
        follower: RecipesFollower | None = None,
        *,
        compiled: bool = True,
    ) -> None:
        """`follower` None: no document ever comes into force. `compiled`: as of People."""
        super().__init__(source, changelog, producer, metrics)
        self.stage = People(recipes, layout.inputs, layout.keys, compiled=compiled)
        self._follower = follower

    async def admitted(self, batches: Sequence[RawBatch]) -> bool:
        """Waits until every document is known that may be in force at the batches' evidence. False if closed first."""
        if self._follower is None or (evidence := latest_evidence(batches)) == NEVER:
            return True
        return await self._follower.wait_until_known(evidence, lambda: self.closed)


def latest_evidence(batches: Sequence[RawBatch]) -> int:
    """The latest evidence (ms) in the watermark records of the batches. NEVER if there is none."""
    of_block = COMPILED.unkeyed if COMPILED else None
    decoded = (facts.decode(value) for batch in batches for value in batch.unkeyed(of_block))
    evidence = (each.evidence.values() for each in decoded if isinstance(each, WatermarkRecord))
    return max((time for times in evidence for time in times), default=NEVER)
