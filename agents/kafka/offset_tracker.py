"""Tracks how far a partition is settled. Offsets are committed up to the oldest open record."""

from collections import deque


class OffsetTracker:
    """The open records of one partition. They are added in the order of their offsets, and settled in any order."""

    def __init__(self) -> None:
        self._begun: deque[tuple[int, float]] = deque()
        self._settled: set[int] = set()
        self._next = -1

    def begin(self, offset: int, at: float) -> None:
        """Adds an open record. `at`: when it was read, by the caller's clock."""
        self._begun.append((offset, at))
        self._next = offset + 1

    def settle(self, offset: int) -> None:
        self._settled.add(offset)
        while self._begun and self._begun[0][0] in self._settled:
            self._settled.remove(self._begun.popleft()[0])

    @property
    def position(self) -> int:
        """The offset before which everything is settled. -1: no record was added."""
        return self._begun[0][0] if self._begun else self._next

    @property
    def span(self) -> int:
        """The number of records from the oldest open one to the last."""
        return len(self._begun)

    @property
    def since(self) -> float | None:
        """When the oldest open record was read, by the caller's clock. None without one."""
        return self._begun[0][1] if self._begun else None
