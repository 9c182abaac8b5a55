"""Plays a log through real workers on a real broker, and reads the topics with a raw client."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from agents.commands import load
from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses
from agents.kafka import cluster_admin
from agents.replay.records import CLOCK, records
from agents.worker.producer import AUDIENCES, OUTCOMES, SHADOW
from stream.backtest import run
from stream.recipes.history import History
from stream.recipes.recipe import Recipes

WITHIN_S = 180.0


class Found(NamedTuple):
    """Values with how often each was found; `rejected` by (partition, offset) of the input."""

    triggers: Counter[bytes]
    decisions: Counter[bytes]
    rejected: Counter[tuple[int, int]]
    audiences: Counter[bytes]
    shadow: Counter[bytes]
    outcomes: Counter[bytes]


def nothing() -> Found:
    return Found(Counter(), Counter(), Counter(), Counter(), Counter(), Counter())


def settings_of(broker: str, prefix: str, recipes: Path | None = None) -> Settings:
    return Settings(
        kafka=tuple(broker.split(",")),
        prefix=prefix,
        time="record",
        group=f"{prefix}triggers",
        recipes=recipes,
    )


def environ(settings: Settings) -> dict[str, str]:
    """The environment of worker processes, with a short session."""
    return {
        "TRIGGERS_KAFKA": ",".join(settings.kafka),
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_TIME": settings.time,
        "TRIGGERS_RECIPES": str(settings.recipes or ""),
        "TRIGGERS_SESSION_MS": "6000",
    }


def make_topics(
    settings: Settings, recipes: Recipes, partitions: int, facts: int, claims: int | None = None
) -> None:
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes.names, partitions, facts, claims)


def write(settings: Settings, lines: Iterable[bytes], partitions: int) -> int:
    return asyncio.run(load.write(settings, records(lines, partitions)))


def read(settings: Settings, recipes: Recipes) -> Found:
    """All records of the output topics, up to their current ends."""
    consumer = KafkaConsumer(
        bootstrap_servers=list(settings.kafka),
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        names = [f"triggers.{name}" for name in recipes.names]
        names += ["triggers.decisions", "storefront.rejected", AUDIENCES, SHADOW, OUTCOMES]
        wanted = [settings.topic(name) for name in names]
        parts = [
            TopicPartition(topic, number)
            for topic in wanted
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(parts)
        found = nothing()
        plain = {
            settings.topic("triggers.decisions"): found.decisions,
            settings.topic(SHADOW): found.shadow,
            settings.topic(OUTCOMES): found.outcomes,
        }
        while any(consumer.position(part) < ends[part] for part in parts):
            for part, batch in consumer.poll(timeout_ms=500).items():
                for each in batch:
                    if part.topic == settings.topic("storefront.rejected"):
                        origin = dict(each.headers)
                        found.rejected[int(origin["partition"]), int(origin["offset"])] += 1
                    elif part.topic == settings.topic(AUDIENCES):
                        found.audiences.update([each.value] if each.value is not None else [])
                    else:
                        plain.get(part.topic, found.triggers)[each.value] += 1
        return found
    finally:
        consumer.close()


def play(
    broker: str,
    prefix: str,
    lines: Sequence[bytes],
    recipes: Recipes,
    folder: Path,
    *,
    workers: int = 2,
    partitions: int = 4,
    facts: int | None = None,
    claims: int | None = None,
    file: Path | None = None,
    meanwhile: Callable[[WorkerProcesses], None] = lambda workers: None,
) -> tuple[Found, Found]:
    """(expected by the backtest, found on the topics), once all expected records have come.

    `meanwhile` is called once the workers have started. The workers have ended when the topics are read. A
    worker that failed at any time fails the test, whatever it has written.
    """
    settings = settings_of(broker, prefix, file)
    make_topics(settings, recipes, partitions, facts or partitions, claims)
    write(settings, lines, partitions)
    expected = backtest(lines, recipes, partitions)
    with WorkerProcesses(workers, environ(settings), folder) as running:
        meanwhile(running)
        until(lambda: not missing(expected, read(settings, recipes)), running)
        running.check()
    assert [worker.returncode for worker in running._processes] == [0] * workers
    return expected, read(settings, recipes)


def backtest(lines: Sequence[bytes], recipes: Recipes | History, partitions: int) -> Found:
    """The outputs for the same lines without Kafka. Rejected records are by their place on the topic."""
    found = nothing()
    rejected: set[int] = set()
    for out in run(lines, recipes):
        found.triggers.update(value for _, _, value in out.triggers)
        found.decisions.update(value for _, value in out.decisions)
        found.audiences.update(value for *_, value in out.audiences if value is not None)
        found.shadow.update(row[-1] for row in out.shadow)
        found.outcomes.update(row[-1] for row in out.outcomes)
        rejected.update(number for number, _, _ in out.rejected)
    ends: Counter[int] = Counter()
    number = 0
    for record in records(lines, partitions):
        if record.value != CLOCK:
            if number in rejected:
                found.rejected[record.partition, ends[record.partition]] += 1
            number += 1
        ends[record.partition] += 1
    return found


def missing(expected: Found, found: Found) -> list[object]:
    """Values that are found less often than expected. With swapped arguments: unexpected values, and copies."""
    return [
        *(expected.triggers - found.triggers),
        *(expected.decisions - found.decisions),
        *(expected.rejected - found.rejected),
        *(expected.audiences - found.audiences),
        *(expected.shadow - found.shadow),
        *(expected.outcomes - found.outcomes),
    ]


def until(complete: Callable[[], bool], workers: WorkerProcesses) -> None:
    """Polls until it is complete, and leaves most of the CPU to the workers."""
    limit = time.monotonic() + WITHIN_S
    while True:
        began = time.monotonic()
        if complete() or began > limit:
            return  # what is missing is told by the comparison
        workers.check()
        time.sleep(max(0.3, 2 * (time.monotonic() - began)))
