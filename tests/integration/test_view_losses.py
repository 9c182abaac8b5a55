"""After any loss of Redis, the view equals the log."""

import asyncio
import os
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from agents.config.settings import Settings
from agents.local.redis import Server, server
from agents.view.redis_client import FAILURES, Link, ViewLost
from tests.integration import viewing
from tests.integration.past import left
from tests.integration.viewing import Log, counts, ended, surely, with_redis


@pytest.fixture(scope="module")
def day(broker: str) -> Settings:
    """A day that workers left on the broker."""
    return left(broker, f"lost{os.getpid()}.", 250)


@pytest.fixture(scope="module")
def log(day: Settings) -> Log:
    return viewing.read(day)


@pytest.fixture
def own_redis() -> Iterator[Server]:
    with server() as running:
        yield running


def test_an_emptied_redis_fills_itself_again_though_the_log_is_quiet(
    day: Settings, log: Log, own_redis: Server
) -> None:
    settings, client = with_redis(day, own_redis.url), Redis.from_url(own_redis.url)

    async def empty() -> None:
        writer = viewing.writer(settings)
        task = asyncio.create_task(writer.run())
        try:
            async with asyncio.timeout(viewing.WITHIN_S):
                while await counts(settings) != log.counts():
                    await asyncio.sleep(0.2)
                client.flushall()
                while await counts(settings) != log.counts():
                    await asyncio.sleep(0.2)
        finally:
            await ended([task], [writer])

    asyncio.run(empty())
    client.close()


def test_a_frozen_redis_costs_a_call_no_more_than_its_limit(own_redis: Server) -> None:
    async def call() -> None:
        link = Link(own_redis.url)
        await surely(lambda: link.call("PING"))
        own_redis.freeze()
        try:
            began = time.monotonic()
            for _ in range(FAILURES + 20):
                with pytest.raises(ViewLost):
                    await link.call("PING")
            # redis-py's own limits are seconds for each of the calls
            assert time.monotonic() - began < 10.0
            assert link.breaker.is_open
        finally:
            own_redis.thaw()
        assert await surely(lambda: link.call("PING")) in (True, "PONG")
        await link.close()

    asyncio.run(call())


def test_counts_are_right_after_redis_freezes_and_dies(
    day: Settings, log: Log, own_redis: Server
) -> None:
    settings = with_redis(day, own_redis.url)

    async def through_it() -> None:
        writer = viewing.writer(settings)
        task = asyncio.create_task(writer.run())
        try:
            async with asyncio.timeout(viewing.WITHIN_S):
                while writer.time == 0:
                    await asyncio.sleep(0.01)
                own_redis.freeze()
                while not writer.link.fault:
                    await asyncio.sleep(0.05)
                own_redis.thaw()
                own_redis.kill()
                own_redis.start()
                while await counts(settings) != log.counts():
                    await asyncio.sleep(0.2)
        finally:
            await ended([task], [writer])

    asyncio.run(through_it())


def test_a_full_redis_loses_nothing(day: Settings, log: Log, own_redis: Server) -> None:
    settings = with_redis(day, own_redis.url)
    client = Redis.from_url(own_redis.url)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 100_000)

    async def through_it() -> None:
        writer = viewing.writer(settings)
        task = asyncio.create_task(writer.run())
        try:
            async with asyncio.timeout(viewing.WITHIN_S):
                while writer.link.fault not in ("OutOfMemoryError", "ResponseError"):
                    await asyncio.sleep(0.02)
                client.config_set("maxmemory", 0)
                while await counts(settings) != log.counts():
                    await asyncio.sleep(0.2)
        finally:
            await ended([task], [writer])

    asyncio.run(through_it())
    client.close()
