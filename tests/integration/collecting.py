"""A collector with a real broker, and the records that it has written."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import ClientSession, web
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import MetadataEmptyBrokerList

from agents.collector import handler
from agents.config.app_key import SETTINGS
from agents.config.settings import Settings, Time
from agents.kafka import cluster_admin
from stream import recipes_file

PARTITIONS = 3


class Answer(NamedTuple):
    status: int
    body: Any
    headers: Any


class Site:
    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def post(self, given: Any, **options: Any) -> Answer:
        """Posts bytes unchanged, everything else as JSON."""
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        async with self.session.post(f"{self.url}/collect", data=data, **options) as answer:
            return Answer(answer.status, await answer.json(), answer.headers)

    async def taken(self, given: Any) -> Answer:
        """Posts until it is accepted: the collector may be starting, or Kafka down."""
        async with asyncio.timeout(60):
            while (answer := await self.post(given)).status == 503:
                await asyncio.sleep(0.1)
        assert answer.status == 202
        return answer


@asynccontextmanager
async def collecting(settings: Settings) -> AsyncIterator[Site]:
    app = web.Application()
    app[SETTINGS] = settings
    runs = handler.add_routes(app)
    runner = web.AppRunner(app, handler_cancellation=True, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    tasks = [asyncio.ensure_future(run()) for run in runs]
    try:
        async with ClientSession() as session:
            port = runner.addresses[0][1]
            yield Site(session, f"http://127.0.0.1:{port}")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await runner.cleanup()


def make_topics(broker: str, prefix: str, time: Time = "append") -> Settings:
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, time=time)
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, PARTITIONS)
    return settings


def served(settings: Settings, test: Callable[[Site], Awaitable[None]]) -> None:
    async def run() -> None:
        async with collecting(settings) as site:
            await test(site)

    asyncio.run(run())


def event(number: int = 1, visitor: str = "v-1", **more: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "activity.pinged", "visitor": visitor, **more}


class Kept(NamedTuple):
    partition: int
    key: bytes | None
    value: bytes
    headers: dict[str, str] = {}


def kept(settings: Settings, topic: str = "storefront.events") -> list[Kept]:
    """All records of a topic, each partition in order."""
    name = settings.topic(topic)
    consumer = KafkaConsumer(bootstrap_servers=list(settings.kafka), enable_auto_commit=False)
    parts = [TopicPartition(name, number) for number in _partitions(consumer, name)]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(parts)
    found: list[Kept] = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=1000).values():
            found += [
                Kept(
                    each.partition,
                    each.key,
                    each.value,
                    {name: text.decode() for name, text in each.headers},
                )
                for each in batch
            ]
    consumer.close()
    return found


def _partitions(consumer: KafkaConsumer, topic: str) -> set[int]:
    """The partitions of a topic. A node that was frozen lists no broker until its controller has heard from it."""
    until = time.monotonic() + 60
    while True:
        try:
            return consumer.partitions_for_topic(topic) or set()
        except MetadataEmptyBrokerList:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def rejected(settings: Settings, count: int) -> list[Kept]:
    """Waits for `count` records of refused events. The collector's answers do not wait for them."""
    until = time.monotonic() + 60
    while len(found := kept(settings, "storefront.rejected")) < count and time.monotonic() < until:
        time.sleep(0.2)
    return found


def ids(records: Iterable[Kept]) -> list[str]:
    return [json.loads(record.value)["id"] for record in records]
