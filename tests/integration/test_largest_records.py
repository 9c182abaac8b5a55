"""The topics accept the largest records that the core can make, and a reader gets them back."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer
from kafka.admin import KafkaAdminClient

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.cluster_admin import connected, create
from agents.kafka.topics import Layout
from agents.worker.producer import OutputProducer, acknowledged
from stream import recipes_file

SIZE = 6 * 2**20
"""More bytes than any record in tests/unit/test_limits.py, and incompressible."""


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return Settings(kafka=tuple(broker.split(",")), prefix=prefix)


@pytest.fixture
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    with connected(settings) as client:
        yield client


@pytest.mark.parametrize(
    "topic", ["visitor.facts", "identity.claims", "state.visitors", "state.keys", "state.people"]
)
def test_a_record_of_6_mib_is_written_and_read(
    admin: KafkaAdminClient, settings: Settings, topic: str
) -> None:
    create(admin, settings, recipes_file.DEFAULT.names, 1, 1)
    values = [os.urandom(SIZE), b"small"]
    assert asyncio.run(written_and_read(settings, settings.topic(topic), values)) == values


async def written_and_read(settings: Settings, topic: str, values: list[bytes]) -> list[bytes]:
    sender = OutputProducer(settings, Layout(1, 1, 1))
    await sender.start()
    try:
        await acknowledged(await sender.changes(topic, 0, [(b"k", value) for value in values]))
    finally:
        await sender.stop()
    consumer = AIOKafkaConsumer(
        topic, **aiokafka_options(settings), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 90)).value for _ in values]
    finally:
        await consumer.stop()
