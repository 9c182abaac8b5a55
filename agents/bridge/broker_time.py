"""The brokers' time, estimated on this machine.

A bridge's "now" decides whether an event is late, and this machine's clock may be wrong. Each acknowledgement
carries the broker's time, precise to the duration of the request.
"""

import time


class BrokerTime:
    """The estimate. Times are in ms since the epoch."""

    def __init__(self) -> None:
        self._ahead = 0
        self._known = False

    def now(self) -> int:
        return own_ms() + self._ahead

    def saw(self, stamp: int) -> None:
        """Notes the time of a source's record: it is at least as late as that. Ignored after the first acknowledgement."""
        if not self._known:
            self._ahead = max(self._ahead, stamp - own_ms())

    def acknowledged(self, stamp: int, sent: int) -> None:
        """Notes that a record sent at `sent` (this machine's clock) got the broker's time `stamp`; below 0: none."""
        if stamp < 0:
            return
        self._known = True
        if stamp < sent:
            self._ahead = stamp - sent
        else:
            self._ahead = max(0, stamp - own_ms())


def own_ms() -> int:
    """This machine's clock, ms since the epoch."""
    return time.time_ns() // 1_000_000
