"""Writes the events that erase, and tombstones of audiences."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from agents.config.settings import Settings, aiokafka_options
from agents.erasure.events import Event
from agents.kafka.partitioner import partition_of
from agents.kafka.topics import EVENTS
from agents.worker.producer import AUDIENCES
from stream.events.decoding import parse

COMMAND: Final = "erase"
ERASER: Final = "eraser"
"""What the ids of the events begin with, by their writer. `people.erased` names the id, so an eraser knows its own."""

_encode: Final = msgspec.json.Encoder().encode


def is_by_eraser(event: str) -> bool:
    """Whether an eraser wrote the event of this id."""
    return event.startswith(f"{ERASER}-")


def producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id="triggers-erase",
        acks="all",
        enable_idempotence=True,
    )


async def write(
    producer: Any,
    settings: Settings,
    writer: str,
    events: Iterable[Event],
    left: Iterable[str],
    counts: Mapping[str, int],
) -> None:
    """Writes events, and tombstones for record keys of audiences. Raises aiokafka's KafkaError.

    `writer`: COMMAND or ERASER · `counts`: the partitions of both topics.
    """
    for event in events:
        value = _encode({"id": f"{writer}-{uuid.uuid4().hex}", **event})
        read = parse(value)
        assert read is not None, "an event"
        await _send(producer, settings, EVENTS, read.visitor, value, counts)
    for key in left:
        await _send(producer, settings, AUDIENCES, key, None, counts)


async def _send(
    producer: Any,
    settings: Settings,
    topic: str,
    key: str,
    value: bytes | None,
    counts: Mapping[str, int],
) -> None:
    partition = partition_of(key.encode(), counts[topic])
    await producer.send_and_wait(settings.topic(topic), value, key.encode(), partition)
