"""Metrics of an eraser. The values of every label are a closed set."""

from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

Outcome = Literal["followed", "own", "not_an_erasure"]
"""The outcomes of a record of `people.erased`. `own`: of what an eraser wrote · `not_an_erasure`: no worker wrote it."""

PASS_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class EraserMetrics:
    """The metrics. Gauges are set at a scrape."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        self.records = Counter(
            "triggers_eraser_records",
            "Records of people.erased, by what became of them",
            ["outcome"],
            registry=registry,
        )
        self.looks = Counter(
            "triggers_eraser_looks",
            "Persons looked for in the states: clean, or kept and erased again",
            ["outcome"],
            registry=registry,
        )
        self.events = Counter(
            "triggers_eraser_events", "Events and tombstones written", registry=registry
        )
        self.pass_seconds = Histogram(
            "triggers_eraser_pass_seconds",
            "Passes over the changelogs, each for all persons that were due",
            buckets=PASS_S,
            registry=registry,
        )
        self.open = Gauge(
            "triggers_eraser_open_records",
            "Erasures that are followed and not yet known to be whole",
            registry=registry,
        )
        self.oldest = Gauge(
            "triggers_eraser_oldest_open_seconds",
            "Since the oldest of them; 0: none",
            registry=registry,
        )
        for outcome in get_args(Outcome):
            self.records.labels(outcome)
        for outcome in ("clean", "kept"):
            self.looks.labels(outcome)

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)
