"""When a bridge is live and ready, and what it counts."""

import time
from collections import defaultdict
from types import SimpleNamespace

import pytest

from agents.bridge import consumer as consuming
from agents.bridge import health as judging
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.translating import Bridged, BridgedEvent, Letter
from stream.connect.translation import LeftOut
from tests.bridge_parts import MINUTES, A, B, Given, play, record


def test_a_bridge_is_ready_with_an_open_assignment_and_answers() -> None:
    async def test(given: Given) -> None:
        health = given.health
        waits = ["no assignment yet, or a rebalance is under way"]
        assert (health.unready(), health.stalled()) == (waits, [])
        given.kafka.logs[A] = [record(5, 2 * MINUTES)]
        await given.assigned(A)
        assert given.consumer.assigned is not None
        assert health.unready() == waits, "it is not open yet"
        assert await given.consumer._open(given.consumer.assigned)
        assert health.unready() == ["no broker has answered lately for 1 partitions"]
        given.kafka.polled = (time.time() - consuming.FRESH_S - 1) * 1000
        assert health.unready() == ["no broker has answered lately for 1 partitions"]
        assert health.stalled() == []
        given.kafka.polled = time.time() * 1000
        assert health.unready() == []
        given.consumer.polled = time.monotonic() - 61
        assert health.stalled() == ["no poll for 61 s"]
        given.consumer.polled = time.monotonic() - 59
        assert health.stalled() == []
        health.metrics()
        assert given.value("lag_records", source="shop") == 1
        assert given.value("lag_seconds", source="shop") is not None
        given.registry.up = False
        assert health.unready() == ["the schema registry does not answer"]
        health.metrics()
        assert given.value("registry_up") == 0
        given.consumer.assigned.next[A] = 6
        health.metrics()
        assert given.value("lag_records", source="shop") == 0
        assert given.value("lag_seconds", source="shop") == 0

    play(test, running=False)


def test_a_record_counts_by_its_outcome() -> None:
    metrics = BridgeMetrics()
    letter = Letter("not_json", "$")
    event = BridgedEvent(b"v", b"{}", "page.viewed")
    metrics.carried("shop", Bridged([event], [letter], []))
    metrics.carried("shop", Bridged([], [], [LeftOut("x", "unknown", "$")]))
    value = metrics.registry.get_sample_value
    metrics.carried("shop", Bridged([], [], [LeftOut("order.placed", "no_visitor", "$")]))
    for outcome, number in (("dead_letter", 1), ("left_out", 2), ("translated", None)):
        labels = {"source": "shop", "outcome": outcome}
        assert value("triggers_bridge_records_total", labels) == number
    assert value("triggers_bridge_orders_of_nobody_total", {"source": "shop"}) == 1
    for name, label in (("dead_letters", "not_json"), ("left_out", "unknown")):
        labels = {"source": "shop", "reason": label}
        assert value(f"triggers_bridge_{name}_total", labels) == 1


def test_every_source_has_counters_before_its_first_record() -> None:
    async def test(given: Given) -> None:
        for outcome in ("translated", "left_out", "dead_letter"):
            assert given.value("records_total", source="shop", outcome=outcome) == 0
        assert given.value("orders_of_nobody_total", source="shop") == 0
        given.health.metrics()
        assert given.value("lag_records", source="shop") == 0
        assert given.value("lag_seconds", source="shop") == 0
        assert given.value("registry_up") == 1

    play(test, running=False)


def test_the_lag_of_a_source_is_the_sum_and_its_age_the_largest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(given: Given) -> None:
        given.kafka.polled = time.time() * 1000
        given.kafka.logs = defaultdict(list, {A: [record(9)], B: [record(3)]})
        await given.assigned(A, B)
        assert given.consumer.assigned is not None
        monkeypatch.setattr(type(given.consumer), "now", 100_000)
        given.consumer.assigned.next = {A: 7, B: 1}
        given.consumer.assigned.newest = {A: 40_000, B: 90_000}
        given.health.metrics()
        assert given.value("lag_records", source="shop") == 6
        assert given.value("lag_seconds", source="shop") == 60
        given.consumer.assigned.next = {A: 12, B: 1}
        given.health.metrics()
        assert given.value("lag_records", source="shop") == 3
        assert given.value("lag_seconds", source="shop") == 10
        del given.consumer.assigned.next[B]
        given.health.metrics()
        assert given.value("lag_records", source="shop") == 0

    play(test, running=False)


def test_a_bridge_that_cannot_write_is_behind_though_it_asks_for_nothing_more() -> None:
    async def test(given: Given) -> None:
        given.kafka.polled = (time.time() - 10 * consuming.FRESH_S) * 1000
        given.kafka.logs[A] = [record(9)]
        await given.assigned(A)
        assert given.consumer.assigned is not None
        given.consumer.assigned.next = {A: 7}
        given.consumer.assigned.newest = {A: given.consumer.now - 400_000}
        given.health.metrics()
        assert given.value("lag_records", source="shop") == 3
        assert (given.value("lag_seconds", source="shop") or 0) >= 400

    play(test, running=False)


def test_a_bridge_may_be_still_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(judging, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(5)]
        given.kafka.polled = time.time() * 1000
        await given.assigned(A)
        assert given.consumer.assigned is not None
        given.consumer.polled = now[0]
        now[0] += 61
        assert given.health.stalled() == [], "it is not open yet"
        given.consumer.assigned.open = True
        assert given.health.stalled() == ["no poll for 61 s"]
        given.registry.up = False
        assert given.health.stalled() == []
        given.registry.up = True
        now[0] -= 1
        assert given.health.stalled() == []

    play(test, running=False)


def test_each_event_counts_by_its_type() -> None:
    metrics = BridgeMetrics()
    events = [BridgedEvent(b"v", b"{}", name) for name in ("page.viewed", "page.viewed", "x")]
    metrics.carried("shop", Bridged(events, [], []))
    value = metrics.registry.get_sample_value
    for name, number in (("page.viewed", 2), ("x", 1)):
        assert value("triggers_bridge_events_total", {"source": "shop", "type": name}) == number
    labels = {"source": "shop", "outcome": "translated"}
    assert value("triggers_bridge_records_total", labels) == 1
