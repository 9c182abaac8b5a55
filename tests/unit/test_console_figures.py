"""The console's figures: counts over time, latencies, evidence, and the words of a live event."""

import asyncio
import json

import pytest

from agents.collector.validation import judge
from agents.console import latency
from agents.console.hub import Hub
from agents.console.left_out import PartsLeftOut
from agents.console.rolling_counts import SPANS, RollingCount, RollingCounts
from agents.console.watermark_progress import WatermarkProgress
from agents.console.wording import FAULTS, wording
from schemas import load
from stream import recipes_file
from tests.contract.day import whole_day

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_767_571_200_000 + 30_000


UNREAD = [
    {"id": "1", "type": "order.placed", "visitor": "v", "order": {"value": "4,245.42"}},
    {"id": "2", "type": "order.completed", "visitor": "v"},
]


def test_left_out_parts_are_counted_by_type_and_path_and_shown_once_a_minute() -> None:
    hub, now = Hub(wording(recipes_file.DEFAULT)), [NOW]
    left_out = PartsLeftOut(hub, lambda: now[0])
    for now[0] in (NOW, NOW + 1, NOW + MINUTE):
        left_out.take("collect", judge(json.dumps(UNREAD).encode()))
    part, unknown = left_out.rows()
    assert (part["path"], part["expected"], part["got"]) == ("$.order.value", "a number", "text")
    assert (part["type"], part["number"], part["last"]) == ("order.placed", 3, NOW + MINUTE)
    assert (unknown["reason"], unknown["meant"]) == ("unknown_type", "order.placed")
    heard = asyncio.run(hub.subscribe().next(0))
    titles = [json.loads(each.text)["title"] for each in heard]
    assert titles == 2 * [
        "An event of type order.placed was accepted without $.order.value",
        "An event of an unknown type was accepted: it has no effect",
    ]


def test_faults_of_many_sources_use_bounded_memory() -> None:
    left_out = PartsLeftOut(Hub(), lambda: NOW)
    for number in range(2_000):
        left_out.take(f"shop-{number}", judge(json.dumps(UNREAD[0]).encode()))
    assert len(left_out._number) == 500


def test_numbers_are_summed_over_the_span_that_ends_now() -> None:
    tally = RollingCount(SPANS["hour"])
    tally.add(NOW, ("fired",))
    tally.add(NOW - 59 * MINUTE, ("fired",), 2)
    tally.add(NOW - 60 * MINUTE, ("fired",), 4)
    assert tally.total(NOW)["fired",] == 3
    assert tally.total(NOW + 2 * MINUTE)["fired",] == 1
    assert tally.total(NOW + 2 * HOUR)["fired",] == 0


def test_every_bucket_of_the_span_is_there_empty_or_not() -> None:
    tally = RollingCount(SPANS["hour"])
    tally.add(NOW, ("fired",))
    found = tally.buckets(NOW)
    assert len(found) == 60
    assert [begin for begin, _ in found] == list(
        range(NOW // MINUTE * MINUTE - 59 * MINUTE, NOW, MINUTE)
    )
    assert [bucket["fired",] for _, bucket in found] == [0] * 59 + [1]


def test_the_hour_and_the_day_count_the_same_records() -> None:
    counts = RollingCounts()
    for back in range(20):
        counts.add(NOW - back * MINUTE, ("fired",))
    assert {name: tally.total(NOW)["fired",] for name, tally in counts.spans.items()} == {
        "hour": 20,
        "day": 20,
    }


def test_counts_older_than_the_span_are_dropped() -> None:
    tally = RollingCount(SPANS["hour"])
    for minute in range(10_000):
        tally.add(minute * MINUTE, ("fired",))
    assert len(tally._buckets) == 60


def test_many_names_use_bounded_memory() -> None:
    tally = RollingCount(SPANS["hour"])
    for number in range(20_000):
        tally.add(NOW, (str(number),))
    tally.add(NOW, ("0",))
    assert len(tally.total(NOW)) == 5_000
    assert tally.total(NOW)["0",] == 2


@pytest.mark.parametrize("taken", [1, 7, 40, 180, 900, 60_000])
def test_a_quantile_is_as_exact_as_its_bucket(taken: int) -> None:
    tally = RollingCount(SPANS["hour"])
    for _ in range(100):
        tally.add(NOW, latency.key("exit", taken))
    found = latency.summary(tally.total(NOW), "exit")
    bound = next(each for each in latency.BOUNDS if taken <= each)
    below = max((each for each in latency.BOUNDS if each < taken), default=0)
    assert found["count"] == 100
    assert below < found["p50"] <= found["p99"] <= bound


def test_the_slow_ones_are_in_the_last_percent() -> None:
    tally = RollingCount(SPANS["hour"])
    for number in range(1000):
        tally.add(NOW, latency.key("due", 9 if number % 50 else 4_000))
    found = latency.summary(tally.total(NOW), "due")
    assert found["p50"] <= 10
    assert found["p95"] <= 10
    assert 2_000 < found["p99"] <= 5_000


def test_nothing_has_no_latency() -> None:
    found = latency.summary(RollingCount(SPANS["hour"]).total(NOW), "cancel")
    assert (found["count"], found["p50"], found["p99"]) == (0, None, None)


def test_a_recipe_is_measured_by_its_kind_and_a_cancel_by_itself() -> None:
    named = recipes_file.load("recipes: [{name: leaving, kind: exit-intent}]")
    assert latency.sort("leaving", False, named) == "exit"
    assert latency.sort("exit-intent", False, recipes_file.DEFAULT) == "exit"
    assert latency.sort("cart-abandonment", False, recipes_file.DEFAULT) == "due"
    assert latency.sort("exit-intent", True, recipes_file.DEFAULT) == "cancel"


class Clock:
    """Monotonic ms, moved by hand."""

    def __init__(self) -> None:
        self.ms = 5_000

    def __call__(self) -> int:
        return self.ms


def test_the_age_of_evidence_grows_between_two_watermark_records() -> None:
    clock = Clock()
    evidence = WatermarkProgress(clock)
    evidence.update(NOW, 2, {0: NOW - 100, 1: NOW - 400})
    assert evidence.summary()["age"] == 400
    clock.ms += 3_000
    found = evidence.summary()
    assert (found["age"], found["silent"], found["partitions"]) == (3_400, 3_000, [3_100, 3_400])


def test_a_late_watermark_record_does_not_set_the_brokers_clock_back() -> None:
    clock = Clock()
    evidence = WatermarkProgress(clock)
    evidence.update(NOW - HOUR, 1, {0: NOW - HOUR})
    evidence.update(NOW, 1, {0: NOW - 50})
    evidence.update(NOW - MINUTE, 1, {0: NOW - MINUTE})
    assert evidence.now == NOW
    assert evidence.summary()["age"] == 50


def test_the_watermark_is_not_known_until_all_partitions_are() -> None:
    evidence = WatermarkProgress(Clock())
    assert evidence.now is None
    evidence.update(NOW, 2, {0: NOW, 1: -1})
    found = evidence.summary()
    assert (found["watermark"], found["age"], found["partitions"]) == (None, None, [0, None])
    evidence.update(NOW, 2, {1: NOW - 9})
    assert evidence.summary()["watermark"] == NOW - 9


def test_samples_are_the_last_ten_minutes() -> None:
    clock = Clock()
    evidence = WatermarkProgress(clock)
    evidence.sample()
    evidence.update(NOW, 1, {0: NOW})
    for _ in range(500):
        clock.ms += 5_000
        evidence.sample()
    samples = evidence.summary()["samples"]
    assert len(samples) == 120
    assert samples[-1] == [NOW + 2_500_000, 2_500_000]


def test_every_reason_of_a_rejected_record_has_words() -> None:
    assert set(FAULTS) == set(load("rejected")["properties"]["reason"]["enum"])


def test_every_live_event_has_words() -> None:
    said, words = whole_day(), wording(recipes_file.DEFAULT)
    for value in said.decisions:
        decision = json.loads(value)
        title = words("decision", decision)["title"]
        assert decision["recipe"] in title
    for value in said.triggers:
        event = json.loads(value)
        cancelled = event["type"].startswith("storefront.trigger.cancelled")
        found = words("cancel" if cancelled else "trigger", event["data"])
        assert event["data"]["recipe"] in found["title"]
        assert cancelled or found["details"]
