"""Instruments that several metrics share. Times and durations are ms in the code and seconds in Prometheus."""

from typing import Final

from prometheus_client import Gauge

QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SLOW: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
"""Buckets (s). An exit trigger is useful for a second or two; a reminder may be a minute late."""


class Times(Gauge):
    """A gauge that is set in ms and exported in seconds."""

    def set(self, value: float) -> None:
        super().set(value / 1000)
