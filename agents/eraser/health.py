"""/live, /ready and /metrics of an eraser."""

import time
from typing import Final

from agents.eraser.consumer import ErasureConsumer
from agents.eraser.metrics import EraserMetrics

STILL_S: Final = 60.0
"""Seconds without a poll, while a broker answers, after which an eraser is not live. It polls twice a second, also
during a pass."""


class EraserHealth:
    """The faults that the probes show. It runs no task of its own."""

    def __init__(self, consumer: ErasureConsumer, metrics: EraserMetrics) -> None:
        self._consumer, self._metrics = consumer, metrics

    def stalled(self) -> list[str]:
        """A sentence for each reason why it is not live. While no broker answers it counts as live."""
        still = time.monotonic() - self._consumer.polled
        answers = self._consumer.followed is not None and not self._consumer.silent
        return [f"no poll for {still:.0f} s"] if answers and still > STILL_S else []

    def unready(self) -> list[str]:
        """A sentence for each reason why it cannot erase."""
        found = []
        if self._consumer.followed is None:
            found.append("no assignment yet, or a rebalance is under way")
        elif silent := self._consumer.silent:
            found.append(f"no broker has answered lately for {silent} partitions")
        if self._consumer.fault:
            found.append(f"the last pass over the states failed: {self._consumer.fault}")
        return found

    def metrics(self) -> bytes:
        """The exposition format of Prometheus."""
        followed = self._consumer.followed
        oldest = None if followed is None else followed.oldest
        self._metrics.open.set(0 if followed is None else followed.open)
        self._metrics.oldest.set(0 if oldest is None else max(0.0, time.time() - oldest / 1000))
        return self._metrics.text()
