"""Reads all records of the service's topics as they come.

It joins no consumer group. It reads the topics from their start and hands each record to a function.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from agents.config.settings import Settings, aiokafka_options

POLL_MS: Final = 100
"""Ms of a poll at most. Records are handed over as soon as they come."""


class Seen(NamedTuple):
    """A record. `topic`: without the prefix · `t`: the broker's time (ms) · `wall`: when it was read here (ms)."""

    topic: str
    t: int
    wall: int
    key: bytes | None
    value: bytes


async def watch(
    settings: Settings,
    topics: Sequence[str],
    show: Callable[[Seen], None],
    ready: Callable[[], None],
) -> None:
    """Reads until it is cancelled, and calls `ready` once it reads. Raises aiokafka's KafkaError."""
    consumer = AIOKafkaConsumer(
        *(settings.topic(topic) for topic in topics),
        **aiokafka_options(settings),
        client_id="triggers-watch",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=POLL_MS,
    )
    await consumer.start()
    try:
        while {partition.topic for partition in consumer.assignment()} != set(
            consumer.subscription()
        ):
            await asyncio.sleep(POLL_MS / 1000)
        ready()
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            wall = int(time.time() * 1000)
            for partition, records in batches.items():
                topic = partition.topic.removeprefix(settings.prefix)
                for record in records:
                    show(Seen(topic, record.timestamp, wall, record.key, record.value))
    finally:
        await consumer.stop()
