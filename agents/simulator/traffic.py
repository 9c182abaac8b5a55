"""A simulated shop's traffic: pure, in order of time, the same for the same seed.

Each shopper's story is a generator, and a heap merges them. A story begins when its shopper
comes, so that only those who are in the shop are held in memory.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush, heapreplace
from random import Random
from typing import Any, Final

from agents.simulator.faults import NONE, Faults, Record, spoil
from agents.simulator.lives import live
from agents.simulator.shopper import Shopper, Timed
from agents.simulator.visits import visit

HOURS: Final = (2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 9, 10, 9, 8, 8, 9, 10, 12, 15, 16, 14, 9, 5)
"""How many come in each hour of the day (UTC), in proportion."""

NOON: Final = 12 * 3_600_000
WARM_UP: Final = 240_000
"""After this time (ms) in an empty shop about as many shoppers leave as come."""
EVENTS_EACH: Final = 9.7
"""Events a second in the shop then, for one who comes a second."""

INTENTS: Final = ("look",) * 9 + ("browse",) * 6 + ("fill",) * 4 + ("buy",) * 2
HOUR: Final = 3_600_000


def day(
    seed: int, visitors: int, start: int, length: int, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """(time, event or bytes) of so many shoppers who come from `start` to `start + length` (ms).

    Some come again, on another device too, so that there are more visitor ids than shoppers. What
    would happen after the end is left out, but for duplicates of the last two seconds.
    """
    return spoil(crowd(seed, visitors, start, length), seed, Faults() if faults is None else faults)


def hour(
    seed: int, rate: float, seconds: float, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """A stretch of a full shop's traffic, to be sent at `rate` events a second for so many seconds.

    In this way visits take about as long as real ones. There are more events than needed.
    """
    length = WARM_UP + int(1_500 * seconds)
    shoppers = 1 + int(rate / EVENTS_EACH * length / 1000)
    for t, record in day(seed, shoppers, NOON, length, faults):
        if t >= NOON + WARM_UP:
            yield t, record


def years(
    seed: int, customers: int, start: int, length: int, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """(time, event or bytes) of so many customers' lives, who come in the first two thirds of `length` (ms)."""
    lives = crowd(seed, customers, start, length, live, length * 2 // 3)
    return spoil(lives, seed, NONE if faults is None else faults)


def crowd(
    seed: int,
    visitors: int,
    start: int,
    length: int,
    story_of: Callable[[Shopper], Iterator[Timed]] | None = None,
    coming: int | None = None,
) -> Iterator[Timed]:
    """The same without faults: valid events only, all before the end. `story_of`: a shopper's, if not `tell` ·
    `coming`: for how long (ms) they come, if not all the time."""
    end, story_of = start + length, story_of or tell
    present: list[tuple[int, int, dict[str, Any], Iterator[Timed]]] = []
    for number, arrival in enumerate(arrivals(seed, visitors, start, coming or length)):
        while present and present[0][0] <= arrival:
            yield _next(present, end)
        story = story_of(Shopper(seed, number, arrival))
        t, event = next(story)
        heappush(present, (t, number, event, story))
    while present:
        yield _next(present, end)


def _next(present: list[tuple[int, int, dict[str, Any], Iterator[Timed]]], end: int) -> Timed:
    """The earliest event of all; its shopper goes on to the next one, if that is before the end."""
    t, number, event, story = present[0]
    following = next(story, None)
    if following is not None and following[0] < end:
        heapreplace(present, (following[0], number, following[1], story))
    else:
        heappop(present)
    return t, event


def tell(shopper: Shopper) -> Iterator[Timed]:
    """A shopper's visits: again the same day, with the cart as it was left, often elsewhere."""
    yield from visit(shopper, shopper.random.choice(INTENTS))
    while shopper.chance(0.35):
        if shopper.bought and shopper.chance(0.15):
            shopper.wait(120, 3600)
            yield shopper.server_event("order.cancelled", order={"id": shopper.bought})
        elif shopper.bought and shopper.chance(0.1):
            shopper.wait(1800, 3 * 3600)
            yield shopper.server_event("order.delivered", order={"id": shopper.bought})
        shopper.bought = None
        shopper.wait(300, 6 * 3600)
        if shopper.chance(0.4):
            shopper.other_device()
        intent = shopper.random.choice(INTENTS)
        yield from visit(shopper, "buy" if shopper.lines and shopper.chance(0.4) else intent)


def arrivals(seed: int, visitors: int, start: int, length: int) -> Iterator[int]:
    """When each one comes, in order: spread over the hours as a shop's day is."""
    random = Random(f"arrivals {seed}")
    slices = _slices(start, length)
    total = sum(weight for _, _, weight in slices)
    done, reached, number = 0.0, 0.0, 0
    for begin, end, weight in slices:
        reached += weight / total * visitors
        while number < visitors and number + 1 <= reached + 1e-9:
            share = (number + random.random() - done) / (reached - done)
            yield begin + int(min(max(share, 0.0), 0.999999) * (end - begin))
            number += 1
        done = reached


def _slices(start: int, length: int) -> list[tuple[int, int, float]]:
    """(begin, end, weight) of each hour or part of one."""
    slices, begin = [], start
    while begin < start + length:
        end = min(begin - begin % HOUR + HOUR, start + length)
        slices.append((begin, end, HOURS[begin // HOUR % 24] * (end - begin) / HOUR))
        begin = end
    return slices
