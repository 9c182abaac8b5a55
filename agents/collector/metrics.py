"""What the collector has taken and refused, for /metrics. Labels are closed sets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from agents.collector.validation import Fault

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Collected:
    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        made: dict[str, Any] = {"registry": registry, "namespace": "triggers"}
        self._posts = Counter(
            "collector_posts", "Posts by the status of their answer", ["status"], **made
        )
        self._events = Counter("collector_events", "Events taken into Kafka", **made)
        self._faults = Counter(
            "collector_faults", "Faults of events that were refused", ["reason"], **made
        )
        self._seconds = Histogram(
            "collector_acknowledged_seconds",
            "From a post's check to the broker's acknowledgement, or to giving up",
            buckets=BUCKETS,
            **made,
        )

    def taken(self, events: int) -> None:
        self._posts.labels("202").inc()
        self._events.inc(events)

    def refused(self, status: int) -> None:
        self._posts.labels(str(status)).inc()

    def faulty(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            self._faults.labels(fault.reason).inc()

    @contextmanager
    def carrying(self) -> Iterator[None]:
        with self._seconds.time():
            yield

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)
