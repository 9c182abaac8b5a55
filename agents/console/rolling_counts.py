"""Counts over the last hour and the last day, by the broker's time of the records. Pure; memory is bounded."""

from collections import Counter
from typing import Final, NamedTuple

from stream.durations import HOUR, MINUTE

Key = tuple[str, ...]

MOST_KEYS: Final = 5_000
"""Keys of one bucket. Recipes times reasons are fewer; more would mean that another service writes to the topic."""


class Span(NamedTuple):
    """A span of time: a number of buckets, and their width (ms)."""

    width: int
    buckets: int


SPANS: Final = {"hour": Span(MINUTE, 60), "day": Span(HOUR // 2, 48)}


class RollingCount:
    """Counts by key, in buckets of time. Buckets older than the span are dropped."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._buckets: dict[int, Counter[Key]] = {}

    def add(self, t: int, key: Key, number: int = 1) -> None:
        """Adds `number` to the count at the time `t` (ms)."""
        bucket_number = t // self._span.width
        bucket = self._buckets.get(bucket_number)
        if bucket is None:
            bucket = self._buckets[bucket_number] = Counter()
            self._drop(max(self._buckets))
        if len(bucket) < MOST_KEYS or key in bucket:
            bucket[key] += number

    def _drop(self, newest: int) -> None:
        for bucket_number in [
            each for each in self._buckets if each <= newest - self._span.buckets
        ]:
            del self._buckets[bucket_number]

    def total(self, now: int) -> Counter[Key]:
        """The sums over the span that ends at `now` (ms)."""
        found: Counter[Key] = Counter()
        for _, bucket in self.buckets(now):
            found.update(bucket)
        return found

    def buckets(self, now: int) -> list[tuple[int, Counter[Key]]]:
        """(begin in ms, counts) of every bucket of that span, in order, empty ones included."""
        last = now // self._span.width
        return [
            (bucket_number * self._span.width, self._buckets.get(bucket_number, Counter()))
            for bucket_number in range(last - self._span.buckets + 1, last + 1)
        ]


class RollingCounts:
    """The same counts over every span."""

    def __init__(self) -> None:
        self.spans = {name: RollingCount(span) for name, span in SPANS.items()}

    def add(self, t: int, key: Key, number: int = 1) -> None:
        for count in self.spans.values():
            count.add(t, key, number)
