"""Advances a partition by the brokers' clock, so that time passes without records. Pure.

The worker reads the clock first, then the end of the partition. So every record stamped before that time lies
before that end. Once the position reaches the end, everything before that time has been processed.
Source: docs/semantics.md, 1.
"""


class WatermarkHandshake:
    """The pending pair of end and time of one input partition.

    `idle_watermark`: latest broker's time (ms) that advanced this partition without a record, -1 before any.
    """

    def __init__(self) -> None:
        self.idle_watermark = -1
        self._pending: tuple[int, int] | None = None

    def confirm_end(self, end: int, time: int, position: int) -> int | None:
        """Notes that the partition ended at `end`, some time after the clock showed `time` (ms).

        Returns the time to advance to, None while the position is before the end. Then the first pair is kept and
        later ones are dropped: a partition under load would never reach the latest.
        """
        if position < end:
            self._pending = self._pending or (end, time)
            return None
        return self._advance(time)

    def passed(self, position: int) -> int | None:
        """Notes that the input before `position` is processed. Returns the time to advance to, None if still pending."""
        if self._pending is None or position < self._pending[0]:
            return None
        return self._advance(self._pending[1])

    def _advance(self, time: int) -> int:
        self._pending = None
        self.idle_watermark = max(self.idle_watermark, time)
        return time
