"""Metrics of a sender. The values of every label are a closed set."""

from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agents.sender.dead_letters import Reason
from agents.sender.message import Message

Outcome = Literal[
    "delivered", "duplicate", "cancelled", "expired", "unsent", "undelivered", "not_a_trigger"
]
"""The outcomes of a record. `duplicate`: it was sent before. `unsent`: a cancel whose trigger was never sent."""

ATTEMPT_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LATE_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86_400)


class Metrics:
    """The metrics. Gauges are set at a scrape."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        self.settled = Counter(
            "triggers_sender_settled",
            "Records that need nothing more, by what became of them",
            ["recipe", "kind", "outcome"],
            registry=registry,
        )
        self.attempts = Counter(
            "triggers_sender_attempts",
            "Requests by what was answered",
            ["answer"],
            registry=registry,
        )
        self.attempt_seconds = Histogram(
            "triggers_sender_attempt_seconds",
            "From a request to its answer",
            buckets=ATTEMPT_S,
            registry=registry,
        )
        self.late_seconds = Histogram(
            "triggers_sender_late_seconds",
            "From not_before (of a cancel: its time) to the 2xx",
            ["recipe"],
            buckets=LATE_S,
            registry=registry,
        )
        self.undelivered = Counter(
            "triggers_sender_undelivered", "Dead letters", ["reason"], registry=registry
        )
        self.rebalances = Counter(
            "triggers_sender_rebalances", "Assignments of partitions", registry=registry
        )
        self.open = Gauge(
            "triggers_sender_open_records", "Read and not yet settled", registry=registry
        )
        self.oldest = Gauge(
            "triggers_sender_oldest_open_seconds",
            "Since the oldest open record was read; its partition's offset stands there",
            registry=registry,
        )
        self.behind = Gauge(
            "triggers_sender_cancellations_behind_partitions",
            "Partitions from which nothing goes out until their end has been seen",
            registry=registry,
        )
        self.closed = Gauge(
            "triggers_sender_endpoint_closed_seconds",
            "How long the endpoint takes no requests (Retry-After)",
            registry=registry,
        )
        self.idempotency_up = Gauge(
            "triggers_sender_store_up",
            "1: what was sent can be looked up; 0: nothing goes out",
            registry=registry,
        )

        for reason in get_args(Reason):
            self.undelivered.labels(reason)

    def ended(self, recipe: str, message: Message | None, outcome: Outcome, now: int) -> None:
        """Counts a settled record. `now`: ms."""
        kind = "unknown" if message is None else "cancelled" if message.cancels else "fired"
        self.settled.labels(recipe, kind, outcome).inc()
        if message and outcome == "delivered":
            self.late_seconds.labels(recipe).observe(max(now - message.at, 0) / 1000)

    def tried(self, answer: str, seconds: float) -> None:
        self.attempts.labels(answer).inc()
        self.attempt_seconds.observe(seconds)

    def text(self) -> bytes:
        """The metrics in Prometheus' exposition format."""
        return generate_latest(self.registry)
