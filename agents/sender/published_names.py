"""Recipes that documents of the topic `recipes` name: a sender that sends for all of them begins with a new one by itself."""

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
"""From look to look. Longer: the first triggers of a new recipe go out later; they are valid for minutes at least."""


class PublishedNames:
    """Looks at the documents, and has the consumer read the topics of recipes that are new to it."""

    def __init__(self, settings: Settings, consumer: TriggerConsumer) -> None:
        self._settings, self._consumer = settings, consumer

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Once. Without a broker, a topic or the right to read it all stays as it is."""
        try:
            found = await published(self._settings)
            names = {name for each in found if each.recipes for name in each.recipes.names}
            await self._consumer.add(
                {self._settings.topic(f"triggers.{name}"): name for name in sorted(names)}
            )
        except (KafkaError, TopicsMissing, OSError) as error:
            say(log, "documents_unread", logging.WARNING, error=type(error).__name__)
