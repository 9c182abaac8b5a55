"""Gauges of times: set in ms, as all times of the code are, and told in seconds, as Prometheus has them."""

from typing import Any

from prometheus_client import Gauge


class Times(Gauge):
    """Times and durations."""

    def set(self, value: float) -> None:
        super().set(value / 1000)


class Newest(Times):
    """The newest of the times that were set; 0 before the first."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._newest = 0.0

    def set(self, value: float) -> None:
        self._newest = max(self._newest, value)
        super().set(self._newest)
