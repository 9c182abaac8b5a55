"""The header-only records of forgotten keys, oldest first, until each becomes a tombstone."""

from collections import deque
from collections.abc import Iterator, Mapping

from stream.store.changelog import HEADER
from stream.store.stretches import AT_A_STRETCH


class HeaderOnly:
    """It keeps keys that came back, too, until their turn.

    A queue and no dict: a dict of half a million keys blocks the event loop for 0.1 s when it grows.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bytes]] = deque()

    def add(self, written: Mapping[str, bytes]) -> None:
        """Adds records, by key."""
        self._waiting.extend(written.items())

    def passed(self, applied: int, packed: Mapping[str, bytes]) -> Iterator[str]:
        """Yields the keys whose records a commit of `applied` has passed, some at a time. `packed`: the states by key."""
        for _ in range(min(len(self._waiting), AT_A_STRETCH)):
            key, value = self._waiting[0]
            if HEADER.unpack(value)[1] >= applied:
                return
            self._waiting.popleft()
            if packed.get(key) == value:
                yield key
