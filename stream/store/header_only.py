"""The header-only records of forgotten keys, oldest first, until each becomes a tombstone."""

from collections import deque
from collections.abc import Iterator, Mapping

from stream.store.changelog import HEADER
from stream.store.stretches import AT_A_STRETCH


class HeaderOnly:
    """It keeps keys that came back, too, until their turn.

    A queue and no dict: a dict of half a million keys blocks the event loop for 0.1 s when it grows.
    """

    def __init__(self, found: Mapping[str, int] | None = None) -> None:
        """`found`: by key, the `applied` of its record in a restored changelog."""
        self._waiting = deque((found or {}).items())

    def add(self, key: str, value: bytes) -> None:
        """Adds a record that was written."""
        self._waiting.append((key, HEADER.unpack(value)[1]))

    def passed(self, applied: int, packed: Mapping[str, bytes]) -> Iterator[str]:
        """Yields the keys whose records a commit of `applied` has passed, some at a time. `packed`: the states by key."""
        for _ in range(min(len(self._waiting), AT_A_STRETCH)):
            if self._waiting[0][1] >= applied:
                return
            key, last = self._waiting.popleft()
            value = packed.get(key, b"")
            if len(value) == HEADER.size and HEADER.unpack(value)[1] == last:
                yield key
