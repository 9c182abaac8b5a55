"""Reads the topic `recipes` to its end, and appends to it, for commands. Raises aiokafka's KafkaError."""

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
"""Bytes of a document. The topic accepts records of this size."""


async def published(settings: Settings) -> list[PublishedDocument]:
    """All documents of the topic now, in its order, with those that have a fault. Raises TopicsMissing."""
    settings.require_kafka()
    async with to_the_end.reader(settings, CLIENT) as consumer:
        topic, live = settings.topic(RECIPES), settings.time == "append"
        if topic not in await partition_counts(consumer):
            raise TopicsMissing(f"{topic} is missing: make it with `storefront-triggers topics`")
        documents: list[PublishedDocument] = []
        async for records in to_the_end.fetched(consumer, [TopicPartition(topic, 0)]):
            documents += [read(*row, live) for row in _rows(records)]
        return documents


async def names(settings: Settings, now: int) -> tuple[str, ...]:
    """The names of the recipes in force at `now` (ms) or later; in a replay, of all documents. Raises as `published`."""
    table = Timetable(await published(settings))
    holding = table.holding(now if settings.time == "append" else START)
    return tuple({name: 0 for each in holding if each.recipes for name in each.recipes.names})


def _rows(records: Sequence[Any]) -> list[tuple[int, int, bytes | None]]:
    """(offset, time, value) of each record. `records`: raw batches if this process has installed those."""
    if records and hasattr(records[0], "rows"):
        return [
            (offset, time, value) for batch in records for offset, time, _, value in batch.rows()
        ]
    return [(each.offset, each.timestamp, each.value) for each in records]


async def append(
    settings: Settings, documents: Sequence[tuple[dict[str, Any], int | None, str, str]]
) -> list[PublishedDocument]:
    """Appends documents without a fault, each as (document, `from` in ms, by, note), and waits for the acknowledgements."""
    producer = AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id=CLIENT,
        acks="all",
        enable_idempotence=True,
        max_request_size=LARGEST,
    )
    await producer.start()
    try:
        topic, live, appended = settings.topic(RECIPES), settings.time == "append", []
        for each in documents:
            value = value_of(*each)
            ack = await producer.send_and_wait(topic, value, partition=0)
            appended.append(read(ack.offset, ack.timestamp, value, live))
        return appended
    finally:
        await producer.stop()
