"""When a bridge is live and ready, and what it counts."""

import time

from agents.bridge import consumer as consuming
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.translating import Bridged, BridgedEvent, Letter
from stream.connect.translation import LeftOut
from tests.bridge_parts import MINUTES, A, Given, play, record


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
    for outcome, number in (("dead_letter", 1), ("left_out", 1), ("translated", None)):
        labels = {"source": "shop", "outcome": outcome}
        assert value("triggers_bridge_records_total", labels) == number
    for name, label in (("dead_letters", "not_json"), ("left_out", "unknown")):
        labels = {"source": "shop", "reason": label}
        assert value(f"triggers_bridge_{name}_total", labels) == 1
