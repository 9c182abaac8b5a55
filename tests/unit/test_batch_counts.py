"""The counts of a batch in the worker's metrics, and how many records in a row were rejected."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from agents.worker.audience_metrics import AudienceMetrics
from agents.worker.batch_counts import BatchCounts
from agents.worker.metrics import Metrics
from agents.worker.rejected_runs import RejectedRuns
from stream.outputs.outputs import Outputs


@pytest.mark.parametrize(
    ("key", "name", "labels"),
    [
        (
            ("reported", "cart.updated", "$.a"),
            "parts_left_out",
            {"type": "cart.updated", "path": "$.a"},
        ),
        (("unknown", "purchase"), "unknown_types", {"meant": "order.placed"}),
        (("unknown", "x"), "unknown_types", {"meant": "other"}),
        (("types", "clock", ""), "events", {"outcome": "clock", "type": "clock.advanced"}),
        (
            ("types", "applied", "page.viewed"),
            "events",
            {"outcome": "applied", "type": "page.viewed"},
        ),
        (("facts", "copy"), "facts", {"outcome": "copy"}),
        (("claims", "copy"), "claims", {"outcome": "copy"}),
        (("orders", "unseen"), "orders", {"visitor": "unseen"}),
        (("orders", "joined"), "orders_joined", {}),
        (("triggers", "cancelled", "a"), "published", {"recipe": "a", "kind": "cancelled"}),
        (("audiences", "left", "vips"), "audience_changes", {"audience": "vips", "kind": "left"}),
        (("erased", "email"), "people_erased", {"kind": "email"}),
        (("decisions", "held", "quiet"), "decisions", {"outcome": "held", "reason": "quiet"}),
        (
            ("shadow_decisions", "held", "quiet"),
            "shadow_decisions",
            {"outcome": "held", "reason": "quiet"},
        ),
        (("shadow", "fired", "a"), "shadow_published", {"recipe": "a", "kind": "fired"}),
        (("outcomes", "held", "a"), "outcomes", {"recipe": "a", "group": "held"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_count_is_added_to_its_metric(
    key: tuple[str, ...], name: str, labels: dict[str, str]
) -> None:
    metrics = Metrics()
    counts = BatchCounts(metrics)
    counts.add({key: 2})
    counts.add({key: 3, ("events", "applied"): 9})
    assert metrics.registry.get_sample_value(f"triggers_{name}_total", labels) == 5


def test_only_the_counters_of_triggers_of_a_removed_recipe_are_forgotten() -> None:
    counts = BatchCounts(Metrics(["a", "b"]))
    kept = [("triggers", "fired", "b"), ("types", "applied", "a"), ("decisions", "x", "a")]
    counts.add(dict.fromkeys([*kept, ("triggers", "fired", "a")], 1))
    counts.forget("a")
    assert list(counts._counters) == kept


def test_counters_whose_labels_come_from_the_input_are_not_cached() -> None:
    counts = BatchCounts(Metrics())
    counts.add({("unknown", "x"): 1, ("reported", "cart.updated", "$.a"): 1, ("new", "y"): 1})
    assert counts._counters == {}


class People:
    def __init__(self, **members: int) -> None:
        self.members = members


def test_members_of_an_audience_vanish_with_their_partition() -> None:
    registry = CollectorRegistry()
    metrics = AudienceMetrics({"registry": registry, "namespace": "triggers"})

    def members(audience: str, partition: str) -> float | None:
        labels = {"audience": audience, "partition": partition}
        return registry.get_sample_value("triggers_audience_members_records", labels)

    assert registry.get_sample_value("triggers_people_erased_total", {"kind": "email"}) == 0
    given: Any = People(vips=3, lapsed=1)
    metrics.collect("0", given)
    metrics.collect("1", given)
    assert (members("vips", "0"), members("lapsed", "1")) == (3, 1)
    metrics.forget("0")
    assert (members("vips", "0"), members("vips", "1")) == (None, 3)
    metrics.forget("0")
    metrics.forget("7")


def outcomes(rejected: list[int], *counts: str) -> Outputs:
    out = Outputs()
    out.rejected = [(offset, "not_json", "$") for offset in rejected]
    for outcome in counts:
        out.counts["events", outcome] += 1
    return out


@pytest.mark.parametrize(
    ("batches", "run"),
    [
        ([([4, 5], 6, "rejected")], 2),
        ([([4, 5], 6, "rejected"), ([6], 7, "rejected")], 3),
        ([([4, 5], 6, "rejected"), ([7], 8, "applied", "rejected")], 1),
        ([([4], 6, "applied", "rejected")], 0),
        ([([4, 6, 7], 8, "applied", "rejected")], 2),
        ([([4, 5], 6, "rejected"), ([], 6)], 2),
        ([([4, 5], 6, "rejected"), ([], 7, "applied"), ([7], 8, "rejected")], 1),
        ([([0], 1, "rejected", "copy")], 1),
    ],
)
def test_a_run_is_the_rejected_records_since_the_last_accepted_one(
    batches: list[Any], run: int
) -> None:
    registry = CollectorRegistry()
    runs = RejectedRuns(Gauge("run", "x", ["partition"], registry=registry))
    for rejected, position, *counts in batches:
        runs.add(outcomes(rejected, *counts), "3", position)
    assert registry.get_sample_value("run", {"partition": "3"}) == run


def test_an_unbroken_partition_costs_nothing_until_it_moves_away() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("run", "x", ["partition"], registry=registry)
    runs = RejectedRuns(gauge)
    runs.add(outcomes([], "applied"), "3", 1)
    gauge.labels("3").set(7)
    runs.add(outcomes([], "applied"), "3", 2)
    assert registry.get_sample_value("run", {"partition": "3"}) == 7, "it is not set again"
    runs.forget("3")
    runs.add(outcomes([], "applied"), "3", 3)
    assert registry.get_sample_value("run", {"partition": "3"}) == 0
    runs.add(outcomes([3], "rejected"), "3", 4)
    runs.add(outcomes([], "applied"), "3", 5)
    assert registry.get_sample_value("run", {"partition": "3"}) == 0
