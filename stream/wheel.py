"""A timer wheel: which keys may be due at a time. The deadlines themselves live in the states.

One entry of a key is valid, the one at its armed time; entries left behind by a re-arming are skipped
when their tick comes. A deadline that moves later is not re-armed at all: its key comes up early, its
state is looked at, and it is armed anew. So an event that pushes a deadline away costs nothing here.
A key that is armed twice in one tick stands in its bucket twice and is found once.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

TICK: Final = 100
"""Ms of one bucket. Longer: buckets are looked through more often; shorter: more of them."""


class Wheel:
    def __init__(self) -> None:
        self._buckets: dict[int, list[str]] = {}
        self._ticks: list[int] = []

    def arm(self, key: str, time: int) -> None:
        tick = time // TICK
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = [key]
            heappush(self._ticks, tick)
        else:
            bucket.append(key)

    def take(self, ticks: dict[int, list[str]]) -> None:
        """As `arm`, for all keys there are, by the tick of their times."""
        self._buckets = ticks
        self._ticks = sorted(ticks)  # which is a heap

    def due(self, time: int, armed: Callable[[str], int]) -> list[str]:
        """Takes out and gives the keys armed at or before `time` (ms); `armed` tells a key's valid entry."""
        found: dict[str, None] = {}
        ticks, buckets = self._ticks, self._buckets
        while ticks and (ticks[0] + 1) * TICK <= time:
            tick = heappop(ticks)
            for key in buckets.pop(tick):
                if armed(key) // TICK == tick:
                    found[key] = None
        if ticks and ticks[0] * TICK <= time:
            self._due_within(ticks[0], time, armed, found)
        return list(found)

    def _due_within(
        self, tick: int, time: int, armed: Callable[[str], int], found: dict[str, None]
    ) -> None:
        """Of a tick that is not over: what is armed later in it waits on."""
        waiting: dict[str, None] = {}
        for key in self._buckets.pop(tick):
            at = armed(key)
            if at // TICK == tick:
                (found if at <= time else waiting)[key] = None
        if waiting:
            self._buckets[tick] = list(waiting)
        else:
            heappop(self._ticks)

    @property
    def next(self) -> int | None:
        """A lower bound (ms) of the next deadline."""
        return self._ticks[0] * TICK if self._ticks else None
