"""/live, /ready and /metrics of a sender."""

import time
from typing import Final

from agents.sender.consumer import TriggerConsumer
from agents.sender.delivery import TriggerDelivery

STILL_S: Final = 60.0
"""Seconds without a poll, while a broker answers, after which the sender is not live. It polls many times a second,
even if the endpoint fails."""


class SenderHealth:
    """The faults that the probes show. It runs no task of its own."""

    def __init__(self, consumer: TriggerConsumer, delivery: TriggerDelivery) -> None:
        self._consumer, self._delivery = consumer, delivery

    def stalled(self) -> list[str]:
        """A sentence for each reason why it is not live. While no broker answers it counts as live."""
        still = time.monotonic() - self._consumer.polled
        answers = self._consumer.assignment is not None and not self._delivery.cancellations.behind
        return [f"no poll for {still:.0f} s"] if answers and still > STILL_S else []

    def unready(self) -> list[str]:
        """A sentence for each reason why it cannot send, except the endpoint's state."""
        found = []
        if self._consumer.assignment is None:
            found.append("no assignment yet, or a rebalance is under way")
        if behind := self._delivery.cancellations.behind:
            found.append(f"the end of {behind} partitions has not been seen lately")
        if not self._delivery.idempotency.available:
            found.append("the idempotency records cannot be read")
        return found

    def metrics(self) -> bytes:
        """The metrics in Prometheus' exposition format."""
        metrics, assignment = self._delivery.metrics, self._consumer.assignment
        metrics.open.set(assignment.open if assignment else 0)
        metrics.oldest.set(assignment.oldest if assignment else 0)
        metrics.behind.set(self._delivery.cancellations.behind)
        metrics.closed.set(self._delivery.endpoint.closed)
        metrics.idempotency_up.set(self._delivery.idempotency.available)
        return metrics.text()
