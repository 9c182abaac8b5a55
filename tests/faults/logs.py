"""Seeded input: many small adversarial worlds merged by time into one log.

Half of the orders come from servers that name a cart, a checkout, an e-mail or a phone (keyed_logs.py).
"""

import random
import re

from tests.faults import keyed_logs
from tests.reference import events, generate
from tests.reference.times import DAY

KEPT_MS = 25 * DAY
"""Ms before a log's end. Later visitors are not forgotten yet, so there are states to check."""

SHOPPERS = 0.95
"""Shoppers of `keyed_logs` for each order of the worlds. Four of five of them order through a server."""

_OWN = (
    re.compile(rb'"(visitor|customer)": "()([avzcw]\d*|srv|q)"'),
    re.compile(rb'"(email|phone)": "()(e{16}|E-mail_of_more_than_one|4{16}|phone-number-of-2)"'),
    re.compile(rb'"(id|cart|cart_id)": "()([kmn]|s[12]|r\d|many|other)"'),
    re.compile(rb'"(checkout)": "()(x[12])"'),
    re.compile(rb'"(visitor)": "(~\w+:)([A-Za-z0-9_-]+)"'),
)
_TIME = re.compile(rb"\b1[67]\d{11}\b")

Lines = list[tuple[int, bytes]]
"""(ms, line)"""


def worlds(seed: int, count: int, size: int = 150) -> list[bytes]:
    """`count` logs of tests/reference/generate.py merged by time, and shoppers of whom servers tell; visitors,
    customers and keys of one are not those of another, but for the odd names, which they share.

    Every other world ends at the end of the log, like the shoppers, so that its visitors are still known.
    """
    pick = random.Random(f"worlds {seed}")
    seeds = [pick.randrange(10**6) for _ in range(count)]
    long = {number: _world(number, seeds[number], size) for number in range(0, count, 2)}
    end = max(time for lines in long.values() for time, _ in lines)
    late = {
        number: _at_the_end(_world(number, seeds[number], 2 * size), end)
        for number in range(1, count, 2)
    }
    made = long | late
    orders = sum(b'"order.placed"' in line for lines in made.values() for _, line in lines)
    made[count] = keyed_logs.shoppers(
        seed, round(SHOPPERS * orders), end - KEPT_MS, KEPT_MS - 2 * DAY
    )
    found = [
        (time, world, place, line)
        for world, lines in made.items()
        for place, (time, line) in enumerate(lines)
    ]
    return [line for *_, line in sorted(found)]


def _world(number: int, seed: int, size: int) -> Lines:
    time, found = 0, []
    for line in generate.log(seed, size):
        own = line
        for pattern in _OWN:
            own = pattern.sub(rb'"\1": "\2w%d.\3"' % number, own)
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
