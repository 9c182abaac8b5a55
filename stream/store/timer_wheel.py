"""A timer wheel in two rings: which keys may be due at a time. The deadlines themselves live in the states.

What is due soon waits in buckets of a tick, what is due later in buckets of a span, which are spread over ticks
when their time is near: most deadlines are 30 days away, and a bucket of its own takes more than a key.
One entry of a key is valid, the one at its armed time; entries left behind by a re-arming are skipped
when their bucket comes. A deadline that moves later is not re-armed at all: its key comes up early, its
state is looked at, and it is armed anew. So an event that pushes a deadline away costs nothing here.
A key that is armed twice in one tick stands in its bucket twice and is found once.
However many are due, they can be asked for a few at a time: then nothing takes longer than a few.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from sys import maxsize
from typing import Final

TICK: Final = 100
"""Ms of one bucket of those that are due soon. Longer: they are looked through more often; shorter: more of them."""

SPAN: Final = 3_600_000
"""Ms of one bucket of those that are due later. Longer: more keys to spread at once; shorter: more buckets."""

LOOKED_AT: Final = 32
"""Entries for each key that may be given: most cost less than what a key that is due does. More: those left behind
take long at a stretch; fewer: more stretches."""

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
    """`behind`: whether the last call of `due` left entries that it had to look at."""

    def __init__(self) -> None:
        self.behind = False
        self._soon, self._later = _Ring(TICK), _Ring(SPAN)
        self._spread = 0
        """The last span whose keys wait in buckets of a tick, or are being spread."""
        self._spreading: tuple[int, list[str]] = (0, [])
        """A span, and those of its keys that are still to be spread, the first last."""
        self._pass = (0, 0, 0)
        """A tick that is not over, the time for which its keys are looked at, and how many still are to be."""

    def arm(self, key: str, time: int) -> None:
        span = time // SPAN
        if span > self._spread:
            self._later.put(key, span)
        else:
            self._soon.put(key, time // TICK)

    def take(self, spans: dict[int, list[str]], armed: Armed) -> None:
        """As `arm`, for all keys there are, by the span of their times."""
        self._later.buckets, self._later.order = spans, sorted(spans)  # which is a heap
        self._spread_until(self._spread, armed, maxsize)

    def reach(self, time: int, armed: Armed) -> None:
        """Time has come to `time` (ms): what is due within a span is at hand."""
        self._spread_until(time // SPAN + 1, armed, maxsize)

    def _spread_until(self, last: int, armed: Armed, most: int) -> int:
        """Spreads so many keys of spans up to `last`, and tells how many it spread."""
        self._spread = max(self._spread, last)
        later, soon, done = self._later, self._soon, 0
        span, keys = self._spreading
        while done < most and (keys or (later.order and later.order[0] <= self._spread)):
            if not keys:
                span, keys = later.pop()
                keys.reverse()
            some = keys[done - most :]
            del keys[done - most :]
            done += len(some)
            for key in reversed(some):
                at = armed(key)
                if at // SPAN == span:
                    soon.put(key, at // TICK)
        self._spreading = span, keys
        return done

    def due(self, time: int, armed: Armed, most: int | None = None) -> list[str]:
        """Takes out and gives the keys armed at or before `time` (ms), in the order of their ticks.

        `most`: so many of them, and after so much work maybe fewer; `behind` then tells whether there can be more.
        """
        found: dict[str, None] = {}
        wanted, left = (most, most * LOOKED_AT) if most else (maxsize, maxsize)
        left -= self._spread_until(time // SPAN + 1, armed, left)
        order, self.behind = self._soon.order, True
        while left > 0 and len(found) < wanted:
            if not order or order[0] * TICK > time:
                self.behind = False
                break
            tick = order[0]
            whole = (tick + 1) * TICK <= time
            if not whole and self._pass[:2] != (tick, time):
                self._pass = tick, time, len(self._soon.buckets[tick])
            left -= self._look(tick, time, armed, found, wanted, left)
            if not whole and not self._pass[2]:
                self.behind = False
                break
        return list(found)

    def _look(
        self, tick: int, time: int, armed: Armed, found: dict[str, None], wanted: int, left: int
    ) -> int:
        """Looks at so many of a tick's keys, and tells at how many. What is armed later in it waits on."""
        bucket = self._soon.buckets[tick]
        waiting: dict[str, None] = {}
        last = self._pass[2] if self._pass[:2] == (tick, time) else len(bucket)
        looked = 0
        for key in bucket[: min(left, last)]:
            looked += 1
            at = armed(key)
            if at // TICK == tick:
                (found if at <= time else waiting)[key] = None
            if len(found) >= wanted:
                break
        del bucket[:looked]
        bucket += waiting
        self._pass = tick, time, last - looked
        if not bucket:
            self._soon.pop()
        return looked

    @property
    def next(self) -> int | None:
        """A lower bound (ms) of the next deadline; if that is within a span, of the tick it is in."""
        bounds = [self._soon.first, self._later.first]
        if self._spreading[1]:
            bounds.append(self._spreading[0] * SPAN)
        return min((bound for bound in bounds if bound is not None), default=None)
