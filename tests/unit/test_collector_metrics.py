"""What the collector counts by names of foreign events."""

from agents.collector.metrics import CollectorMetrics
from agents.collector.notes import Note
from agents.collector.throttled_log import readable
from agents.collector.validation import Judged, Refused, Taken
from stream.connect.translation import LeftOut


def test_names_of_unknown_events_are_bounded_and_made_safe() -> None:
    metrics = CollectorMetrics(["shop"])
    for number in range(105):
        metrics.unknown("shop", f"a <b> {number}")
    value = metrics.registry.get_sample_value
    name = "triggers_collector_unknown_events_total"
    assert value(name, {"source": "shop", "name": "a_b_0"}) == 1
    assert value(name, {"source": "shop", "name": "other"}) == 5
    labels = {"source": "shop", "type": "order.placed", "reason": "not_json"}
    assert value("triggers_collector_refused_total", labels) == 0
    metrics.robot("shop")
    metrics.unauthorized("segment", "unknown_key")
    metrics.left_out("shop", [LeftOut("page.viewed", "robot", "$")] * 2)
    text = metrics.text().decode()
    assert 'triggers_collector_left_out_total{reason="robot",source="shop"} 2.0' in text
    assert 'triggers_collector_robots_total{source="shop"} 1.0' in text


def test_every_source_begins_at_zero() -> None:
    metrics = CollectorMetrics(["shop"])
    value = metrics.registry.get_sample_value
    for source in ("shop", "collect"):
        assert value("triggers_collector_robots_total", {"source": source}) == 0
        assert value("triggers_collector_last_event_timestamp_seconds", {"source": source}) == 0
        assert value("triggers_collector_orders_of_nobody_total", {"source": source}) == 0
        for kind in ("order.placed", "order.cancelled", "consent.changed"):
            labels = {"source": source, "type": kind, "reason": "missing"}
            assert value("triggers_collector_refused_total", labels) == 0
    assert value("triggers_collector_rejects_lost_total") == 0
    assert "_created" not in metrics.text().decode()


def test_a_post_is_counted_by_its_answer_its_events_and_its_faults() -> None:
    metrics = CollectorMetrics()
    value = metrics.registry.get_sample_value
    metrics.answered("collect", 202)
    metrics.judged("collect", Judged(), {})
    assert value("triggers_collector_last_event_timestamp_seconds", {"source": "collect"}) == 0
    taken = [Taken("e", "v", b"", kind) for kind in ("page.viewed", "page.viewed", "other")]
    note = Note(0, "wrong_type", "$.x", "a", "b")
    refused = [Refused(b"", "other", "missing", "$.id")]
    judged = Judged(taken, refused, [], [("page.viewed", note)])
    metrics.judged("collect", judged, judged.types())
    metrics.carried(0.3)
    metrics.lost()
    for name, number, labels in (
        ("posts_total", 1, {"source": "collect", "status": "202"}),
        ("events_total", 2, {"source": "collect", "type": "page.viewed"}),
        ("events_total", 1, {"source": "collect", "type": "other"}),
        ("refused_total", 1, {"source": "collect", "type": "other", "reason": "missing"}),
        (
            "parts_left_out_total",
            1,
            {"type": "page.viewed", "path": "$.x", "reason": "wrong_type"},
        ),
        ("acknowledged_seconds_sum", 0.3, {}),
        ("rejects_lost_total", 1, {}),
    ):
        assert value(f"triggers_collector_{name}", labels) == number
    last = value("triggers_collector_last_event_timestamp_seconds", {"source": "collect"})
    assert last is not None
    assert last > 1_700_000_000


def test_a_name_that_is_known_already_is_counted_beyond_the_bound() -> None:
    metrics = CollectorMetrics()
    for number in range(100):
        metrics.unknown("shop", f"n{number}")
    metrics.unknown("shop", "n0")
    metrics.unknown("shop", "new")
    metrics.unknown("blog", "new")
    value = metrics.registry.get_sample_value
    name = "triggers_collector_unknown_events_total"
    assert value(name, {"source": "shop", "name": "n0"}) == 2
    assert value(name, {"source": "shop", "name": "other"}) == 1
    assert value(name, {"source": "blog", "name": "new"}) == 1, "each source has its own bound"
    assert readable("ab\n<c> " + "x" * 99) == ("abc_" + "x" * 99)[:64]
    assert readable("a b$c/d.e:f-g_h") == "a_b$c/d.e:f-g_h"


def test_of_what_names_nobody_only_orders_count_as_orders_of_nobody() -> None:
    metrics = CollectorMetrics(["shop"])
    left_out = [
        *[LeftOut(kind, "no_visitor", "$") for kind in ("order.placed", "product.viewed")],
        *[LeftOut("order.placed", reason, "$.customer") for reason in ("untrusted", "no_visitor")],
    ]
    metrics.left_out("shop", left_out)
    value = metrics.registry.get_sample_value
    assert value("triggers_collector_orders_of_nobody_total", {"source": "shop"}) == 2
    labels = {"source": "shop", "reason": "no_visitor"}
    assert value("triggers_collector_left_out_total", labels) == 3
