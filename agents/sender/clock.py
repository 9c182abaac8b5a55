"""The time by which a sender holds and drops."""

import time


class Clock:
    """This machine's clock, but never behind the brokers': the topics carry their time.

    A clock that is behind holds nothing longer than it must; one that is ahead drops triggers before they
    end, so it has to be kept right.
    """

    def __init__(self) -> None:
        self._newest = 0

    def saw(self, stamp: int) -> None:
        """`stamp`: the broker's time of a record (ms)."""
        self._newest = max(self._newest, stamp)

    def now(self) -> int:
        """ms since the epoch."""
        return max(self._newest, int(time.time() * 1000))
