"""The Redis view equals the log, with any writers and after any loss of Redis."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaProducer
from redis import Redis

from agents.config.settings import Settings
from agents.explain import pending_steps
from agents.local.redis import Server, server
from agents.view import projection
from agents.view.redis_client import Link, ViewLost
from agents.view.redis_keys import DECISIONS_KEPT, RedisKeys
from stream import recipes_file
from tests.integration import viewing
from tests.integration.past import left
from tests.integration.viewing import Log, catch_up, counts, stored, surely, with_redis

HOUR = 3_600_000
DAY = 24 * HOUR
SERIES = frozenset({"offsets", "counts", "fired", "triggers"})


@pytest.fixture(scope="module")
def day(broker: str) -> Settings:
    """A day that workers left on the broker."""
    return left(broker, f"view{os.getpid()}.", 250)


@pytest.fixture(scope="module")
def log(day: Settings) -> Log:
    return viewing.read(day)


@pytest.fixture
def settings(day: Settings, redis_url: str) -> Iterator[Settings]:
    """The day, and an empty Redis."""
    yield with_redis(day, redis_url)
    client = Redis.from_url(redis_url)
    for key in client.scan_iter(f"{day.prefix}*", 500):
        client.delete(key)
    client.close()


@pytest.fixture
def own_redis() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def client(settings: Settings) -> Iterator[Redis]:
    made = Redis.from_url(settings.redis or "", decode_responses=True)
    yield made
    made.close()


def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "TRIGGERS_KAFKA": ",".join(settings.kafka),
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_REDIS": settings.redis or "",
    }
    return subprocess.run(
        [sys.executable, "-m", "agents", "view", *arguments],
        env=environ, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_every_decision_and_cancel_is_counted_once(settings: Settings, log: Log) -> None:
    asyncio.run(catch_up(settings))
    assert log.counts().total() > 100
    assert asyncio.run(counts(settings)) == log.counts()


def test_two_writers_at_once_count_nothing_twice(settings: Settings, log: Log) -> None:
    asyncio.run(catch_up(settings, 2))
    assert asyncio.run(counts(settings)) == log.counts()


def test_a_restarted_writer_continues_where_the_view_is(settings: Settings, log: Log) -> None:
    asyncio.run(catch_up(settings))
    asyncio.run(catch_up(settings))
    assert asyncio.run(counts(settings)) == log.counts()


def test_a_person_s_decisions_are_the_last_ones_in_their_order(
    settings: Settings, log: Log
) -> None:
    asyncio.run(catch_up(settings))
    by_person: dict[str, list[tuple[int, str]]] = {}
    for t, each in log.values("triggers.decisions"):
        by_person.setdefault(each["person"], []).append((t, json.dumps(each)))
    person = max(by_person, key=lambda name: len(by_person[name]))

    async def ask() -> list[str]:
        link, view = stored(settings)
        found = await surely(lambda: view.decisions(person))
        await link.close()
        return [json.dumps(each) for each in found]

    expected = [value for _, value in sorted(by_person[person])][-DECISIONS_KEPT:]
    assert asyncio.run(ask()) == expected


def test_waiting_steps_equal_those_of_the_changelog(settings: Settings, log: Log) -> None:
    asyncio.run(catch_up(settings))
    states: dict[str, list[bytes | None]] = {}
    for _, key, value in log.records["state.people"]:
        states.setdefault(key.decode(), []).append(value)
    states.pop("")

    async def compare() -> int:
        link, view = stored(settings)
        steps = 0
        for person, values in list(states.items())[:150]:
            known = pending_steps.of_records(person, values, recipes_file.DEFAULT)
            assert await surely(partial(view.waiting, person)) == known
            steps += len(known.steps) if known else 0
        await link.close()
        return steps

    assert asyncio.run(compare()) > 10


def test_the_person_of_a_trigger_is_known(settings: Settings, log: Log) -> None:
    asyncio.run(catch_up(settings))
    data = log.triggers()[-1][1]["data"]

    async def ask(id: str) -> str | None:
        link, view = stored(settings)
        found: str | None = await surely(lambda: view.person_of(id))
        await link.close()
        return found

    assert asyncio.run(ask(data["trigger_id"])) == data["person"]
    assert asyncio.run(ask("0" * 32)) is None


def test_every_key_has_the_prefix_and_keys_of_people_expire(
    settings: Settings, client: Redis
) -> None:
    before = set(client.scan_iter("*", 500))
    asyncio.run(catch_up(settings))
    keys = RedisKeys(settings.prefix)
    found = set(client.scan_iter("*", 500)) - before
    assert found
    for key in found:
        assert key.startswith(keys.all)
        if key.removeprefix(keys.all) not in SERIES:
            assert client.pttl(key) > 0, key


def test_only_the_newest_trigger_ids_are_kept(
    settings: Settings, log: Log, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "FIRED_KEPT", 20)
    asyncio.run(catch_up(settings))
    keys = RedisKeys(settings.prefix)
    kept = client.zrange(keys.fired, 0, -1)
    assert len(kept) == 20
    assert set(kept) == set(client.hkeys(keys.triggers))
    last = max(t for t, _ in log.triggers())
    assert kept[-1] in {each["data"]["trigger_id"] for t, each in log.triggers() if t == last}


def test_days_that_are_long_past_are_counted_no_more(
    settings: Settings, log: Log, client: Redis
) -> None:
    keys = RedisKeys(settings.prefix)
    client.hset(keys.offsets, "other:0", "1")  # a view, not the rest of one
    client.hset(keys.counts, "2020-01-01|exit-intent|fired|", 7)
    asyncio.run(catch_up(settings))
    assert asyncio.run(counts(settings)) == log.counts()


def test_the_command_rebuilds_the_view_from_the_log(
    settings: Settings, log: Log, client: Redis
) -> None:
    asyncio.run(catch_up(settings))
    keys = RedisKeys(settings.prefix)
    client.hset(keys.counts, "2026-01-01|exit-intent|fired|", 99)
    client.hset(
        keys.waiting("customer:nobody"), mapping={"applied": 1, "version": 1, "steps": "[]"}
    )
    done = command(settings, "--rebuild")
    assert done.returncode == 0, done.stderr
    assert "the view is up to date with the log" in done.stdout
    assert asyncio.run(counts(settings)) == log.counts()
    assert not client.exists(keys.waiting("customer:nobody"))


def test_later_records_are_in_the_view_too(broker: str, prefix: str, redis_url: str) -> None:
    settings = left(broker, prefix, 60, 3 * HOUR, redis_url)
    asyncio.run(catch_up(settings))
    before = asyncio.run(counts(settings))
    producer = KafkaProducer(bootstrap_servers=broker.split(","))
    decision = {"trigger_id": "a" * 32, "recipe": "exit-intent", "version": 1, "step": 1,
                "person": "visitor:v", "visitor": "v", "outcome": "fired", "at": 1}  # fmt: skip
    t = int(time.time() * 1000) - 3 * DAY
    producer.send(f"{prefix}triggers.decisions", json.dumps(decision).encode(), b"visitor:v",
                  timestamp_ms=t)  # fmt: skip
    producer.flush()
    producer.close()
    asyncio.run(catch_up(settings))
    added = asyncio.run(counts(settings)) - before
    assert added == {(projection.day(t), "exit-intent", "fired", ""): 1}


def test_the_user_in_the_documentation_may_do_all_that_the_view_needs_and_no_more(
    day: Settings, log: Log, own_redis: Server
) -> None:
    page = Path("docs/redis.md").read_text()
    (rule,) = [line for line in page.splitlines() if line.startswith("ACL SETUSER")]
    rule = rule.replace("~view:*", f"~{day.prefix}view:*")
    client = Redis.from_url(own_redis.url, decode_responses=True)
    client.execute_command(*rule.split())
    address = own_redis.url.removeprefix("redis://")
    settings = with_redis(day, f"redis://view:a-long-password@{address}")
    asyncio.run(catch_up(settings))
    done = command(settings, "--rebuild")
    assert done.returncode == 0, done.stderr
    assert asyncio.run(counts(settings)) == log.counts()
    assert client.acl_log() == []

    async def try_more() -> None:
        link = Link(settings.redis or "")
        for forbidden in (
            ("HSET", "other", "a", "b"),
            ("SET", f"{day.prefix}view:a", "b"),
            ("CONFIG", "GET", "*"),
            ("FLUSHALL",),
        ):
            with pytest.raises(ViewLost):
                await link.call(*forbidden)
            link.breaker.worked()
        await link.close()

    asyncio.run(try_more())
    client.close()
