"""Seeded input: many small adversarial worlds side by side in one log, each line in its place in time."""

import random
import re

from tests.reference import events, generate

KEPT_MS = 25 * 86_400_000
"""Who came so shortly before a log's end is not forgotten: states are left that can be looked at."""

_OWN = re.compile(rb'"(visitor|customer)": "([avzc]\d+)"')
_TIME = re.compile(rb"\b1[67]\d{11}\b")

Lines = list[tuple[int, bytes]]
"""(ms, line)"""


def worlds(seed: int, count: int, size: int = 150) -> list[bytes]:
    """`count` logs of tests/reference/generate.py merged by time; visitors and customers of one
    are not those of another, but for the odd names, which they share.

    Every other one lies at the end, and ends while its visitors are still known.
    """
    pick = random.Random(f"worlds {seed}")
    seeds = [pick.randrange(10**6) for _ in range(count)]
    long = {number: _world(number, seeds[number], size) for number in range(0, count, 2)}
    end = max(time for lines in long.values() for time, _ in lines)
    late = {
        number: _at_the_end(_world(number, seeds[number], 2 * size), end)
        for number in range(1, count, 2)
    }
    found = [
        (time, world, place, line)
        for world, lines in (long | late).items()
        for place, (time, line) in enumerate(lines)
    ]
    return [line for *_, line in sorted(found)]


def _world(number: int, seed: int, size: int) -> Lines:
    time, found = 0, []
    for line in generate.log(seed, size):
        own = _OWN.sub(rb'"\1": "w%d.\2"' % number, line)
        time = max(time, events.read(own)[0] or 0)
        found.append((time, own))
    return found


def _at_the_end(lines: Lines, end: int) -> Lines:
    """The first days of a log, as days that end at `end` (ms)."""
    start = next(time for time, _ in lines if time)
    by = end - KEPT_MS - start
    return [
        (
            time + by if time else end - KEPT_MS,
            _TIME.sub(lambda at: b"%d" % (int(at[0]) + by), line),
        )
        for time, line in lines
        if time <= start + KEPT_MS
    ]
