"""Which kind of processor a partition gets: that of the stage whose input the topic is."""

import asyncio

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import CLAIMS, EVENTS, STATE_KEYS, STATE_PEOPLE, STATE_VISITORS, Layout
from agents.worker.deadlines import MOST
from agents.worker.keys import KeysProcessor
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Maker, PartitionProcessor
from agents.worker.people import PeopleProcessor
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.transactional_producer import TransactionalProducer
from agents.worker.visitors import VisitorsProcessor
from stream.recipes.recipe import Recipes
from stream.stages.backend import PURE, best_backend


def maker(
    settings: Settings,
    recipes: Recipes,
    layout: Layout,
    producer: OutputProducer,
    metrics: Metrics,
    advanced: asyncio.Event,
) -> Maker:
    """Makes an empty processor of a partition, to be restored from its changelog.

    `advanced`: set when a partition of the keys stage may have more to tell.
    """
    visitors = best_backend() if settings.compiled else PURE
    events, claims = settings.topic(EVENTS), settings.topic(CLAIMS)
    exactly_once = settings.delivery == "exactly_once"

    def make(tp: TP) -> PartitionProcessor:
        processor = empty(tp)
        processor.stage.most = MOST
        return processor

    def empty(tp: TP) -> PartitionProcessor:
        source = Provenance(tp.topic, tp.partition)
        own = TransactionalProducer(settings, layout, tp) if exactly_once else producer
        if tp.topic == events:
            changelog = settings.topic(STATE_VISITORS)
            return VisitorsProcessor(recipes, source, changelog, own, metrics, visitors)
        if tp.topic == claims:
            changelog = settings.topic(STATE_KEYS)
            return KeysProcessor(layout, source, changelog, own, metrics, advanced)
        changelog = settings.topic(STATE_PEOPLE)
        return PeopleProcessor(recipes, layout, source, changelog, own, metrics)

    return make
