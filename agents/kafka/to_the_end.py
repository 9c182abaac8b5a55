"""Reads topics once, up to their current end, outside any group. Raises aiokafka's KafkaError."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.config.settings import Settings, aiokafka_options

POLL_MS: Final = 1_000
FETCH_MS: Final = 10
"""How long (ms) a fetch waits for records. Longer: the next request waits for it."""


@asynccontextmanager
async def reader(settings: Settings, client_id: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Starts a consumer that commits nothing, and stops it at the end, even if no broker answers."""
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        client_id=client_id,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_MS,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def fetched(
    consumer: AIOKafkaConsumer, places: Collection[TopicPartition], since: int = 0
) -> AsyncIterator[Sequence[Any]]:
    """Yields the records of the partitions from the time `since` (ms) to their current end, as they arrive."""
    if not places:
        return
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await _seek(consumer, places, since)
    while await _has_unread(consumer, ends):
        for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
            yield records


async def _seek(consumer: AIOKafkaConsumer, places: Collection[TopicPartition], since: int) -> None:
    """Seeks to `since` (ms), by offset: `seek_to_beginning` would race with the consumer's own first seek."""
    starts = await consumer.beginning_offsets(places)
    if since > 0:
        found = await consumer.offsets_for_times(dict.fromkeys(places, since))
        starts |= {each: at.offset for each, at in found.items() if at}
    for place, start in starts.items():
        consumer.seek(place, start)


async def _has_unread(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether a partition is not yet read to its end."""
    for place, end in ends.items():
        if await consumer.position(place) < end:
            return True
    return False
