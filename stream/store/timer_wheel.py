"""A timer wheel in two rings: which keys may be due at a time. The deadlines themselves live in the states.

What is due soon waits in buckets of a tick, what is due later in buckets of a span, which are spread over ticks
when their time is near: most deadlines are 30 days away, and a bucket of its own takes more than a key.
One entry of a key is valid, the one at its armed time; entries left behind by a re-arming are skipped
when their bucket comes. A deadline that moves later is not re-armed at all: its key comes up early, its
state is looked at, and it is armed anew. So an event that pushes a deadline away costs nothing here.
A key that is armed twice in one tick stands in its bucket twice and is found once.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

TICK: Final = 100
"""Ms of one bucket of those that are due soon. Longer: they are looked through more often; shorter: more of them."""

SPAN: Final = 3_600_000
"""Ms of one bucket of those that are due later. Longer: more keys to spread at once; shorter: more buckets."""

Armed = Callable[[str], int]
"""A key's armed time, by which one of its entries is valid."""


class _Ring:
    """Keys in buckets of `span` ms."""

    def __init__(self, span: int) -> None:
        self.span = span
        self.buckets: dict[int, list[str]] = {}
        self.order: list[int] = []

    def put(self, key: str, place: int) -> None:
        bucket = self.buckets.get(place)
        if bucket is None:
            self.buckets[place] = [key]
            heappush(self.order, place)
        else:
            bucket.append(key)

    def pop(self) -> tuple[int, list[str]]:
        """Takes out the first bucket: its place and its keys."""
        place = heappop(self.order)
        return place, self.buckets.pop(place)

    @property
    def first(self) -> int | None:
        """When (ms) the first bucket begins."""
        return self.order[0] * self.span if self.order else None


class Wheel:
    def __init__(self) -> None:
        self._soon, self._later = _Ring(TICK), _Ring(SPAN)
        self._spread = 0
        """The last span whose keys wait in buckets of a tick."""

    def arm(self, key: str, time: int) -> None:
        span = time // SPAN
        if span > self._spread:
            self._later.put(key, span)
        else:
            self._soon.put(key, time // TICK)

    def take(self, spans: dict[int, list[str]], armed: Armed) -> None:
        """As `arm`, for all keys there are, by the span of their times."""
        self._later.buckets, self._later.order = spans, sorted(spans)  # which is a heap
        self._spread_until(self._spread, armed)

    def reach(self, time: int, armed: Armed) -> None:
        """Time has come to `time` (ms): what is due within a span is at hand."""
        if time // SPAN + 1 > self._spread:
            self._spread_until(time // SPAN + 1, armed)

    def _spread_until(self, last: int, armed: Armed) -> None:
        self._spread = last
        later, soon = self._later, self._soon
        while later.order and later.order[0] <= last:
            span, keys = later.pop()
            for key in keys:
                at = armed(key)
                if at // SPAN == span:
                    soon.put(key, at // TICK)

    def due(self, time: int, armed: Armed) -> list[str]:
        """Takes out and gives the keys armed at or before `time` (ms), in the order of their ticks."""
        self.reach(time, armed)
        found: dict[str, None] = {}
        order = self._soon.order
        while order and (order[0] + 1) * TICK <= time:
            tick, keys = self._soon.pop()
            for key in keys:
                if armed(key) // TICK == tick:
                    found[key] = None
        if order and order[0] * TICK <= time:
            self._due_within(order[0], time, armed, found)
        return list(found)

    def _due_within(self, tick: int, time: int, armed: Armed, found: dict[str, None]) -> None:
        """Of a tick that is not over: what is armed later in it waits on."""
        waiting: dict[str, None] = {}
        for key in self._soon.buckets[tick]:
            at = armed(key)
            if at // TICK == tick:
                (found if at <= time else waiting)[key] = None
        if waiting:
            self._soon.buckets[tick] = list(waiting)
        else:
            self._soon.pop()

    @property
    def next(self) -> int | None:
        """A lower bound (ms) of the next deadline; if that is within a span, of the tick it is in."""
        soon, later = self._soon.first, self._later.first
        return later if soon is None else soon
