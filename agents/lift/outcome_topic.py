"""Reads the topic `triggers.outcomes` to its end."""

from agents.config.settings import Settings
from agents.explain.decision_sources import Kafka
from agents.lift.watches import FirstWatches
from agents.worker.producer import OUTCOMES


async def read(settings: Settings, since: int | None, until: int | None) -> FirstWatches:
    """The watches that began at `since` (ms) or later, and before `until`.

    Raises aiokafka's KafkaError, msgspec.MsgspecError.
    """
    watches = FirstWatches(since, until)
    async with Kafka(settings) as source:
        async for value in source.each_of(
            OUTCOMES, since or 0
        ):  # a record is never older than its watch
            watches.add(value)
    return watches
