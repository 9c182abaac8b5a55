"""The traffic of a simulated shop, in order of time, and the same for the same seed. Pure.

Each shopper's events are a generator, and a heap merges the generators. A generator begins when its shopper arrives, so
only the shoppers in the shop are in memory.
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
"""Relative number of arrivals in each hour of the day (UTC)."""

NOON: Final = 12 * 3_600_000
WARM_UP: Final = 240_000
"""Ms until about as many shoppers leave an empty shop as arrive."""
EVENTS_EACH: Final = 9.7
"""Events of one shopper. With one arrival a second, a full shop has this many events a second."""

INTENTS: Final = ("look",) * 9 + ("browse",) * 6 + ("fill",) * 4 + ("buy",) * 2
HOUR: Final = 3_600_000


def day(
    seed: int, visitors: int, start: int, length: int, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """(time, event or bytes) of `visitors` shoppers who arrive from `start` to `start + length` (ms).

    Some return, also on another device, so there are more visitor ids than shoppers. Nothing comes after the end but
    duplicates, within two seconds.
    """
    return spoil(crowd(seed, visitors, start, length), seed, Faults() if faults is None else faults)


def hour(
    seed: int, rate: float, seconds: float, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """Traffic of a full shop, to be sent at `rate` events a second for `seconds`.

    At this rate visits last about as long as real ones. It has more events than needed.
    """
    length = WARM_UP + int(1_500 * seconds)
    shoppers = 1 + int(rate / EVENTS_EACH * length / 1000)
    for t, record in day(seed, shoppers, NOON, length, faults):
        if t >= NOON + WARM_UP:
            yield t, record


def years(
    seed: int, customers: int, start: int, length: int, faults: Faults | None = None
) -> Iterator[tuple[int, Record]]:
    """(time, event or bytes) of the lives of `customers`, who arrive in the first two thirds of `length` (ms)."""
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
    """The events of a crowd of shoppers, in order of time: valid, and all before the end.

    `story_of`: the events of a shopper; None: `visits_of` · `coming`: ms in which shoppers arrive; None: all the time.
    """
    end, story_of = start + length, story_of or visits_of
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
    """Takes the earliest event, and replaces it with the next one of the same shopper if that is before the end."""
    t, number, event, story = present[0]
    following = next(story, None)
    if following is not None and following[0] < end:
        heapreplace(present, (following[0], number, following[1], story))
    else:
        heappop(present)
    return t, event


def visits_of(shopper: Shopper) -> Iterator[Timed]:
    """The visits of a shopper. Some return the same day to the cart that they left, often on the other device."""
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
    """The times (ms) at which shoppers arrive, in order, spread over the hours by HOURS."""
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
    """(begin, end, weight) of each hour, or part of an hour."""
    slices, begin = [], start
    while begin < start + length:
        end = min(begin - begin % HOUR + HOUR, start + length)
        slices.append((begin, end, HOURS[begin // HOUR % 24] * (end - begin) / HOUR))
        begin = end
    return slices
