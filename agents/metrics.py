"""What /metrics tells, counted once a batch. Every label's values are a closed set."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stream.outputs import Outputs

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

VISITORS: Final = "visitors"
PEOPLE: Final = "people"


class Metrics:
    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        self.events = Counter(
            "triggers_events", "Input records by what became of them", ["fate"], registry=registry
        )
        self.facts = Counter(
            "triggers_facts",
            "Facts of the people stage, copies after a crash apart",
            ["fate"],
            registry=registry,
        )
        self.fired = Counter(
            "triggers_published",
            "Triggers and cancels published",
            ["recipe", "kind"],
            registry=registry,
        )
        self.decisions = Counter(
            "triggers_decisions", "Decisions", ["outcome", "reason"], registry=registry
        )
        self.rejected = Counter(
            "triggers_rejected", "Records that are no valid event", ["reason"], registry=registry
        )
        self.evidence = Gauge(
            "triggers_evidence_ms",
            "Time reached in an input partition",
            ["partition"],
            registry=registry,
        )
        self.evidence_lag = Gauge(
            "triggers_evidence_lag_ms",
            "Broker's clock less the time reached",
            ["partition"],
            registry=registry,
        )
        self.watermark = Gauge(
            "triggers_watermark_ms",
            "Watermark of a partition of facts",
            ["partition"],
            registry=registry,
        )
        self.lag = Gauge(
            "triggers_lag_records",
            "Records not yet read",
            ["stage", "partition"],
            registry=registry,
        )
        self.keys = Gauge(
            "triggers_state_keys", "Keys with state", ["stage", "partition"], registry=registry
        )
        self.restore = Histogram(
            "triggers_restore_seconds", "Restores of state", buckets=SECONDS, registry=registry
        )
        self.flush = Histogram(
            "triggers_flush_seconds",
            "Flushes: outputs, state, offsets",
            buckets=SECONDS,
            registry=registry,
        )
        self.rebalances = Counter(
            "triggers_rebalances", "Assignments of partitions", registry=registry
        )

    def decided(self, out: Outputs) -> None:
        """Adds what a batch counted."""
        for (kind, label), number in out.counts.items():
            if kind == "events":
                self.events.labels(label).inc(number)
            elif kind == "facts":
                self.facts.labels(label).inc(number)
            elif kind == "triggers":
                what, _, recipe = label.partition(":")
                self.fired.labels(recipe, what).inc(number)
            elif kind == "decisions":
                outcome, _, reason = label.partition(":")
                self.decisions.labels(outcome, reason).inc(number)
        for _, reason, _ in out.rejected:
            self.rejected.labels(reason).inc()

    def forget(self, stage: str, partition: int) -> None:
        """A partition is another worker's now: it tells of it."""
        gauges = [self.evidence, self.evidence_lag] if stage == VISITORS else [self.watermark]
        for gauge in gauges:
            gauge.remove(str(partition))
        for gauge in (self.lag, self.keys):
            gauge.remove(stage, str(partition))

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)
