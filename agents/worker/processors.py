"""Which kind of shard a partition gets: that of the stage whose input the topic is."""

import asyncio

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import CLAIMS, EVENTS, STATE_KEYS, STATE_PEOPLE, STATE_VISITORS, Layout
from agents.worker.deadlines import MOST
from agents.worker.keys import KeysShard
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Maker, Shard
from agents.worker.people import PeopleShard
from agents.worker.producer import Sender, Source
from agents.worker.transactional_producer import TransactionalSender
from agents.worker.visitors import VisitorsShard
from stream.recipes.recipe import Recipes
from stream.stages.backend import PURE, fastest


def maker(
    settings: Settings,
    recipes: Recipes,
    layout: Layout,
    sender: Sender,
    metrics: Metrics,
    advanced: asyncio.Event,
) -> Maker:
    """Makes an empty shard of a partition, to be restored from its changelog.

    `advanced`: set when a partition of the keys stage may have more to tell.
    """
    visitors = fastest() if settings.compiled else PURE
    events, claims = settings.topic(EVENTS), settings.topic(CLAIMS)
    exactly_once = settings.delivery == "exactly_once"

    def make(tp: TP) -> Shard:
        shard = empty(tp)
        shard.stage.most = MOST
        return shard

    def empty(tp: TP) -> Shard:
        source = Source(tp.topic, tp.partition)
        own = TransactionalSender(settings, layout, tp) if exactly_once else sender
        if tp.topic == events:
            changelog = settings.topic(STATE_VISITORS)
            return VisitorsShard(recipes, source, changelog, own, metrics, visitors)
        if tp.topic == claims:
            changelog = settings.topic(STATE_KEYS)
            return KeysShard(layout, source, changelog, own, metrics, advanced)
        changelog = settings.topic(STATE_PEOPLE)
        return PeopleShard(recipes, layout, source, changelog, own, metrics)

    return make
