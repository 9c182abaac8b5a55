"""The topics of a measurement: the input is loaded once, the service's own topics are recreated each round."""

import dataclasses
import itertools
import os
import time
from collections.abc import Iterable, Sequence
from typing import Final

from confluent_kafka import Producer
from kafka.admin import KafkaAdminClient

from agents.config.recipes import read
from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, Layout, required
from tests.bench.traffic import Row

BATCH_BYTES: Final = 64 * 1024
"""Size of an input batch: about 130 events, as a busy storefront's producer sends them."""

_numbers = itertools.count(1)


def settings_of(bootstrap: str, name: str, time: str = "append", **more: object) -> Settings:
    """Settings of a worker with its own topics and group."""
    prefix = f"bench-{os.getpid()}.{name}."
    settings = Settings(kafka=tuple(bootstrap.split(",")), prefix=prefix, group=f"{prefix}triggers")
    return dataclasses.replace(settings, time=time, **more)  # type: ignore[arg-type]


def environ(settings: Settings) -> dict[str, str]:
    """The environment of a worker process with these settings and a new group."""
    return {
        "TRIGGERS_KAFKA": ",".join(settings.kafka),
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_TIME": settings.time,
        "TRIGGERS_RECIPES": str(settings.recipes or ""),
        "TRIGGERS_GROUP": settings.group,
    }


def make(settings: Settings, partitions: int) -> None:
    """Creates all topics of the service."""
    names = read(settings.recipes).names
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, names, partitions)


def anew(settings: Settings) -> Settings:
    """Empties all topics but the input; returns the settings with a new group."""
    events = settings.topic(EVENTS)
    with cluster_admin.connected(settings) as admin:
        partitions = cluster_admin.find(admin, [events])[events].partitions
        _delete(admin, [name for name in _all(settings) if name != events])
    make(settings, partitions)
    return regrouped(settings)


def regrouped(settings: Settings) -> Settings:
    return dataclasses.replace(settings, group=f"{settings.prefix}triggers-{next(_numbers)}")


def drop(settings: Settings) -> None:
    """Deletes all topics."""
    with cluster_admin.connected(settings) as admin:
        _delete(admin, _all(settings))


def _all(settings: Settings) -> list[str]:
    names = read(settings.recipes).names
    return [spec.name for spec in required(settings, names, Layout(0, 0, 0))]


def _delete(admin: KafkaAdminClient, names: Sequence[str]) -> None:
    there = list(cluster_admin.find(admin, names))
    if there:
        admin.delete_topics(there)
    while cluster_admin.find(admin, names):
        time.sleep(0.05)


def producer(settings: Settings, **more: object) -> Producer:
    """A producer that partitions keys like the Java client."""
    return Producer(
        {
            "bootstrap.servers": ",".join(settings.kafka),
            "partitioner": "murmur2_random",
            "acks": "all",
            "linger.ms": 50,
            "batch.size": BATCH_BYTES,
            "queue.buffering.max.messages": 200_000,
            **more,
        }
    )


def load(settings: Settings, rows: Iterable[Row]) -> int:
    """Appends rows to the input, in a replay with their own time; returns how many."""
    client, topic, number = producer(settings), settings.topic(EVENTS), 0
    own_time = settings.time == "record"
    for number, row in enumerate(rows, 1):
        stamp = row.time if own_time else 0
        while True:
            try:
                client.produce(topic, row.value, row.key, timestamp=stamp)
                break
            except BufferError:
                client.poll(0.05)
        if not number % 1000:
            client.poll(0)
    while client.flush(5):
        pass
    return number
