"""Seeded input: many small adversarial worlds side by side in one log, each line in its place in time."""

import random
import re

from tests.reference import events, generate

_OWN = re.compile(rb'"(visitor|customer)": "([avzc]\d+)"')


def worlds(seed: int, count: int, size: int = 150) -> list[bytes]:
    """`count` logs of tests/reference/generate.py merged by time; visitors and customers of one
    are not those of another, but for the odd names, which they share."""
    pick = random.Random(f"worlds {seed}")
    found: list[tuple[int, int, int, bytes]] = []
    for world in range(count):
        time = 0
        for number, line in enumerate(generate.log(pick.randrange(10**6), size)):
            own = _OWN.sub(rb'"\1": "w%d.\2"' % world, line)
            time = max(time, events.read(own)[0] or 0)
            found.append((time, world, number, own))
    return [line for *_, line in sorted(found)]
