"""What the collector counts by names of foreign events."""

from agents.collector.metrics import NAMES, CollectorMetrics


def test_names_of_unknown_events_are_bounded_and_made_safe() -> None:
    metrics = CollectorMetrics(["shop"])
    for number in range(NAMES + 5):
        metrics.unknown("shop", f"a <b> {number}")
    value = metrics.registry.get_sample_value
    name = "triggers_collector_unknown_events_total"
    assert value(name, {"source": "shop", "name": "a_b_0"}) == 1
    assert value(name, {"source": "shop", "name": "other"}) == 5
    labels = {"source": "shop", "type": "order.placed", "reason": "not_json"}
    assert value("triggers_collector_refused_total", labels) == 0
    metrics.robot("shop")
    metrics.unauthorized("segment", "unknown_key")
    metrics.left_out("shop", ["robot", "robot"])
    text = metrics.text().decode()
    assert 'triggers_collector_left_out_total{reason="robot",source="shop"} 2.0' in text
    assert 'triggers_collector_robots_total{source="shop"} 1.0' in text
