"""Fetches the ends of partitions from real brokers."""

import asyncio

from aiokafka import AIOKafkaProducer

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import cluster_admin
from agents.kafka.offsets import Offsets
from agents.kafka.topics import EVENTS, Layout
from stream import recipes_file


async def told(settings: Settings) -> list[dict[tuple[str, int], int]]:
    """The log ends and the high watermarks of two partitions, of topics created after the client has started."""
    name, asked = settings.topic(EVENTS), Offsets(settings)
    await asked.start()
    parts = [(name, 0), (name, 1)]
    waiting = asyncio.ensure_future(asked.log_end_offsets(parts))
    await asyncio.sleep(1)
    assert not waiting.done(), "there is no such topic yet"
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, *Layout(2, 1, 1))
    found = [await asyncio.wait_for(waiting, 90)]
    producer = AIOKafkaProducer(**aiokafka_options(settings))
    await producer.start()
    await producer.send_and_wait(name, b"event", partition=1)
    await producer.stop()
    found += [
        await asked.log_end_offsets(parts),
        await asked.ends(parts),
        await asked.beginnings(parts),
    ]
    await asked.stop()
    return found


def test_a_log_end_is_known_as_soon_as_there_is_a_leader(broker: str, prefix: str) -> None:
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, group=f"{prefix}g")
    before, log_end_offsets, ends, beginnings = asyncio.run(told(settings))
    events = settings.topic(EVENTS)
    assert before == beginnings == {(events, 0): 0, (events, 1): 0}
    assert log_end_offsets == ends == {(events, 0): 0, (events, 1): 1}
