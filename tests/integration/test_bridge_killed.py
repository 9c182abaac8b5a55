"""Bridges that are killed, frozen, stopped and joined by others: no event lost, and with transactions none twice."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from agents.local import cluster
from tests.integration.bridging import PARTITIONS, Bridge, Sources, bridge, numbers, until, viewed

VISITORS = 40
DELIVERIES = ["at_least_once", "exactly_once"]
CHUNK = 500


@contextmanager
def traffic(sources: Sources, topic: str, count: int, rate: float) -> Iterator[None]:
    """Sends `count` messages in the background, each visitor's to one partition. The block's end waits for all."""

    def write() -> None:
        for number in range(count):
            visitor = number % VISITORS
            sources.put(topic, viewed(number, f"v{visitor}"), partition=visitor % PARTITIONS)
            time.sleep(1 / rate)
        sources.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def found(sources: Sources, count: int) -> list[int]:
    """The numbers in the order of storefront.events, once all have come and no more come."""
    until(lambda: len(set(numbers(sources.events()))) >= count, 120)
    time.sleep(2)
    return numbers(sources.events())


def in_order(found: list[int]) -> bool:
    """Whether the numbers of each visitor are in order, without copies."""
    first = list(dict.fromkeys(found))
    return all(
        own == sorted(own)
        for own in ([n for n in first if n % VISITORS == visitor] for visitor in range(VISITORS))
    )


def reached(sources: Sources, number: int) -> bool:
    """Whether there are `number` events."""
    return len(sources.records("storefront.events")) >= number


@pytest.mark.slow
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_bridge_killed_again_and_again_loses_nothing(sources: Sources, delivery: str) -> None:
    topic, count, blows = sources.add("web", "segment"), 3_000, 4
    with bridge(sources, TRIGGERS_DELIVERY=delivery) as running:
        with traffic(sources, topic, count, rate=150):
            for blow in range(blows):
                goal = 300 * (blow + 1)
                until(partial(reached, sources, goal))
                running.process.kill()
                running.process.start()
        events = found(sources, count)
    times = Counter(events)
    assert set(times) == set(range(count)), "nothing is lost"
    assert in_order(events)
    if delivery == "exactly_once":
        assert set(times.values()) == {1}, "and nothing is there twice"
    else:
        assert len(events) <= count + blows * CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_bridges_that_come_and_go_share_the_partitions(sources: Sources, delivery: str) -> None:
    topic, count = sources.add("web", "segment"), 2_000
    with (
        bridge(sources, TRIGGERS_DELIVERY=delivery) as one,
        traffic(sources, topic, count, rate=100),
    ):
        with bridge(sources, TRIGGERS_DELIVERY=delivery) as other:
            until(lambda: other.number("triggers_bridge_records_total") > 100)
            assert one.number("triggers_bridge_rebalances_total") >= 2
            assert other.terminate() == 0
        events = found(sources, count)
    assert sorted(events) == list(range(count)), "an orderly rebalance repeats nothing"
    assert in_order(events)


@pytest.mark.slow
def test_a_frozen_bridge_that_wakes_up_writes_nothing_twice(sources: Sources) -> None:
    topic, count = sources.add("web", "segment"), 1_500
    env = {"TRIGGERS_DELIVERY": "exactly_once"}
    with bridge(sources, **env) as frozen, traffic(sources, topic, count, rate=100):
        until(lambda: len(sources.records("storefront.events")) > 200)
        frozen.process.freeze()
        with bridge(sources, **env):
            until(lambda: len(set(numbers(sources.events()))) > 800)
            frozen.process.thaw()
            events = found(sources, count)
    assert sorted(events) == list(range(count))
    assert in_order(events)


@pytest.mark.slow
def test_the_bridge_waits_during_a_broker_outage_and_then_continues(
    prefix: str, tmp_path: object
) -> None:
    with cluster.cluster() as brokers:
        sources = Sources(brokers.bootstrap, prefix, tmp_path)  # type: ignore[arg-type]
        topic = sources.add("web", "segment")
        with bridge(sources) as running:
            for number in range(100):
                sources.put(topic, viewed(number, f"v{number % VISITORS}"))
            sources.flush()
            assert len(sources.wait(100)) == 100
            brokers.nodes[0].freeze()
            until(lambda: running.page("/ready")[0] == 503, 60)
            assert running.page("/ready")[0] == 503
            assert running.page("/live")[0] == 200
            brokers.nodes[0].thaw()
            for number in range(100, 200):
                sources.put(topic, viewed(number, f"v{number % VISITORS}"))
            sources.flush()
            assert sorted(set(numbers(sources.wait(200)))) == list(range(200))
            until(lambda: running.page("/ready")[0] == 200)
            brokers.nodes[0].freeze()
            assert running.terminate() == 0, "it stops in time without a broker"
            brokers.nodes[0].thaw()
        sources.close()


def test_it_waits_for_a_broker_and_stops_while_it_does(sources: Sources) -> None:
    sources.add("web", "segment", 1)
    early = Bridge(sources, TRIGGERS_KAFKA="127.0.0.1:9")
    early.process.launch()
    try:
        until(lambda: "no_broker" in early.process.output())
        assert early.page("/ready")[0] == 503
        assert early.page("/live")[0] == 200
        assert early.terminate() == 0
    finally:
        early.process.kill()
