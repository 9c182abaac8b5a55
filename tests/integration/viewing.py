"""Helpers of the tests of the Redis view: a day on a broker, read raw, and a writer that catches up."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from agents.config.settings import Settings
from agents.view.projection import day
from agents.view.reader import ViewReader
from agents.view.redis_client import Link, ViewLost
from agents.view.redis_keys import RedisKeys
from agents.view.writer import Writer
from stream import recipes_file

WITHIN_S = 120.0


@dataclass
class Log:
    """The records of the topics: (broker's time, key, value) by topic without the prefix."""

    records: dict[str, list[tuple[int, bytes, bytes]]] = field(default_factory=dict)

    def values(self, topic: str) -> list[tuple[int, dict[str, Any]]]:
        return [(t, json.loads(value)) for t, _, value in self.records.get(topic, [])]

    def triggers(self) -> list[tuple[int, dict[str, Any]]]:
        names = [name for name in self.records if name.startswith("triggers.")]
        names.remove("triggers.decisions")
        return [each for name in names for each in self.values(name)]

    def counts(self) -> Counter[tuple[str, str, str, str]]:
        """The counts that the view must have, by day, recipe, outcome and reason."""
        found: Counter[tuple[str, str, str, str]] = Counter()
        for t, each in self.values("triggers.decisions"):
            key = day(t), each["recipe"], each["outcome"], each.get("reason", "")
            found[key] += each.get("steps_left", 1)
        for t, event in self.triggers():
            if event["type"].startswith("storefront.trigger.cancelled"):
                data = event["data"]
                found[day(t), data["recipe"], "cancelled", data["reason"]] += 1
        return found


def read(settings: Settings) -> Log:
    """Reads all records with a raw client."""
    consumer = KafkaConsumer(bootstrap_servers=list(settings.kafka), enable_auto_commit=False)
    try:
        names = [each for each in consumer.topics() if each.startswith(settings.prefix)]
        parts = [
            TopicPartition(name, n) for name in names for n in consumer.partitions_for_topic(name)
        ]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends, log = consumer.end_offsets(parts), Log()
        while any(consumer.position(part) < ends[part] for part in parts):
            for batch in consumer.poll(timeout_ms=500).values():
                for each in batch:
                    name = each.topic.removeprefix(settings.prefix)
                    place = log.records.setdefault(name, [])
                    if each.value is not None:
                        place.append((each.timestamp, each.key, each.value))
        return log
    finally:
        consumer.close()


def stored(settings: Settings) -> tuple[Link, ViewReader]:
    assert settings.redis
    link = Link(settings.redis)
    return link, ViewReader(link, RedisKeys(settings.prefix))


async def surely(ask: Callable[[], Awaitable[Any]]) -> Any:
    """The answer. Retries, because the machine may be busy with other tests."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                return await ask()
            except ViewLost:
                await asyncio.sleep(0.2)


async def counts(settings: Settings) -> Counter[tuple[str, str, str, str]]:
    """The counts of the view."""
    link, view = stored(settings)
    try:
        found = await surely(view.counts)
    finally:
        await link.close()
    return Counter({each[:4]: each.number for each in found})


async def catch_up(settings: Settings, writers: int = 1) -> None:
    """Runs `writers` writers at once, until the view equals the log."""
    made = [writer(settings) for _ in range(writers)]
    tasks = [asyncio.create_task(each.run()) for each in made]
    try:
        async with asyncio.timeout(WITHIN_S):
            while any(each.tail.behind != 0 for each in made):
                await asyncio.sleep(0.1)
    finally:
        await ended(tasks, made)


def writer(settings: Settings) -> Writer:
    assert settings.redis
    return Writer(settings, recipes_file.DEFAULT, Link(settings.redis))


async def ended(tasks: list[asyncio.Task[None]], writers: list[Writer]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for each in writers:
        await each.link.close()


def with_redis(settings: Settings, url: str) -> Settings:
    return replace(settings, redis=url)
