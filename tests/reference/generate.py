"""Seeded logs at the edges of the rules: deadlines to the millisecond, repeated ids,
logins, devices that change hands, carts that are emptied and filled again, orders of servers, faults
in the parts of events.

`log(seed, size)` gives the lines of a backtest's input, `recipes(seed)` a recipes file's contents.
"""

import copy
import json
import random
from typing import Any

from tests.reference import generate_faults, generate_life, generate_noise
from tests.reference.generate_bodies import Shop
from tests.reference.generate_bursts import burst
from tests.reference.generate_life import LifeShop
from tests.reference.generate_life import recipes as life_recipes
from tests.reference.generate_names import as_number, cast, nobody
from tests.reference.generate_recipes import recipes
from tests.reference.generate_stories import Teller
from tests.reference.times import DAY, HOUR, MINUTE, SECOND

__all__ = ["life_log", "life_recipes", "log", "recipes"]

STARTS = (1772452800000, 1772452800000, 1774652400000, 1772866800000, 1792796400000)
"""Two afternoons in March 2026; two and a half days before Berlin, before New York goes to summer
time, before Berlin goes back."""
YEAR_2000 = 946_684_800_000
EDGES = (SECOND, 3 * SECOND, 10 * SECOND, 30 * SECOND, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
LONG_EDGES = (2 * HOUR, DAY - HOUR, DAY, DAY, DAY + HOUR, *(n * DAY for n in (3, 7, 8, 14, 30)))


class _Log:
    def __init__(self, seed: int, life: bool = False) -> None:
        self.pick = pick = random.Random(f"log {seed}")
        self.long_edges = LONG_EDGES + generate_life.EDGES if life else LONG_EDGES
        self.often = 0.75 if life else 0.93
        self.now = pick.choice(STARTS) + pick.randrange(0, 2 * DAY, MINUTE)
        self.now += pick.choice((0, 0, 1, 500, 999))
        self.cast = cast(pick)
        self.shop = LifeShop(self.cast) if life else Shop(self.cast)
        self.teller = Teller(self.shop)
        self.customer_of: dict[str, str] = {}
        if pick.random() < 0.6:
            customers = self.cast.customers
            self.customer_of = {each: pick.choice(customers) for each in self.cast.visitors}
        self.marks = [self.now]
        self.ids: list[Any] = []
        self.lines: list[bytes] = []
        self.restless = pick.random()
        self.noise = pick.choice((0, 0.03, 0.1, 0.3))
        self.late = pick.choice((0, 0.03, 0.15))
        self.known_by_keys = pick.choice((0, 0.05, 0.2, 0.4))
        self.servers = pick.choice((0, 0.05, 0.2))
        self.stories = pick.choice((0, 0.03, 0.1, 0.3))

    def moves(self) -> None:
        """Advances time: a little, or exactly to an edge after an earlier event."""
        pick = self.pick
        kind = pick.random()
        if kind < 0.12:
            return
        if kind < 0.40 + 0.2 * self.restless:
            self.now += pick.choice((1, 999, SECOND, 3 * SECOND, 11 * SECOND, MINUTE, 2 * MINUTE))
            return
        edge = pick.choice(EDGES if kind < self.often else self.long_edges)
        for base in (pick.choice(self.marks[-8:]), self.marks[-1]):
            time = base + edge + pick.choice((-1, 0, 0, 0, 1))
            if time >= self.now:
                self.now = time
                return
        self.now += pick.choice((MINUTE, 5 * MINUTE))

    def _id(self) -> Any:
        """An id: mostly new; or an earlier one of any type, a number, or a name of nobody."""
        pick, own = self.pick, self.ids
        if own and pick.random() < 0.04:
            return pick.choice((own[-1], own[-256:][0], own[-257:][0], pick.choice(own[-20:])))
        kind = pick.random()
        if kind < 0.02:
            return len(self.lines)
        return nobody(pick) if kind < 0.03 else f"e{len(self.lines)}"

    def _client_time(self) -> Any:
        """A client time: late or not, equal to an earlier one, in the wrong unit, or of another form."""
        pick, kind = self.pick, self.pick.random()
        if kind < 0.45:
            back = pick.choice((5 * MINUTE, 5 * MINUTE + 1, 5 * MINUTE + 1, HOUR, DAY, -HOUR))
            return self.now - back
        if kind < 0.9:
            return pick.choice(self.marks[-20:]) + pick.choice((-1, 0, 0, 1))
        odd = (YEAR_2000, YEAR_2000 - 1, self.now // 1000, None, "now", self.now + 0.5)
        return pick.choice((*odd, float(self.now - HOUR), str(self.now - HOUR)))

    def write(self, event: dict[str, Any]) -> None:
        pick = self.pick
        line: dict[str, Any] = {"t": self.now, "id": self._id(), **copy.deepcopy(event)}
        back = line.pop("client back", None)
        if back is not None:
            line["client_time"] = self.now - back
        elif pick.random() < self.late:
            line["client_time"] = self._client_time()
        if pick.random() < 0.02:
            line |= pick.choice(({"note": None}, {"t": float(self.now)}, {"x": [{"y": 1e999}]}))
        self.ids.append(line["id"])
        self.marks.append(self.now)
        if pick.random() < self.noise:
            generate_noise.add(pick, line)
        if pick.random() < self.noise:
            generate_noise.spoil(pick, line)
        text = json.dumps(line, ensure_ascii="\\ud" in json.dumps(line) or pick.random() < 0.5)
        self.lines.append(text.replace("Infinity", "1e999").encode())

    def happens(self) -> None:
        """Adds an event or a burst of one visitor, sometimes with customer and keys."""
        pick, some = self.pick, self.cast
        visitor = pick.choice(some.visitors[: pick.choice((1, 2, 12))])
        for body in burst(pick) if pick.random() < 0.01 else [self.shop.body()]:
            event = {"visitor": as_number(pick, visitor), **body}
            named = body.get("customer")
            if isinstance(named, str):
                self.customer_of[visitor] = named
            elif pick.random() < 0.05:
                self.customer_of[visitor] = pick.choice(some.customers)
            if visitor in self.customer_of and pick.random() < 0.5:
                event["customer"] = self.customer_of[visitor]
            if pick.random() < 0.03:
                event["customer"] = pick.choice((None, None, nobody(pick)))
            if pick.random() < self.known_by_keys:
                event["keys"] = some.keys()
            if pick.random() < self.servers:
                del event["visitor"]
                event |= some.owner()
            self.write(event)

    def tells(self) -> None:
        """Adds a story with other events in between."""
        for wait, event in self.teller.story():
            if self.pick.random() < 0.15:
                self.happens()
            if self.pick.random() < 0.95:
                self.now += max(0, wait + self.pick.choice((-1, 0, 0, 0, 0, 1)))
            self.write(event)


def life_log(seed: int, size: int) -> list[bytes]:
    """As `log`, over years, of customers who order and subscribe."""
    return _written(_Log(seed, life=True), size)


def log(seed: int, size: int) -> list[bytes]:
    """`size` lines or a few more, in order of `t`: minutes to months of a few visitors' events."""
    return _written(_Log(seed), size)


def _written(made: _Log, size: int) -> list[bytes]:
    while len(made.lines) < size:
        made.moves()
        if made.pick.random() < 0.05:
            visitor = made.cast.visitors[0]
            fault = generate_faults.line(made.pick, made.now, len(made.lines), visitor)
            made.lines.append(fault)
        elif made.pick.random() < made.stories:
            made.tells()
        else:
            made.happens()
    return made.lines
