"""The topic `recipes` for commands: read to its end, and written. Raises aiokafka's KafkaError."""

from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import to_the_end
from agents.kafka.partitioner import partition_counts
from agents.kafka.topics import RECIPES, TopicsMissing
from agents.published.published_document import PublishedDocument, read, value_of
from agents.published.timetable import Timetable
from stream.recipes.history import START

CLIENT: Final = "triggers-recipes"
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a document that the topic takes for certain."""


async def published(settings: Settings) -> list[PublishedDocument]:
    """All documents that the topic holds now, in its order; those with a fault, too. Raises TopicsMissing."""
    settings.require_kafka()
    async with to_the_end.reader(settings, CLIENT) as consumer:
        topic, live = settings.topic(RECIPES), settings.time == "append"
        if topic not in await partition_counts(consumer):
            raise TopicsMissing(f"{topic} is missing: make it with `storefront-triggers topics`")
        found: list[PublishedDocument] = []
        async for records in to_the_end.fetched(consumer, [TopicPartition(topic, 0)]):
            found += [read(*row, live) for row in _rows(records)]
        return found


async def names(settings: Settings, now: int) -> tuple[str, ...]:
    """The recipes of documents that are in force at `now` (ms) or will be; in a replay of all. Raises as `published`."""
    table = Timetable(await published(settings))
    holding = table.holding(now if settings.time == "append" else START)
    return tuple({name: 0 for each in holding if each.recipes for name in each.recipes.names})


def _rows(records: Sequence[Any]) -> list[tuple[int, int, bytes | None]]:
    """(offset, time, value) of records, or of raw batches where this process reads those."""
    if records and hasattr(records[0], "rows"):
        return [
            (offset, time, value) for batch in records for offset, time, _, value in batch.rows()
        ]
    return [(each.offset, each.timestamp, each.value) for each in records]


async def append(
    settings: Settings, documents: Sequence[tuple[dict[str, Any], int | None, str, str]]
) -> list[PublishedDocument]:
    """Writes documents that have no fault, each as (document, from in ms, by, note), and waits until the broker has
    them."""
    producer = AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id=CLIENT,
        acks="all",
        enable_idempotence=True,
        max_request_size=LARGEST,
    )
    await producer.start()
    try:
        topic, live, found = settings.topic(RECIPES), settings.time == "append", []
        for each in documents:
            value = value_of(*each)
            ack = await producer.send_and_wait(topic, value, partition=0)
            found.append(read(ack.offset, ack.timestamp, value, live))
        return found
    finally:
        await producer.stop()
