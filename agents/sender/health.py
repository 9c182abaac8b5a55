"""What a sender's /live, /ready and /metrics tell."""

import time
from typing import Final

from agents.sender.consumer import Service
from agents.sender.delivery import Courier

STILL_S: Final = 60.0
"""A consumer looks for records many times a second, whatever the endpoint does. If it has not for so long,
though a broker answers, it is deaf, and to start it again helps."""


class Exposed:
    """Looked at whenever somebody asks; it runs nothing of its own."""

    def __init__(self, service: Service, courier: Courier) -> None:
        self._service, self._courier = service, courier

    def deaf(self) -> list[str]:
        """While no broker answers nothing can be said against it."""
        still = time.monotonic() - self._service.polled
        answers = self._service.shift is not None and not self._courier.lookout.behind
        return [f"no look for records for {still:.0f} s"] if answers and still > STILL_S else []

    def unready(self) -> list[str]:
        """What keeps it from sending, but for the endpoint."""
        found = []
        if self._service.shift is None:
            found.append("no assignment yet, or a rebalance is under way")
        if behind := self._courier.lookout.behind:
            found.append(f"the end of {behind} partitions has not been seen lately")
        if not self._courier.marks.available:
            found.append("what was sent cannot be looked up")
        return found

    def metrics(self) -> bytes:
        """The exposition format of Prometheus."""
        metrics, shift = self._courier.metrics, self._service.shift
        metrics.open.set(shift.open if shift else 0)
        metrics.oldest.set(shift.oldest if shift else 0)
        metrics.behind.set(self._courier.lookout.behind)
        metrics.closed.set(self._courier.endpoint.closed)
        metrics.marks_up.set(self._courier.marks.available)
        return metrics.text()
