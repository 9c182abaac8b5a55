"""Metrics of a process that writes the view. Gauges are set at a scrape."""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from agents.view.redis_client import Link
from agents.view.writer import Writer

ANSWERS: Final = ("ok", "failed", "refused")


class Calls(Collector):
    """Exports the counters of a link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def collect(self) -> list[CounterMetricFamily]:
        family = CounterMetricFamily("triggers_view_calls", "Calls of Redis", labels=["answer"])
        for answer in ANSWERS:
            family.add_metric([answer], self._link.calls[answer])
        return [family]


class ViewMetrics:
    def __init__(self, link: Link, writer: Writer) -> None:
        self._link, self._writer = link, writer
        registry = self.registry = CollectorRegistry(auto_describe=True)
        self._up = Gauge("triggers_view_up", "1: Redis answered last time", registry=registry)
        self._time = Gauge(
            "triggers_view_timestamp_seconds",
            "Time of the newest record in the view; 0 before the first",
            registry=registry,
        )
        registry.register(Calls(link))

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        self._up.set(not self._link.fault)
        self._time.set(self._writer.time / 1000)
        return generate_latest(self.registry)
