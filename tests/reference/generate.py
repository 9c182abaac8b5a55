"""Seeded logs that stand on the edges of the rules: deadlines to the millisecond, repeated ids,
logins, devices that change hands, carts that are emptied and filled again.

`log(seed, size)` gives the lines of a backtest's input, `recipes(seed)` a recipes file's contents.
"""

import json
import random
from typing import Any

from tests.reference import generate_faults
from tests.reference.generate_bodies import Shop
from tests.reference.generate_recipes import recipes
from tests.reference.times import DAY, HOUR, MINUTE, SECOND

__all__ = ["log", "recipes"]

STARTS = (1772452800000, 1772452800000, 1774652400000, 1772866800000, 1792796400000)
"""Two afternoons in March 2026; two and a half days before Berlin, before New York goes to summer
time, before Berlin goes back."""
EDGES = (3 * SECOND, 10 * SECOND, 30 * SECOND, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
LONG_EDGES = (2 * HOUR, DAY - HOUR, DAY, DAY + HOUR, 3 * DAY, 7 * DAY, 8 * DAY, 30 * DAY)
NAMES = ("ü", "日本", "\U0001f600", "a|b", "guest 1", "0 0", "\ufb03", "v" * 128)
"""Visitors' names that are odd and yet name somebody."""


class _Log:
    def __init__(self, seed: int) -> None:
        self.pick = pick = random.Random(f"log {seed}")
        self.now = pick.choice(STARTS) + pick.randrange(0, 2 * DAY, MINUTE)
        self.now += pick.choice((0, 0, 1, 500, 999))
        count = pick.choice((1, 2, 2, 3, 3, 4, 6, 12))
        self.visitors = [f"{pick.choice('avz')}{n}" for n in range(count)]
        if pick.random() < 0.2:
            self.visitors[0] = pick.choice(NAMES)
        customers = [f"c{n}" for n in range(1, pick.choice((1, 1, 2, 3, 4)) + 1)]
        carts = pick.choice((("k",), ("k", "m"), ("k", "m", self.visitors[0]), (), ("ü", "k")))
        self.shop = Shop(pick, carts, customers)
        self.customer_of: dict[str, str] = {}
        if pick.random() < 0.6:
            self.customer_of = {each: pick.choice(customers) for each in self.visitors}
        self.marks = [self.now]
        self.ids: dict[str, list[str]] = {each: [] for each in self.visitors}
        self.lines: list[bytes] = []
        self.restless = pick.random()

    def moves(self) -> None:
        """Time goes on: a little, or exactly to an edge after something that happened."""
        pick = self.pick
        kind = pick.random()
        if kind < 0.12:
            return
        if kind < 0.40 + 0.2 * self.restless:
            self.now += pick.choice((1, 999, SECOND, 3 * SECOND, 11 * SECOND, MINUTE, 2 * MINUTE))
            return
        edge = pick.choice(EDGES if kind < 0.93 else LONG_EDGES)
        for base in (pick.choice(self.marks[-8:]), self.marks[-1]):
            time = base + edge + pick.choice((-1, 0, 0, 0, 1))
            if time >= self.now:
                self.now = time
                return
        self.now += pick.choice((MINUTE, 5 * MINUTE))

    def write(self, event: dict[str, Any]) -> None:
        pick, own = self.pick, self.ids[event["visitor"]]
        id_ = f"e{len(self.lines)}"
        if own and pick.random() < 0.04:
            id_ = pick.choice((own[-1], own[-16:][0], own[-17:][0], pick.choice(own[-20:])))
        line: dict[str, Any] = {"t": self.now, "id": id_, **event}
        if pick.random() < 0.03:
            late = pick.choice((5 * MINUTE, 5 * MINUTE + 1, HOUR, -HOUR))
            line["client_time"] = pick.choice((self.now - late, float(self.now - late)))
        if pick.random() < 0.02:
            line |= pick.choice(({"note": None}, {"t": float(self.now)}, {"x": [{"y": 1e999}]}))
        own.append(id_)
        self.marks.append(self.now)
        text = json.dumps(line, ensure_ascii=pick.random() < 0.5)
        self.lines.append(text.replace("Infinity", "1e999").encode())

    def happens(self) -> None:
        """One event of one visitor, or a burst of them, sometimes with the customer on it."""
        pick = self.pick
        visitor = pick.choice(self.visitors[: pick.choice((1, 2, 12))])
        for body in self.shop.burst() if pick.random() < 0.01 else [self.shop.body()]:
            event = {"visitor": visitor, **body}
            if "customer" in event:
                self.customer_of[visitor] = event["customer"]
            elif pick.random() < 0.05:
                self.customer_of[visitor] = pick.choice(self.shop.customers)
            if visitor in self.customer_of and pick.random() < 0.5:
                event["customer"] = self.customer_of[visitor]
            self.write(event)


def log(seed: int, size: int) -> list[bytes]:
    """`size` lines or a few more, in order of `t`: minutes to months of a few visitors' doings."""
    made = _Log(seed)
    while len(made.lines) < size:
        made.moves()
        if made.pick.random() < 0.05:
            fault = generate_faults.line(made.pick, made.now, len(made.lines), made.visitors[0])
            made.lines.append(fault)
        else:
            made.happens()
    return made.lines
