"""A timer wheel in two rings: finds the keys that may be due. The deadlines themselves are in the states.

Keys that are due soon wait in buckets of a tick. Keys that are due later wait in buckets of a span. A span
is spread over ticks when its time is near: most deadlines are 30 days away, and a bucket takes more memory
than a key.
A key has one valid entry, the one at its armed time. Older entries are skipped when their bucket comes. A
deadline that moves later is not armed again: its key comes up early, and the caller arms it again. So an
event that postpones a deadline costs nothing here. A key that is armed twice in one tick is found once.
Due keys can be taken a few at a time, so no call takes long.
`stream/native/_wheel.c` does the same, compiled. `Wheel` defines the behaviour, and is used alone if no compiler is
available.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from struct import calcsize
from sys import maxsize
from typing import Final, Protocol

from stream.state.cart import NEVER
from stream.store.changelog import HEADER

TICK: Final = 100
"""Width (ms) of a bucket of keys that are due soon. Longer: more scans of each. Shorter: more buckets."""

SPAN: Final = 3_600_000
"""Width (ms) of a bucket of keys that are due later. Longer: more keys spread at once. Shorter: more buckets."""

LOOKED_AT: Final = 32
"""Entries checked for each key that is requested. Most cost less than a due key. More: old entries make a call long.
Fewer: more calls."""


class Armed(Protocol):
    """A state. `armed`: the time (ms) at which its timer is set."""

    armed: int


Held = tuple[Mapping[str, Armed], Mapping[str, Armed], Mapping[str, bytes]]
"""States by key: decoded, decoded of the older generation, packed. A key's armed time says which of its entries is
valid."""


def armed(held: Held, key: str) -> int:
    """The time (ms) at which a key is armed, NEVER if it is not."""
    live, older, packed = held
    if state := live.get(key) or older.get(key):
        return state.armed
    value = packed.get(key)
    return NEVER if value is None else int(HEADER.unpack_from(value)[2])


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
        """Removes the first bucket. Returns its index and its keys."""
        place = heappop(self.order)
        return place, self.buckets.pop(place)

    @property
    def first(self) -> int | None:
        """The time (ms) at which the first bucket begins."""
        return self.order[0] * self.span if self.order else None


class Wheel:
    """The wheel. `behind`: whether the last call of `due` left entries to check."""

    def __init__(self) -> None:
        self.behind = False
        self._soon, self._later = _Ring(TICK), _Ring(SPAN)
        self._spread = 0
        """The last span whose keys are in buckets of a tick, or are being spread."""
        self._spreading: tuple[int, list[str]] = (0, [])
        """A span, and its keys that are still to be spread, in reverse order."""
        self._pass = (0, 0, 0)
        """An unfinished tick: its index, the time (ms) for which its keys are looked at, and how many are left."""

    def arm(self, key: str, time: int) -> None:
        span = time // SPAN
        if span > self._spread:
            self._later.put(key, span)
        else:
            self._soon.put(key, time // TICK)

    def take(self, spans: dict[int, list[str]], held: Held) -> None:
        """Arms keys, given by the span of their times."""
        self._later.buckets, self._later.order = spans, sorted(spans)  # a sorted list is a heap
        self._spread_until(self._spread, held, maxsize)

    def reach(self, time: int, held: Held) -> None:
        """Moves time to `time` (ms): spreads the keys that are due within a span over ticks."""
        self._spread_until(time // SPAN + 1, held, maxsize)

    def _spread_until(self, last: int, held: Held, most: int) -> int:
        """Spreads at most `most` keys of spans up to `last`. Returns how many."""
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
                at = armed(held, key)
                if at // SPAN == span:
                    soon.put(key, at // TICK)
        self._spreading = span, keys
        return done

    def due(self, time: int, held: Held, most: int | None = None) -> list[str]:
        """Removes and returns the keys armed at or before `time` (ms), in the order of their ticks.

        `most`: at most this many, or fewer after much work. `behind` then says whether there may be more.
        """
        found: dict[str, None] = {}
        wanted, left = (most, most * LOOKED_AT) if most else (maxsize, maxsize)
        left -= self._spread_until(time // SPAN + 1, held, left)
        order, self.behind = self._soon.order, True
        while left > 0 and len(found) < wanted:
            if not order or order[0] * TICK > time:
                self.behind = False
                break
            tick = order[0]
            whole = (tick + 1) * TICK <= time
            if not whole and self._pass[:2] != (tick, time):
                self._pass = tick, time, len(self._soon.buckets[tick])
            left -= self._look(tick, time, held, found, wanted, left)
            if not whole and not self._pass[2]:
                self.behind = False
                break
        return list(found)

    def _look(
        self, tick: int, time: int, held: Held, found: dict[str, None], wanted: int, left: int
    ) -> int:
        """Looks at some keys of a tick. Returns how many. Keys that are armed later in the tick stay in it."""
        bucket = self._soon.buckets[tick]
        waiting: dict[str, None] = {}
        last = self._pass[2] if self._pass[:2] == (tick, time) else len(bucket)
        looked = 0
        for key in bucket[: min(left, last)]:
            looked += 1
            at = armed(held, key)
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
        """A lower bound (ms) of the next deadline: the start of its tick, or of its span."""
        bounds = [self._soon.first, self._later.first]
        if self._spreading[1]:
            bounds.append(self._spreading[0] * SPAN)
        return min((bound for bound in bounds if bound is not None), default=None)

    def __len__(self) -> int:
        """The number of entries, outdated ones included."""
        rings = self._soon.buckets, self._later.buckets
        return sum(map(len, (*rings[0].values(), *rings[1].values(), self._spreading[1])))


def _built() -> type[Wheel] | None:
    """The compiled wheel, None if there is none. Raises ImportError if it is of another release."""
    try:
        from stream.native import _wheel  # noqa: PLC0415 - it is not everywhere
    except ImportError:  # pragma: no cover - where there was no compiler
        return None
    mirrored = _wheel.TICK, _wheel.SPAN, _wheel.LOOKED_AT, _wheel.HEADER, _wheel.ARMED
    if mirrored != (TICK, SPAN, LOOKED_AT, HEADER.size, calcsize(">bq")):
        raise ImportError(f"{_wheel.__file__} is of another release: run make install")
    return _wheel.Wheel


COMPILED: Final = _built()
"""The compiled wheel; None if it was not built."""


def make(compiled: bool) -> Wheel:
    """An empty wheel. `compiled`: the compiled one, if it is built."""
    return COMPILED() if compiled and COMPILED else Wheel()
