"""The clock by which a sender waits, and drops triggers that have ended."""

import time


class Clock:
    """This machine's clock, but never behind the brokers' time, which the records carry.

    So a clock that is slow delays nothing. One that is fast drops triggers before they end: it must be kept right.
    """

    def __init__(self) -> None:
        self._newest = 0

    def saw(self, stamp: int) -> None:
        """Notes the broker's time of a record (ms)."""
        self._newest = max(self._newest, stamp)

    def now(self) -> int:
        """Now, in ms since the epoch."""
        return max(self._newest, int(time.time() * 1000))
