"""Topics read once, up to where they end now, outside of any group. Raises aiokafka's KafkaError."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.config.settings import Settings, aiokafka_options

POLL_MS: Final = 1_000
FETCH_MS: Final = 10
"""How long a fetch waits where nothing comes. Longer: each next question waits behind it."""


@asynccontextmanager
async def reader(settings: Settings, client_id: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that commits nothing, started. It is closed again, also if no broker answers."""
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
    """What the partitions hold from a time (ms) on, of one partition after another as it comes."""
    if not places:
        return
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await _seek(consumer, places, since)
    while await _left(consumer, ends):
        for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
            yield records


async def _seek(consumer: AIOKafkaConsumer, places: Collection[TopicPartition], since: int) -> None:
    """By number: `seek_to_beginning` loses against the consumer's own first look for a place to begin."""
    starts = await consumer.beginning_offsets(places)
    if since > 0:
        found = await consumer.offsets_for_times(dict.fromkeys(places, since))
        starts |= {each: at.offset for each, at in found.items() if at}
    for place, start in starts.items():
        consumer.seek(place, start)


async def _left(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether any partition has records up to its end that were not read."""
    for place, end in ends.items():
        if await consumer.position(place) < end:
            return True
    return False
