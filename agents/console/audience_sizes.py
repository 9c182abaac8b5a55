"""How many belong to each audience, by the changes on the topic `audiences`. Bounded.

The last change of a person counts by the time in it, not by its place. Where a shop has more persons in audiences than are
remembered here, the sizes are not told: the workers' metric has them (docs/metrics.md).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from agents.console.rolling_counts import Key

MOST: Final = 500_000
"""Persons in audiences, past ones too: about 100 bytes each. More: memory; fewer: fewer shops see sizes."""

SORT: Final = "audience"
"""The first part of a key of rolling counts; then the audience, and IN or OUT."""
IN: Final = "entered"
OUT: Final = "left"


class AudienceSizes:
    """`sizes`: of each audience that anybody was ever in."""

    def __init__(self, most: int = MOST) -> None:
        self.sizes: Counter[str] = Counter()
        self._most = most
        self._last: dict[int, int] = {}
        """Hash of audience and person -> twice the time of the last change (ms), and 1 of who belongs."""

    @property
    def is_whole(self) -> bool:
        """Whether all persons are remembered."""
        return len(self._last) < self._most

    def take(self, audience: str, key: bytes, at: int, entered: bool) -> bool:
        """A change; whether it is the last one known of the person, and changes anything."""
        name = _hash(key)
        known = self._last.get(name)
        if known is None and not self.is_whole:
            return True
        if known is not None and (at < known // 2 or (known % 2 == 1) == entered):
            return False
        self._last[name] = 2 * at + entered
        self.sizes[audience] += 1 if entered else -1 if known is not None else 0
        return True

    def forget(self, key: bytes) -> None:
        """Nothing is kept of a person any more."""
        known = self._last.pop(_hash(key), 0)
        if known % 2:
            self.sizes[key.decode().partition("|")[0]] -= 1

    def rows(
        self, names: Iterable[str], buckets: Sequence[Mapping[Key, int]]
    ) -> list[dict[str, Any]]:
        """Of each audience: members now, who entered and left in the buckets, and members at the end of each of them."""
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
