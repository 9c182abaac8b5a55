"""A sender whose Redis stops, freezes and restarts: messages are late, never doubled, never lost."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from agents.local import redis
from agents.local.redis import Server
from tests.integration.hostile import Endpoint, Reply
from tests.integration.sending import Topics, sender, trigger, triggers_of


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Server]:
    """A Redis of this test, which keeps its data over a restart."""
    with redis.server(tmp_path / "redis-data") as server:
        yield server


def test_while_redis_is_down_nothing_is_sent_and_later_everything(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, kept: Server
) -> None:
    given = triggers_of(60, people=30)
    with sender(broker, prefix, endpoint.url, tmp_path, TRIGGERS_REDIS=kept.url) as running:
        topics.fire(*given[:30])
        endpoint.wait(lambda: len(endpoint.delivered) == 30)
        kept.stop()
        topics.fire(*given[30:])
        endpoint.wait(lambda: running.number("triggers_sender_open_records") == 30)
        endpoint.wait(lambda: running.page("/ready")[0] == 503)
        assert running.number("triggers_sender_store_up") == 0
        time.sleep(1)
        assert len(endpoint.seen) == 30
        kept.start()
        endpoint.wait(lambda: topics.left() == 0)
        endpoint.wait(lambda: running.page("/ready")[0] == 200)
    assert endpoint.delivered == {each.id: 1 for each in given}


def test_a_frozen_redis_delays_and_doubles_nothing(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, kept: Server
) -> None:
    given = triggers_of(120, people=60)
    endpoint.behave = lambda seen: Reply(stall=0.1)
    topics.fire(*given)
    with sender(broker, prefix, endpoint.url, tmp_path, TRIGGERS_REDIS=kept.url):
        for goal in (20, 60):
            endpoint.wait(partial(endpoint.has_delivered, goal))
            kept.freeze()
            time.sleep(1.5)
            kept.thaw()
        endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == {each.id: 1 for each in given}


def test_a_2xx_answer_without_redis_survives_a_kill(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, kept: Server
) -> None:
    blocked, *given = [trigger("blocked"), *triggers_of(8, people=8)]
    endpoint.behave = lambda seen: Reply(500) if seen.id == blocked.id else Reply(stall=2)
    topics.fire(blocked, *given)
    env = {"TRIGGERS_REDIS": kept.url, "TRIGGERS_INSTANCE_ID": "sender-0"}
    with sender(broker, prefix, endpoint.url, tmp_path, **env) as running:
        endpoint.wait(lambda: len({each.id for each in endpoint.seen}) == 9)
        kept.stop()
        endpoint.wait(lambda: running.settled() == 8)
        running.process.kill()
        kept.start()
        endpoint.behave = lambda seen: Reply()
        running.process.start()
        endpoint.wait(lambda: topics.left() == 0)
        with Redis.from_url(kept.url, decode_responses=True) as client:
            keys = [f"{prefix}sender:{{{each.id}}}:state" for each in given]
            endpoint.wait(lambda: all(str(mark).startswith("sent") for mark in client.mget(keys)))
    assert endpoint.delivered == {each.id: 1 for each in [blocked, *given]}


def test_idempotency_records_expire_a_day_after_their_triggers(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, redis_url: str
) -> None:
    given = trigger("mortal", valid=600_000)
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path, TRIGGERS_REDIS=redis_url):
        endpoint.wait(lambda: topics.left() == 0)
    with Redis.from_url(redis_url, decode_responses=True) as client:
        (key,) = client.scan_iter(f"{prefix}sender:*")
        assert key == f"{prefix}sender:{{{given.id}}}:state"
        assert client.get(key) == f"sent {given.until}"
        assert 86_400_000 < client.pttl(key) <= 86_400_000 + 600_000


def test_get_set_del_and_ping_on_its_own_keys_are_all_the_rights_it_needs(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, kept: Server
) -> None:
    rights = [f"~{prefix}sender:*", "+get", "+set", "+del", "+ping"]
    with Redis.from_url(kept.url) as client:
        client.execute_command("ACL", "SETUSER", "sender", "on", ">pass", "resetkeys", *rights)
    given = trigger("allowed"), trigger("dropped", wait=600_000)
    topics.fire(*given)
    topics.cancel(given[1])
    url = kept.url.replace("redis://", "redis://sender:pass@")
    with sender(broker, prefix, endpoint.url, tmp_path, TRIGGERS_REDIS=url) as running:
        endpoint.wait(lambda: topics.left() == 0)
        assert "pass" not in running.process.output()
    assert endpoint.delivered == {given[0].id: 1}


def test_two_groups_have_two_endpoints_and_each_gets_every_trigger_once(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, redis_url: str
) -> None:
    given = triggers_of(10, people=10)
    topics.fire(*given)
    env = {"TRIGGERS_REDIS": redis_url}
    store = str(tmp_path / "push.sqlite3")
    other = env | {"TRIGGERS_SENDER_GROUP": f"{prefix}push", "TRIGGERS_SENDER_STORE": store}
    with sender(broker, prefix, endpoint.url, tmp_path, **env):
        endpoint.wait(lambda: topics.left() == 0)
        with sender(broker, prefix, endpoint.url, tmp_path, **other):
            endpoint.wait(lambda: topics.left(f"{prefix}push") == 0)
    assert endpoint.delivered == {each.id: 2 for each in given}
