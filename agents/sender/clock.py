"""The clock by which a sender waits, and drops expired triggers."""

import time


class Clock:
    """This machine's clock, or the brokers' time of the newest record if that is later.

    So a clock that is behind delays nothing. A clock that is ahead drops triggers too early, so it must be correct.
    """

    def __init__(self) -> None:
        self._newest = 0

    def saw(self, stamp: int) -> None:
        """Notes the broker's time of a record (ms)."""
        self._newest = max(self._newest, stamp)

    def now(self) -> int:
        """Now, in ms since the epoch."""
        return max(self._newest, int(time.time() * 1000))
