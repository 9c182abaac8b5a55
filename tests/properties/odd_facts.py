"""Random facts of a few persons, for the compiled part of the people stage: few ids and times, so that all meet.

Carts keep, change, lose and swap their lines and ids; orders come before, after and beside them; visitors move, come back,
stay active, and are shared.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

from stream import limits
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.state import facts
from stream.state.cart import NEVER, Line
from stream.state.facts import AnyFact, CartSummary, Summary
from stream.state.in_time import Attributed
from stream.state.orders import HandedOrder
from stream.state.view import View, ViewSummary
from stream.state.visitor import Checkout
from stream.state.whole_order import OrderLine, WholeOrder

START: Final = 1_767_571_200_000
PERSONS: Final = "visitor:a", "visitor:b", "customer:c", "email:0123"
VISITORS: Final = "a", "b", "ü" * 3, "~~mail", "~order"
CARTS: Final = "a", "k", "shop 7", ""
PRODUCTS: Final = "p", "q", "ö", "p" * 80
PAUSES: Final = (0, 0, 1, SECOND, MINUTE, 6 * MINUTE, HOUR, HOUR, DAY, 3 * DAY, 15 * DAY, 61 * DAY)


class OddFacts:
    """Facts in the order of their times, from START on. `now`: the time (ms) of the last one."""

    def __init__(self, seed: int) -> None:
        self._pick = random.Random(f"facts {seed}")
        self._many = self._pick.random() < 0.1
        self._carts: dict[str, tuple[list[Line], int, int]] = {}
        self._kept: list[AnyFact] = []
        self._n = 0
        self.now = START

    def __iter__(self) -> Iterator[AnyFact]:
        """Facts without an end. Some come again."""
        while True:
            if self._kept and self._pick.random() < 0.03:
                yield self._pick.choice(self._kept[-20:])
                continue
            self.now += self._pick.choice(PAUSES)
            self._n += 1
            fact = self._fact()
            self._kept.append(fact)
            yield fact

    def _fact(self) -> AnyFact:
        pick = self._pick
        place: dict[str, Any] = {
            "at": self.now,
            "visitor": pick.choice(VISITORS),
            "n": pick.choice((self._n, self._n, 0)),
            "person": pick.choice(PERSONS[: 1 if self._many else 4]),
        }
        kind = pick.choices(range(len(WEIGHTS)), WEIGHTS)[0]
        if kind == 0:
            return facts.Idle(**place, summary=self._summary())
        if kind == 1:
            return facts.Active(**place, last_active=self._time())
        return self._other(kind, place)

    def _other(self, kind: int, place: dict[str, Any]) -> AnyFact:
        pick = self._pick
        id = pick.choice(("o", "p", "null", f"o{self._n}"))
        if kind == 2:
            contents = pick.choice((None, [], [("p", "", 1.0)], [("p", "", 2.0), ("q", "v", 1.0)]))
            cart = pick.choice((None, *CARTS))
            again = pick.random() < 0.2
            whole = pick.choice((None, *[self._whole(place["person"])] * 3))
            return facts.Ordered(
                **place, order_id=id, cart_id=cart, contents=contents, recurring=again, whole=whole
            )
        if kind == 3:
            unpaid = pick.choice((None, (self._time(), self.now)))
            return facts.Unordered(**place, order_id=id, unpaid=unpaid)
        if kind == 4:
            return facts.Moved(**place)
        if kind == 5:
            given: list[dict[str, Any]] = [
                {"orders": [HandedOrder("o", self._time(), cart_id="k")]},
                {"contacts": ["email", "sms"]},
                {"watches": [self._watch()]},
                {"withdrawn": ["email"]},
            ]
            return facts.Identified(**place, **pick.choice(given))
        if kind == 6:
            return facts.Consented(**place, channels=["email"], granted=pick.random() < 0.5)
        if kind == 7:
            return facts.Subscribed(**place, channels=["email"], event="s")
        if kind == 8:
            return facts.OnsiteDecided(**place, about=self._watch())
        if kind == 9:
            return facts.Delivered(**place, order_id=id)
        return facts.Erased(**place)

    def _whole(self, person: str) -> WholeOrder:
        pick = self._pick
        return WholeOrder(
            value=pick.choice((None, 9.0)),
            currency=pick.choice((None, "EUR")),
            lines=pick.choice(([], [OrderLine("p", "", 1.0)])),
            old=pick.random() < 0.2,
            day=pick.choice((NEVER, self._time())),
            whose=pick.choice((person, person, *PERSONS)),
            visitor="a",
            event=f"e{self._n}",
            withheld=pick.random() < 0.2,
        )

    def _watch(self) -> Attributed:
        return Attributed("exit-intent", 1, "t", False, None, self._time(), self.now + 3 * DAY)

    def _time(self) -> int:
        """A time that has come."""
        return max(START - DAY, self.now - self._pick.choice(PAUSES))

    def _summary(self) -> Summary:
        pick = self._pick
        id = f"{self._n}" if self._many and pick.random() < 0.8 else pick.choice(CARTS)
        lines, changed, added = self._cart(id)
        views = [self._view() for _ in range(pick.choice((0, 0, 1, 3)))]
        subject = View("p", 1, 0, self.now, "e", category=pick.choice((None, "c", "d")))
        return Summary(
            self._time(),
            self._time(),
            pick.randrange(4),
            0,
            CartSummary(id, changed, added, lines, pick.choice((None, "EUR")), None),
            pick.choice((None, None, None, Checkout(self._time(), "e", 1, pick.random() < 0.3))),
            views,
            pick.choice((None, subject)),
            pick.choice(("", "p")),
            unanswered=pick.random() < 0.1,
            evidence=[f"e{self._n}"] * pick.randrange(3),
        )

    def _view(self) -> ViewSummary:
        dwell = self._pick.choice((0, 999, 1_000, 9_999, 10_000))
        return ViewSummary(self._pick.choice("pqr"), 1, dwell, self.now, "e", "c")

    def _cart(self, id: str) -> tuple[list[Line], int, int]:
        """(lines, changed at, added at) of a cart: as it was, changed since, or as it once was."""
        pick = self._pick
        before = self._carts.get(id, ([], NEVER, NEVER))
        if pick.random() < 0.4 and id in self._carts:
            return before
        lines = [self._line() for _ in range(pick.choice((0, 1, 1, 2, 30 if self._many else 3)))]
        changed = pick.choice((self.now, self._time(), before[1]))
        added = pick.choice((changed, before[2], NEVER))
        if pick.random() < 0.8:
            self._carts[id] = lines, changed, added
        return lines, changed, added

    def _line(self) -> Line:
        pick = self._pick
        long = self._many and pick.random() < 0.5
        return Line(
            pick.choice(PRODUCTS),
            pick.choice(("", "v")),
            pick.choice((1.0, 2.0, 0.5)),
            category="c" * (limits.LONGEST_CATEGORY if long else 1),
            price=pick.choice((None, 5.0)),
            since=self._time(),
            added=pick.random() < 0.5,
        )


WEIGHTS: Final = (50, 25, 8, 2, 3, 3, 2, 1, 1, 1, 1)
"""Idle and active facts are frequent; then come orders, their ends, moves, logins, consents, and what is rare."""
