"""A shop's day on a real broker, as workers would have written it. The stages decide it in this process.

The topics keep the records' own time, so a day can be written in seconds.
"""

import random
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import msgspec
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.partitioner import partition_of
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout, required
from agents.simulator import traffic as shoppers
from agents.simulator.faults import Record as Told
from agents.worker import dead_letters
from stream.events.records import Record
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.recipes_file import DEFAULT
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS, watermark_record

PARTITIONS = 2
MINUTE = 60_000
HOUR = 60 * MINUTE
DETAIL = 12 * MINUTE
"""Watermark records come every second for this long before the end, and every minute before that."""

EVENING = 1_767_571_200_000 + 20 * HOUR
"""Mon 5 Jan 2026 20:00 UTC, the end of each simulated day: how many come depends on the hour, and a test runs at any."""


class RejectedRecord(msgspec.Struct):
    """An input record with the fields that agents/worker/dead_letters.py reads."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def make_topics(settings: Settings, recipes: Recipes) -> None:
    with cluster_admin.connected(settings) as admin:
        specs = required(settings, recipes.names, Layout(PARTITIONS, PARTITIONS, PARTITIONS))
        own_time = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
        wanted = [
            replace(
                spec, config=spec.config | own_time if "state." not in spec.name else spec.config
            )
            for spec in specs
        ]
        admin.create_topics(
            {
                spec.name: {
                    "num_partitions": spec.partitions,
                    "replication_factor": 1,
                    "configs": spec.config,
                }
                for spec in wanted
            }
        )
        admin.wait_for_topics([spec.name for spec in wanted], timeout_ms=30_000)


def left(
    broker: str, prefix: str, visitors: int, length: int = 22 * HOUR, redis: str | None = None
) -> Settings:
    """The settings of a shop whose topics have the story of `visitors` shoppers up to now."""
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, redis=redis)
    make_topics(settings, DEFAULT)
    Past(settings, DEFAULT).shop(visitors, int(time.time() * 1000), length)
    return settings


class Past:
    """All stages over two partitions. Their outputs are written as workers would."""

    def __init__(self, settings: Settings, recipes: Recipes, seed: int = 1) -> None:
        self._topic = settings.topic
        self._random = random.Random(seed)
        self._visitors = [Visitors(recipes) for _ in range(PARTITIONS)]
        self._keys = [Keys(PARTITIONS) for _ in range(PARTITIONS)]
        self._people = [People(recipes, PARTITIONS, PARTITIONS) for _ in range(PARTITIONS)]
        self._offsets = [0] * PARTITIONS
        self._facts = [0] * PARTITIONS
        self._claims = [0] * PARTITIONS
        self._producer = KafkaProducer(
            bootstrap_servers=list(settings.kafka), acks="all", linger_ms=20
        )

    def shop(self, visitors: int, end: int, length: int = 22 * HOUR) -> None:
        """Writes the events of `visitors` shoppers up to `end` (ms), and advances time to it.

        It is the same story at every hour of the day.
        """
        later, traffic = end - EVENING, shoppers.day(7, visitors, EVENING - length, length)
        events = ((t + later, _moved(event, later), _visitor(event)) for t, event in traffic)
        self.write(events, end)

    def write(self, events: Iterable[tuple[int, bytes, bytes | None]], end: int) -> None:
        """Writes events (time, value, key) in order of time, and advances time to `end`."""
        chunk: list[tuple[int, bytes, bytes | None]] = []
        reached = 0
        for each in events:
            width = 1000 if each[0] > end - DETAIL else MINUTE
            if chunk and each[0] - reached >= width:
                self._pass(chunk, each[0])
                chunk, reached = [], each[0]
            chunk.append(each)
        self._pass(chunk, end)
        self._producer.flush()

    def _pass(self, chunk: list[tuple[int, bytes, bytes | None]], now: int) -> None:
        by_partition: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        for t, value, key in chunk:
            number = partition_of(key or b"", PARTITIONS)
            by_partition[number].append((self._offsets[number], t, key, value))
            self._offsets[number] += 1
            self._send("storefront.events", number, t, key, value)
        for number, records in enumerate(by_partition):
            out = Outputs()
            self._visitors[number].process(records, out)
            self._visitors[number].advance(now, out)
            self._outputs(out, now)
            self._rejected(out, records, number)
        told = watermark_record(dict.fromkeys(range(PARTITIONS), now), PARTITIONS)
        for number, keys in enumerate(self._keys):
            self._claim(number, now + self._random.randint(4, 30), b"", told)
            out = Outputs()
            keys.advance(out)
            self._outputs(out, now)
        advanced = {number: keys.advanced for number, keys in enumerate(self._keys)}
        ready = watermark_record(advanced, PARTITIONS, KEYS)
        for number, people in enumerate(self._people):
            self._fact(number, now + self._random.randint(4, 30), b"", told)
            self._fact(number, now + self._random.randint(31, 40), b"", ready)
            out = Outputs()
            people.advance(out)
            self._outputs(out, now)
            for key, state in people.changes():
                self._send("state.people", number, now, key, state)

    def _outputs(self, out: Outputs, now: int) -> None:
        for person, value in out.facts:
            self._fact(partition_of(person.encode(), PARTITIONS), now, person.encode(), value)
        for key, value in out.claims:
            self._claim(partition_of(key.encode(), PARTITIONS), now, key.encode(), value)
        for recipe, person, value in out.triggers:
            data = msgspec.json.decode(value)["data"]
            at = data.get("not_before", data.get("at"))
            late = int(self._random.lognormvariate(2.2 if recipe == "exit-intent" else 5.5, 0.6))
            self._by_person(f"triggers.{recipe}", person, at + late, value)
        for person, value in out.decisions:
            at = msgspec.json.decode(value)["at"]
            self._by_person("triggers.decisions", person, at + self._random.randint(4, 60), value)

    def _rejected(self, out: Outputs, records: list[Record], partition: int) -> None:
        if not out.rejected:
            return
        raw = [RejectedRecord(offset, t, key, value) for offset, t, key, value in records]
        batch = RawBatch(cast(Any, raw), raw[0].offset, raw[-1].offset + 1, None)
        topic = self._topic("storefront.events")
        for key, value, headers in dead_letters.records(out.rejected, [batch], topic, partition):
            t = int(dict(headers)["time"] or 0) + 20
            name = self._topic("storefront.rejected")
            self._producer.send(
                name, value, key, headers=headers, partition=0, timestamp_ms=t
            ).add_errback(_raise)

    def _fact(self, number: int, t: int, key: bytes, value: bytes) -> None:
        self._people[number].add([(self._facts[number], value)])
        self._facts[number] += 1
        self._send("visitor.facts", number, t, key, value)

    def _claim(self, number: int, t: int, key: bytes, value: bytes) -> None:
        self._keys[number].add([(self._claims[number], value)])
        self._claims[number] += 1
        self._send("identity.claims", number, t, key, value)

    def _by_person(self, name: str, person: str, t: int, value: bytes) -> None:
        key = person.encode()
        self._send(name, partition_of(key, PARTITIONS), t, key, value)

    def _send(
        self, name: str, partition: int, t: int, key: bytes | None, value: bytes | None
    ) -> None:
        self._producer.send(
            self._topic(name), value, key, partition=partition, timestamp_ms=t
        ).add_errback(_raise)


def _raise(error: Exception) -> None:
    raise error


def _moved(record: Told, later: int) -> bytes:
    """The bytes of a simulated event with its time moved by `later` ms."""
    if isinstance(record, bytes):
        return record
    told = record.get("client_time")
    if isinstance(told, int) and told > EVENING - 1000 * HOUR:  # not one in seconds
        record = record | {"client_time": told + later}
    return msgspec.json.encode(record)


def _visitor(record: object) -> bytes | None:
    visitor = record.get("visitor") if isinstance(record, dict) else None
    return visitor.encode() if isinstance(visitor, str) else None
