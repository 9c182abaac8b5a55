"""Real erasers on a real broker, and what is left of people in its topics."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS, STATE_VISITORS
from agents.worker.producer import AUDIENCES, ERASED
from stream import recipes_file
from stream.outputs import audience_changes, erasures
from stream.outputs.outputs import Outputs
from stream.state.cart import Cart
from stream.state.visitor import Visitor
from stream.store.changelog import FORMAT, HEADER
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


def _put(settings: Settings, topic: str, key: str, value: bytes | None) -> None:
    with closing(KafkaProducer(bootstrap_servers=list(settings.kafka))) as producer:
        producer.send(settings.topic(topic), value, key.encode())
        producer.flush()


def put_state(settings: Settings, visitor: str, customer: str, at: int) -> None:
    """Writes the state of a visitor as a worker does. `at`: of its last event, ms."""
    state = Visitor(visitor, Cart(visitor), customer=customer, last_event=at, customer_since=at)
    packed = HEADER.pack(FORMAT, 0, at, 0) + msgspec.msgpack.encode(state)
    _put(settings, STATE_VISITORS, visitor, packed)


def end_state(settings: Settings, visitor: str) -> None:
    _put(settings, STATE_VISITORS, visitor, HEADER.pack(FORMAT, 1, 0, 0))
    _put(settings, STATE_VISITORS, visitor, None)


def put_left(settings: Settings, audience: str, person: str, at: int) -> None:
    """Writes that a person has left an audience."""
    out = Outputs()
    audience_changes.publish(audience_changes.LEFT, [audience], person, at, 2, out)
    _put(settings, AUDIENCES, f"{audience}|{person}", out.audiences[0][-1])


def put_erasure(settings: Settings, person: str, at: int) -> None:
    """Writes to people.erased what a worker writes."""
    out = Outputs()
    erasures.publish(person, at, recipes_file.DEFAULT, out, event="e-1")
    for key, value in out.erased:
        _put(settings, ERASED, key, value)


def seconds(holds: Callable[[], bool]) -> None:
    """Waits until it holds, for two minutes at most."""
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


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
