"""Counts the members of each audience from the changes on the topic `audiences`. Memory is bounded.

The latest change of a person counts, by its time and not by its offset. A shop may have more persons in audiences than
fit in memory here. Then the console does not know the sizes; the workers' metric does (docs/metrics.md).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from agents.console.rolling_counts import Key

MOST: Final = 500_000
"""Persons in audiences, including former members; about 100 bytes each. More: more memory. Fewer: large shops see no
sizes."""

SORT: Final = "audience"
"""First part of a key of the rolling counts. The audience follows, then IN or OUT."""
IN: Final = "entered"
OUT: Final = "left"


class AudienceSizes:
    """The number of members of each audience. `sizes`: by audience name."""

    def __init__(self, most: int = MOST) -> None:
        self.sizes: Counter[str] = Counter()
        self._most = most
        self._last: dict[int, int] = {}
        """By hash of audience and person: twice the time of the last change (ms), plus 1 for a member."""

    @property
    def is_whole(self) -> bool:
        """Whether every person is counted."""
        return len(self._last) < self._most

    def take(self, audience: str, key: bytes, at: int, entered: bool) -> bool:
        """Counts a change. Returns whether it is newer than the known change of that person and differs from it."""
        hashed = _hash(key)
        known = self._last.get(hashed)
        if known is None and not self.is_whole:
            return True
        if known is not None and (at < known // 2 or (known % 2 == 1) == entered):
            return False
        self._last[hashed] = 2 * at + entered
        self.sizes[audience] += 1 if entered else -1 if known is not None else 0
        return True

    def forget(self, key: bytes) -> None:
        """Removes a person from an audience. `key`: of the record."""
        known = self._last.pop(_hash(key), 0)
        if known % 2:
            self.sizes[key.decode().partition("|")[0]] -= 1

    def rows(
        self, names: Iterable[str], buckets: Sequence[Mapping[Key, int]]
    ) -> list[dict[str, Any]]:
        """For each audience: its members now, how many entered and left, and its members at the end of each bucket."""
        return [self._row(name, buckets) for name in names]

    def _row(self, name: str, buckets: Sequence[Mapping[Key, int]]) -> dict[str, Any]:
        moves = [
            (each.get((SORT, name, IN), 0), each.get((SORT, name, OUT), 0)) for each in buckets
        ]
        size, series = self.sizes[name], list[int]()
        for entered, left in reversed(moves):
            series.append(max(0, size))
            size -= entered - left
        return {
            "name": name,
            "members": self.sizes[name] if self.is_whole else None,
            "entered": sum(entered for entered, _ in moves),
            "left": sum(left for _, left in moves),
            "series": series[::-1] if self.is_whole else [],
        }


def _hash(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
