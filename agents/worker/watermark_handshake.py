"""How the brokers' clock moves a partition on that gets no records.

The clock is asked first, the end of the partition second: all records stamped before that time lie before that end.
Once the position is there, everything before that time has been processed. Pure. Source: docs/semantics.md, 1.
"""


class WatermarkHandshake:
    """The promises of one partition of the input.

    `idle_watermark`: highest broker time (ms) that has moved the partition on without a record; -1 before any.
    """

    def __init__(self) -> None:
        self.idle_watermark = -1
        self._pending: tuple[int, int] | None = None

    def confirm_end(self, end: int, time: int, position: int) -> int | None:
        """The clock stood at `time` (ms) before the partition ended at `end`.

        Returns the time to move on to; None while the position is before the end. The first promise then waits, so
        that a partition under load keeps one that it can reach.
        """
        if position < end:
            self._pending = self._pending or (end, time)
            return None
        return self._reach(time)

    def passed(self, position: int) -> int | None:
        """The input before `position` is processed. Returns the time to move on to, if that keeps the promise."""
        if self._pending is None or position < self._pending[0]:
            return None
        return self._reach(self._pending[1])

    def _reach(self, time: int) -> int:
        self._pending = None
        self.idle_watermark = max(self.idle_watermark, time)
        return time
