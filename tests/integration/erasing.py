"""Real erasers on a real broker, and what is left of people in its topics."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS
from agents.worker.producer import ERASED
from tests.integration.collecting import kept
from tests.integration.sending import Service

DELAY = "1s"


@contextmanager
def eraser(settings: Settings, folder: Path, **env: str) -> Iterator[Service]:
    """An eraser that has its partitions. It ends with the block."""
    variables = {
        "TRIGGERS_KAFKA": ",".join(settings.kafka),
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_SESSION_MS": "6000",
        "TRIGGERS_ERASER_DELAY": DELAY,
        **env,
    }
    running = Service("erase", ["--follow"], folder, variables)
    try:
        running.process.start()
        yield running
    finally:
        running.process.kill()


def tell(settings: Settings, type: str, visitor: str, **fields: Any) -> None:
    """Writes an event of a storefront."""
    event = {"id": uuid.uuid4().hex, "type": type, "visitor": visitor, **fields}
    with closing(KafkaProducer(bootstrap_servers=list(settings.kafka))) as producer:
        producer.send(settings.topic(EVENTS), json.dumps(event).encode(), visitor.encode())
        producer.flush()


def erased_people(settings: Settings) -> list[str]:
    """The persons in people.erased."""
    return [json.loads(each.value)["data"]["person"] for each in kept(settings, ERASED)]


def by_eraser(settings: Settings) -> list[dict[str, Any]]:
    """The events that erasers have written, without their ids."""
    events = [json.loads(each.value) for each in kept(settings) if b'"eraser-' in each.value]
    return [{name: each[name] for name in each if name not in ("id", "type")} for each in events]


def left(settings: Settings) -> int:
    """The number of erasures after the group's offsets."""
    group, topic = settings.topic("eraser"), settings.topic(ERASED)
    with (
        closing(KafkaAdminClient(bootstrap_servers=list(settings.kafka))) as admin,
        closing(KafkaConsumer(bootstrap_servers=list(settings.kafka))) as consumer,
    ):
        places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        ends, done = consumer.end_offsets(places), admin.list_group_offsets({group: places})[group]
        return sum(
            end - max(done[place].offset if place in done else 0, 0) for place, end in ends.items()
        )
