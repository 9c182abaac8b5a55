"""Metrics of a bridge. The values of every label are a closed set: sources are those of the file."""

from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agents.bridge.translating import Bridged
from stream.connect.finishing import orders_of_nobody

Outcome = Literal["translated", "left_out", "dead_letter"]
"""The outcomes of a record. `left_out`: it says nothing that the service needs."""

CARRIED_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class BridgeMetrics:
    """The metrics. Gauges are set at a scrape."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        self.records = Counter(
            "triggers_bridge_records",
            "Records of sources' topics, by what became of them",
            ["source", "outcome"],
            registry=registry,
        )
        self.events = Counter(
            "triggers_bridge_events", "Events written", ["source", "type"], registry=registry
        )
        self.left_out = Counter(
            "triggers_bridge_left_out",
            "What sources sent and nobody here needs, or nobody can read",
            ["source", "reason"],
            registry=registry,
        )
        self.orders_of_nobody = Counter(
            "triggers_bridge_orders_of_nobody",
            "Orders of a source that name nobody",
            ["source"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "triggers_bridge_dead_letters", "Dead letters", ["source", "reason"], registry=registry
        )
        self.deleted_unread = Counter(
            "triggers_bridge_deleted_unread_records",
            "Records that retention deleted before they were read",
            ["source"],
            registry=registry,
        )
        self.rebalances = Counter(
            "triggers_bridge_rebalances", "Assignments of partitions", registry=registry
        )
        self.carried_seconds = Histogram(
            "triggers_bridge_carried_seconds",
            "From a chunk's translation until it and its offsets are durable",
            buckets=CARRIED_S,
            registry=registry,
        )
        self.lag = Gauge(
            "triggers_bridge_lag_records", "Records not yet read", ["source"], registry=registry
        )
        self.age = Gauge(
            "triggers_bridge_lag_seconds",
            "Age of the newest record that was carried, of a partition with more; 0: there is no more",
            ["source"],
            registry=registry,
        )
        self.registry_up = Gauge(
            "triggers_bridge_registry_up",
            "1: the schema registry answered last time, or was never asked",
            registry=registry,
        )

    def known(self, source: str) -> None:
        """Creates the counters of a source at zero, so that the first scrape has them."""
        for outcome in ("translated", "left_out", "dead_letter"):
            self.records.labels(source, outcome)
        self.orders_of_nobody.labels(source)

    def carried(self, source: str, out: Bridged) -> None:
        """Counts one record. Called once all of it is durable."""
        outcome: Outcome = (
            "dead_letter" if out.letters else "translated" if out.events else "left_out"
        )
        self.records.labels(source, outcome).inc()
        for event in out.events:
            self.events.labels(source, event.type).inc()
        for each in out.left_out:
            self.left_out.labels(source, each.reason).inc()
        if number := orders_of_nobody(out.left_out):
            self.orders_of_nobody.labels(source).inc(number)
        for letter in out.letters:
            self.dead_letters.labels(source, letter.reason).inc()

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)
