"""How the brokers' clock advances a partition that gets no records.

First the clock is asked, then the end of the partition: all records stamped before that time lie before that
end. Once the position is there, everything before that time has been processed. Pure. Source:
docs/semantics.md, 1.
"""


class WatermarkHandshake:
    """The pairs of time and end for one input partition.

    `idle_watermark`: highest broker time (ms) that advanced this partition without a record, -1 before any.
    """

    def __init__(self) -> None:
        self.idle_watermark = -1
        self._pending: tuple[int, int] | None = None

    def confirm_end(self, end: int, time: int, position: int) -> int | None:
        """The clock was at `time` (ms) before the partition ended at `end`.

        Returns the time to advance to, None while the position is before the end. Then the first pair waits and
        later ones are dropped: so a partition under load keeps one that it can reach.
        """
        if position < end:
            self._pending = self._pending or (end, time)
            return None
        return self._reach(time)

    def passed(self, position: int) -> int | None:
        """The input before `position` is processed. Returns the time to advance to, None if the pair still waits."""
        if self._pending is None or position < self._pending[0]:
            return None
        return self._reach(self._pending[1])

    def _reach(self, time: int) -> int:
        self._pending = None
        self.idle_watermark = max(self.idle_watermark, time)
        return time
