"""The topic `triggers.outcomes`, read to its end."""

from agents.config.settings import Settings
from agents.explain.decision_sources import Kafka
from agents.lift.watches import FirstWatches
from agents.worker.producer import OUTCOMES


async def read(settings: Settings, since: int | None, until: int | None) -> FirstWatches:
    """Watches that began from `since` (ms) up to before `until`. Raises aiokafka's KafkaError, msgspec.MsgspecError."""
    found = FirstWatches(since, until)
    async with Kafka(settings) as source:  # a record is younger than its watch
        async for value in source.each_of(OUTCOMES, since or 0):
            found.add(value)
    return found
