"""The collector while its broker is down, frozen, or without the topic: it refuses posts, and loses no accepted event."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from agents.collector.producer import PATIENCE_S
from agents.config.settings import Settings
from agents.local.cluster import cluster
from agents.local.node import Node
from tests.integration.collecting import Site, collecting, event, ids, kept, make_topics, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A broker of this module, which the tests stop."""
    with cluster() as running:
        yield running.nodes[0]


@pytest.fixture
def settings(node: Node, prefix: str) -> Settings:
    return make_topics(node.address, prefix)


async def refused(site: Site, given: Any) -> None:
    """Checks that a post is refused soon, with a Retry-After."""
    answer = await asyncio.wait_for(site.post(given), PATIENCE_S + 5)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "ids" not in answer.body


def test_while_the_broker_is_down_no_event_is_taken_and_afterwards_all_are(
    node: Node, settings: Settings
) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        await asyncio.to_thread(node.kill)
        try:
            for n in range(1, 4):
                await refused(site, [event(n), event(n + 100)])
        finally:
            await asyncio.to_thread(node.start)
        for n in range(1, 4):
            await site.taken([event(n), event(n + 100)])

    served(settings, test)
    found = Counter(ids(kept(settings)))
    assert set(found) == {"e-0"} | {f"e-{n + m}" for n in range(1, 4) for m in (0, 100)}


def test_a_frozen_broker_is_not_waited_for_long_and_its_thaw_is_noticed(
    node: Node, settings: Settings
) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        node.freeze()
        try:
            await refused(site, event(1))
            await refused(site, event(1))
        finally:
            node.thaw()
        await site.taken(event(2))

    served(settings, test)
    assert {"e-0", "e-2"} <= set(ids(kept(settings))) <= {"e-0", "e-1", "e-2"}


def test_events_waiting_for_a_frozen_broker_are_bounded(node: Node, settings: Settings) -> None:
    large = [event(n, f"v-{n}", x="x" * 60_000) for n in range(15)]

    async def timed(site: Site) -> float:
        begin = time.monotonic()
        assert (await site.post(large)).status == 503
        return time.monotonic() - begin

    async def test(site: Site) -> None:
        await site.taken(event(0))
        node.freeze()
        try:
            took = await asyncio.gather(*(timed(site) for _ in range(40)))
        finally:
            node.thaw()
        assert min(took) + PATIENCE_S / 2 < max(took), "all waited for the broker"
        assert max(took) >= PATIENCE_S
        await site.taken(event(1))

    served(settings, test)


def test_a_collector_that_starts_without_a_broker_waits_for_it(
    node: Node, settings: Settings
) -> None:
    async def test() -> None:
        await asyncio.to_thread(node.stop)
        try:
            async with collecting(settings) as site:
                await refused(site, event(0))
                assert (await site.post(b"{}")).status == 400
                await asyncio.to_thread(node.start)
                await site.taken(event(1))
        finally:
            await asyncio.to_thread(node.start)

    asyncio.run(test())
    assert ids(kept(settings)) == ["e-1"]


def test_without_the_topic_nothing_is_taken_until_it_is_made(
    node: Node, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(kafka=(node.address,), prefix=prefix)

    async def test(site: Site) -> None:
        await refused(site, event(0))
        await asyncio.sleep(1)
        await refused(site, event(0))
        assert "topic_missing" in caplog.text
        await asyncio.to_thread(make_topics, node.address, prefix)
        await site.taken(event(1))

    served(settings, test)
    assert ids(kept(settings)) == ["e-1"]
    assert len(caplog.records) < 100


def test_a_topic_that_goes_away_is_missed_and_a_new_one_is_used(
    node: Node, settings: Settings
) -> None:
    def delete() -> None:
        admin = KafkaAdminClient(bootstrap_servers=[node.address])
        admin.delete_topics([settings.topic("storefront.events")])
        admin.close()

    async def test(site: Site) -> None:
        await site.taken(event(0))
        await asyncio.to_thread(delete)
        async with asyncio.timeout(30):
            while (await site.post(event(1))).status != 503:
                await asyncio.sleep(0.1)
        await asyncio.to_thread(make_topics, node.address, settings.prefix)
        await site.taken(event(2))

    served(settings, test)
    assert "e-2" in ids(kept(settings))


def test_every_event_reported_as_taken_survives_a_kill_of_the_broker(
    node: Node, settings: Settings
) -> None:
    taken_ids: list[str] = []

    async def post(site: Site, lane: int, until: asyncio.Event) -> None:
        number = 0
        while not until.is_set():
            number += 1
            answer = await site.post(event(1, f"v-{lane}", id=f"{lane}-{number}"))
            if answer.status == 202:
                taken_ids.extend(answer.body["ids"])
            await asyncio.sleep(0.01)

    async def test(site: Site) -> None:
        await site.taken(event(0))
        until = asyncio.Event()
        lanes = [asyncio.create_task(post(site, lane, until)) for lane in range(4)]
        async with asyncio.timeout(PATIENCE_S):
            while len(taken_ids) <= 20:
                await asyncio.sleep(0.05)
        await asyncio.to_thread(node.kill)
        await asyncio.to_thread(node.start)
        await site.taken(event(1))
        until.set()
        await asyncio.gather(*lanes)

    served(settings, test)
    assert set(taken_ids) <= {json.loads(record.value)["id"] for record in kept(settings)}
