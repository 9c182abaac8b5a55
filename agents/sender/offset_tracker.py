"""How far a partition is settled: its offset is committed up to the oldest record that is not."""

from collections import deque


class OffsetTracker:
    """Records begin in the order of their offsets. They are settled in any order."""

    def __init__(self) -> None:
        self._begun: deque[tuple[int, float]] = deque()
        self._settled: set[int] = set()
        self._next = -1

    def begin(self, offset: int, at: float) -> None:
        """`at`: when it was read, on a clock of the caller's."""
        self._begun.append((offset, at))
        self._next = offset + 1

    def settle(self, offset: int) -> None:
        self._settled.add(offset)
        while self._begun and self._begun[0][0] in self._settled:
            self._settled.remove(self._begun.popleft()[0])

    @property
    def position(self) -> int:
        """Everything before it is settled. -1: nothing was begun."""
        return self._begun[0][0] if self._begun else self._next

    @property
    def span(self) -> int:
        """Records from the oldest open one on."""
        return len(self._begun)

    @property
    def since(self) -> float | None:
        """When the oldest open record was read."""
        return self._begun[0][1] if self._begun else None
