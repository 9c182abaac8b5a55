"""Reads the topic `triggers.outcomes` to its end."""

import msgspec

from agents.config.settings import Settings
from agents.explain.decision_sources import Kafka
from agents.lift.watches import FirstWatches
from agents.worker.producer import OUTCOMES


async def read(settings: Settings, since: int | None, until: int | None) -> FirstWatches:
    """The watches that began at `since` (ms) or later, and before `until`. Raises aiokafka's KafkaError.

    A record that no worker wrote is left out: all readers with a right to the topic would fail at it.
    """
    watches = FirstWatches(since, until)
    async with Kafka(settings) as source:
        async for value in source.each_of(
            OUTCOMES, since or 0
        ):  # a record is never older than its watch
            try:
                watches.add(value)
            except msgspec.DecodeError:
                watches.foreign += 1
    return watches
