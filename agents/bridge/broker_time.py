"""The brokers' time, as far as this machine can know it.

What a bridge calls now decides whether an event is late, and a machine's clock may be wrong: each acknowledgement
tells the broker's, to within the time that it took.
"""

import time


class BrokerTime:
    """Times in ms since the epoch."""

    def __init__(self) -> None:
        self._ahead = 0
        self._told = False

    def now(self) -> int:
        return own_ms() + self._ahead

    def saw(self, stamp: int) -> None:
        """A record of a source is that old at least. It counts until a broker has acknowledged something."""
        if not self._told:
            self._ahead = max(self._ahead, stamp - own_ms())

    def acknowledged(self, stamp: int, sent: int) -> None:
        """A record that was sent at `sent`, by this machine's clock, has got the broker's `stamp`."""
        if stamp < 0:
            return
        self._told = True
        if stamp < sent:
            self._ahead = stamp - sent
        else:
            self._ahead = max(0, stamp - own_ms())


def own_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000
