"""Finds new recipes in the topic `recipes`, so that a sender for all recipes also sends for new ones."""

import asyncio
import logging
from typing import Final

from aiokafka.errors import KafkaError

from agents.config.settings import Settings
from agents.kafka.topics import TopicsMissing
from agents.published.published_log import published
from agents.runtime.log import say
from agents.sender.consumer import TriggerConsumer

log = logging.getLogger("triggers.sender")

LOOK_S: Final = 30.0
"""Seconds between checks. Longer: the first triggers of a new recipe are sent later. They are valid for minutes."""


class PublishedNames:
    """Reads the documents, and makes the consumer subscribe to the topics of new recipes."""

    def __init__(self, settings: Settings, consumer: TriggerConsumer) -> None:
        self._settings, self._consumer = settings, consumer

    async def run(self) -> None:
        """Runs for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Checks once. Without a broker, the topic, or the right to read it, nothing changes."""
        try:
            found = await published(self._settings)
            names = {name for each in found if each.recipes for name in each.recipes.names}
            await self._consumer.add(
                {self._settings.topic(f"triggers.{name}"): name for name in sorted(names)}
            )
        except (KafkaError, TopicsMissing, OSError) as error:
            say(log, "documents_unread", logging.WARNING, error=type(error).__name__)
