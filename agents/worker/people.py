"""A partition of the facts: the people stage."""

from agents.kafka.topics import Layout
from agents.worker.metrics import PEOPLE, Metrics
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.waiting import WaitingProcessor
from stream.recipes.recipe import Recipes
from stream.stages.people import People


class PeopleProcessor(WaitingProcessor):
    """Partitions of the input and of the claims each have evidence of their own."""

    name = PEOPLE
    stage: People

    def __init__(
        self,
        recipes: Recipes,
        layout: Layout,
        source: Provenance,
        changelog: str,
        producer: OutputProducer,
        metrics: Metrics,
    ) -> None:
        super().__init__(source, changelog, producer, metrics)
        self.stage = People(recipes, layout.inputs, layout.keys)
