"""The stages of a worker, one line each, and a function that makes the processor of a partition."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import (
    CLAIMS,
    EVENTS,
    FACTS,
    STATE_KEYS,
    STATE_PEOPLE,
    STATE_VISITORS,
    Layout,
)
from agents.worker.deadlines import MOST
from agents.worker.keys import KeysProcessor
from agents.worker.metrics import KEYS, PEOPLE, VISITORS, Metrics
from agents.worker.partition_processor import Maker, PartitionProcessor
from agents.worker.people import PeopleProcessor
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.transactional_producer import TransactionalProducer
from agents.worker.visitors import VisitorsProcessor
from stream.stages.backend import PURE, VisitorBackend, best_backend


class SharedParts(NamedTuple):
    """What all processors share.

    `visitors`: the backend of the visitors stage.
    `advanced`: set when a partition of the keys stage may announce a later time.
    """

    follower: RecipesFollower
    layout: Layout
    metrics: Metrics
    visitors: VisitorBackend
    advanced: asyncio.Event


OwnParts = tuple[Provenance, str, OutputProducer]
"""What one processor has for itself: its input partition, its changelog topic, its producer."""


class StageSpec(NamedTuple):
    """A stage. `name`: in metrics and watermark records.

    `input`, `changelog`: topics, without the prefix.
    """

    name: str
    input: str
    changelog: str
    make: Callable[[SharedParts, OwnParts], PartitionProcessor]


STAGES: Final = (
    StageSpec(
        VISITORS,
        EVENTS,
        STATE_VISITORS,
        lambda parts, own: VisitorsProcessor(
            parts.follower.history, *own, parts.metrics, parts.visitors, parts.follower
        ),
    ),
    StageSpec(
        KEYS,
        CLAIMS,
        STATE_KEYS,
        lambda parts, own: KeysProcessor(parts.layout, *own, parts.metrics, parts.advanced),
    ),
    StageSpec(
        PEOPLE,
        FACTS,
        STATE_PEOPLE,
        lambda parts, own: PeopleProcessor(
            parts.follower.history,
            parts.layout,
            *own,
            parts.metrics,
            parts.follower,
            compiled=parts.visitors is not PURE,
        ),
    ),
)
"""All stages. Agents, changelogs and processors are made from these lines."""


def maker(
    settings: Settings,
    follower: RecipesFollower,
    layout: Layout,
    producer: OutputProducer,
    metrics: Metrics,
    advanced: asyncio.Event,
) -> Maker:
    """Returns a function that makes the empty processor of a partition. A restore fills it from the changelog.

    `advanced`: set when a partition of the keys stage may announce a later time.
    """
    visitors = best_backend() if settings.compiled else PURE
    parts = SharedParts(follower, layout, metrics, visitors, advanced)
    stages = {settings.topic(stage.input): stage for stage in STAGES}
    exactly_once = settings.delivery == "exactly_once"

    def make(tp: TP) -> PartitionProcessor:
        stage, source = stages[tp.topic], Provenance(tp.topic, tp.partition)
        own = TransactionalProducer(settings, layout, tp) if exactly_once else producer
        processor = stage.make(parts, (source, settings.topic(stage.changelog), own))
        processor.stage.most = MOST
        return processor

    return make
