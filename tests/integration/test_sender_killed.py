"""Senders that are killed, frozen, stopped and joined by others: nothing lost, nothing twice after a 2xx
that was seen. A 2xx was seen when its mark is written: the marks are read at the moment of each blow.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from agents.local import cluster
from tests.integration.hostile import Endpoint, Reply, Seen
from tests.integration.sending import Sender, Topics, sender, trigger, triggers_of

Marks = Callable[[], set[str]]


def in_redis(url: str, prefix: str) -> set[str]:
    with Redis.from_url(url, decode_responses=True) as client:
        keys = list(client.scan_iter(f"{prefix}sender:*:state"))
        values = client.mget(keys) if keys else []
    return {
        key.partition("{")[2].partition("}")[0]
        for key, value in zip(keys, values, strict=True)
        if value.startswith("sent ")
    }


def in_file(folder: Path) -> set[str]:
    base = sqlite3.connect(folder / "marks.sqlite3")
    found = {id for (id,) in base.execute("select id from deliveries where state = 'sent'")}
    base.close()
    return found


@pytest.fixture(params=["redis", "file"])
def marks(
    request: pytest.FixtureRequest, prefix: str, tmp_path: Path
) -> tuple[dict[str, str], Marks]:
    """The settings of senders with this store, and a reader of the records that they have sent."""
    if request.param == "file":
        return {}, lambda: in_file(tmp_path)
    url = request.getfixturevalue("redis_url")
    return {"TRIGGERS_REDIS": url}, lambda: in_redis(url, prefix)


def moody(seed: int) -> Callable[[Seen], Reply]:
    """Replies with every kind of failure, but not always."""
    draw = random.Random(seed)
    bad = [Reply(500), Reply(503, {"Retry-After": "0"}), Reply(cut=True), Reply(stall=1.5)]

    def behave(seen: Seen) -> Reply:
        return draw.choice(bad) if draw.random() < 0.3 else Reply(stall=draw.random() * 0.05)

    return behave


@pytest.mark.slow
def test_a_sender_killed_many_times_loses_nothing_and_repeats_no_acknowledged_message(
    broker: str,
    prefix: str,
    topics: Topics,
    endpoint: Endpoint,
    tmp_path: Path,
    marks: tuple[dict[str, str], Marks],
) -> None:
    env, sent = marks
    given = triggers_of(150, people=40)
    endpoint.behave = moody(seed=11)
    topics.fire(*given)
    blows = []
    env |= {"TRIGGERS_INSTANCE_ID": "sender-0", "TRIGGERS_WEBHOOK_TIMEOUT_MS": "500"}
    with sender(broker, prefix, endpoint.url, tmp_path, **env) as running:
        for blow in range(4):
            endpoint.wait(partial(endpoint.has_delivered, 25 * (blow + 1)))
            running.process.kill()
            time.sleep(0.2)
            blows.append((time.monotonic(), sent()))
            running.process.start()
        endpoint.wait(lambda: sent() == {each.id for each in given})
        endpoint.wait(lambda: topics.left() == 0)
    for at, seen in blows:
        assert seen
        assert not [each.id for each in endpoint.seen if each.at > at and each.id in seen]
    assert sum(endpoint.delivered.values()) <= len(given) + 16 * len(blows)


def test_a_stopped_sender_finishes_open_requests_and_repeats_nothing(
    broker: str,
    prefix: str,
    topics: Topics,
    endpoint: Endpoint,
    tmp_path: Path,
    marks: tuple[dict[str, str], Marks],
) -> None:
    env, sent = marks
    given = triggers_of(100, people=100)
    endpoint.behave = lambda seen: Reply(stall=0.3)
    topics.fire(*given)
    for _ in range(2):
        with sender(broker, prefix, endpoint.url, tmp_path, **env) as running:
            goal = len(endpoint.delivered) + 20
            endpoint.wait(partial(endpoint.has_delivered, goal))
            assert running.terminate() == 0
        assert sent() == set(endpoint.delivered)
    with sender(broker, prefix, endpoint.url, tmp_path, **env):
        endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == {each.id: 1 for each in given}


@pytest.mark.slow
def test_senders_that_come_and_go_share_the_people_and_send_each_trigger_once(
    broker: str,
    prefix: str,
    topics: Topics,
    endpoint: Endpoint,
    tmp_path: Path,
    marks: tuple[dict[str, str], Marks],
) -> None:
    env = marks[0] | {"TRIGGERS_SENDER_REQUESTS": "4"}
    given = triggers_of(300, people=60)
    endpoint.behave = lambda seen: Reply(stall=0.1)
    topics.fire(*given)
    with sender(broker, prefix, endpoint.url, tmp_path, **env):
        endpoint.wait(lambda: len(endpoint.delivered) > 30)
        with sender(broker, prefix, endpoint.url, tmp_path, **env) as other:
            endpoint.wait(lambda: other.settled() > 30)
            assert other.terminate() == 0
        endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == {each.id: 1 for each in given}
    person = {each.id: each.person for each in given}
    for who in set(person.values()):
        order = [each.id for each in given if each.person == who]
        assert [id for id in endpoint.ids(200) if person[id] == who] == order


@pytest.mark.slow
def test_a_frozen_sender_that_resumes_repeats_nothing_acknowledged(
    broker: str,
    prefix: str,
    topics: Topics,
    endpoint: Endpoint,
    tmp_path: Path,
    marks: tuple[dict[str, str], Marks],
) -> None:
    env, sent = marks
    given = triggers_of(200, people=200)
    endpoint.behave = lambda seen: Reply(stall=0.2)
    topics.fire(*given)
    with sender(broker, prefix, endpoint.url, tmp_path, **env) as frozen:
        endpoint.wait(lambda: len(endpoint.delivered) > 5)
        frozen.process.freeze()
        at, seen = time.monotonic(), sent()
        with sender(broker, prefix, endpoint.url, tmp_path, **env):
            time.sleep(4)  # with a file the frozen one may hold its lock: then all wait for it
            frozen.process.thaw()
            endpoint.wait(lambda: sent() == {each.id for each in given})
            endpoint.wait(lambda: topics.left() == 0)
            assert frozen.page("/live")[0] == 200
    assert not [each.id for each in endpoint.seen if each.at > at + 0.5 and each.id in seen]


@pytest.mark.slow
def test_without_a_broker_a_sender_still_stops_in_time_and_sends_nothing(
    endpoint: Endpoint, prefix: str, tmp_path: Path
) -> None:
    with cluster.cluster() as brokers:
        topics = Topics(brokers.bootstrap, prefix)
        hasty = {"TRIGGERS_WEBHOOK_TIMEOUT_MS": "1000"}
        with sender(brokers.bootstrap, prefix, endpoint.url, tmp_path, **hasty) as running:
            one, waiting = trigger("one"), trigger("waiting", wait=8_000)
            topics.fire(one, waiting)
            endpoint.wait(lambda: endpoint.delivered == {one.id: 1})
            brokers.nodes[0].freeze()
            endpoint.wait(lambda: running.page("/ready")[0] == 503)
            time.sleep(max(waiting.start / 1000 - time.time(), 0) + 1)
            assert running.page("/live")[0] == 200
            assert running.terminate(within=20) == 0
            brokers.nodes[0].thaw()
        topics.close()
    assert endpoint.delivered == {one.id: 1}


def test_a_sender_waits_for_a_broker_and_stops_while_it_does(
    endpoint: Endpoint, prefix: str, tmp_path: Path
) -> None:
    early = Sender("127.0.0.1:9", prefix, endpoint.url, tmp_path)
    early.process.launch()
    try:
        endpoint.wait(lambda: "no_broker" in early.process.output())
        assert early.page("/ready")[0] == 503
        assert early.terminate() == 0
    finally:
        early.process.kill()
