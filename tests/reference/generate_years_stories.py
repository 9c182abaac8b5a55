"""Situations that random years seldom contain: each story covers one edge case of the life kinds.

A story yields (wait, event): ms, or None for an edge of the file. The log may add other events in between.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.reference.times import DAY, HOUR, MINUTE

Event = dict[str, Any]
Told = Iterator[tuple[int | None, Event]]
EMAIL = "e" * 16
_HUGE = (1e-6, 0.000001, 0.3333333, 7, 1e6, 123456.789, 1e12, 1e15)
_ALL = "all"


def _order(id_: Any, *products: str, **more: Any) -> Event:
    items = [{"product_id": each, "price": 10, "category": "shoes"} for each in products]
    order = {"id": id_, **more} | ({"items": items} if items else {})
    return {"type": "order.placed", "order": order}


def _by(visitor: str | None, event: Event, **more: Any) -> Event:
    return ({} if visitor is None else {"visitor": visitor}) | event | more


def _page(visitor: str, **more: Any) -> Event:
    return _by(visitor, {"type": "page.viewed"}, **more)


def _about(kind: str, id_: Any) -> Event:
    return {"type": kind, "order": {"id": id_}}


class _Tale:
    """The stories with their own names; `mark` makes these unique."""

    def __init__(self, pick: random.Random, mark: str) -> None:
        self.pick, self.mark = pick, mark
        self.id = f"s{mark}"
        self.one, self.two = pick.sample(("a", "b", "z", f"v{mark}"), 2)
        self.customer = pick.choice(("c1", "c2", f"k{mark}"))

    def products(self, most: int = 3) -> list[str]:
        return self.pick.sample(("p1", "p2", "p3"), self.pick.randrange(1, most + 1))

    def joins_in_a_wait(self) -> Told:
        """Two visitors become one person while the first one's episodes wait; then one of them leaves."""
        pick = self.pick
        yield 0, _by(self.one, _order(self.id, *self.products()), customer=self.customer)
        yield None, _by(self.two, _order(f"{self.id}+", *self.products()))
        if pick.random() < 0.5:
            yield MINUTE, _by(self.two, {"type": "visitor.subscribed", "channels": ["email"]})
        kind = pick.choice(("page.viewed", "visitor.identified"))
        yield None, _by(self.two, {"type": kind}, customer=self.customer)
        yield None, _page(pick.choice((self.one, self.two)), customer=pick.choice((None, "c2")))
        yield None, _by(self.two, _about("order.cancelled", f"{self.id}+"))

    def by_key(self) -> Told:
        """A server's order whose owner is known later; later events also use the key."""
        pick, keys = self.pick, {"email": EMAIL}
        yield 0, _by(None, _order(self.id, *self.products(2)), keys=keys)
        bound = {"type": "visitor.identified", "keys": keys}
        if pick.random() < 0.7:
            bound["customer"] = self.customer
        yield None, _by(self.one, bound)
        yield pick.choice((0, None)), _by(None, _about("order.delivered", self.id), keys=keys)
        again = _order(self.id, *self.products(), value=30)
        yield None, _by(pick.choice((None, self.two)), again, keys=keys)
        yield None, _by(None, _about("order.cancelled", self.id), keys=keys)

    def taken_back(self) -> Told:
        """An order is cancelled and repeated while its steps wait."""
        pick = self.pick
        who = {"customer": self.customer}
        yield 0, _by(self.one, _order(self.id, *self.products()), **who)
        yield None, _by(self.one, _order(f"{self.id}+", *self.products()), **who)
        gone = pick.choice(("order.cancelled", "payment.failed"))
        yield None, _by(pick.choice((self.one, self.two)), _about(gone, self.id), **who)
        yield pick.choice((0, 1, None)), _by(self.one, _order(self.id, *self.products()), **who)
        yield None, _by(self.one, _about("order.cancelled", f"{self.id}+"), **who)

    def brought_later(self) -> Told:
        """Repetitions from several senders add lines, a value and a currency."""
        pick, who = self.pick, {"customer": self.customer}
        yield 0, _by(self.one, _order(self.id), **who)
        given: list[dict[str, Any]] = [{"value": 40}, {"currency": "EUR"}, {}]
        for parts in pick.sample(given, 3):
            lines = [] if parts else self.products()
            body = _order(self.id, *lines, **parts)
            yield pick.choice((0, None)), _by(pick.choice((self.one, self.two)), body, **who)

    def withdraws(self) -> Told:
        pick, who = self.pick, {"customer": self.customer}
        lists = pick.choice((["email"], ["push", "email"], _ALL))
        body = {"type": "visitor.identified", "contacts": pick.choice(([], ["sms"], ["email"]))}
        if pick.random() < 0.5:
            yield 0, _by(self.one, body, **who)
        yield 0, _by(self.one, {"type": "visitor.subscribed", "channels": lists}, **who)
        for granted in pick.choice(((False,), (False, True), (False, True, False))):
            consent = {"type": "consent.changed", "channels": lists, "granted": granted}
            yield None, _by(pick.choice((self.one, None)), consent, **who)

    def delivered_early(self) -> Told:
        pick, who = self.pick, {"customer": self.customer}
        id_ = pick.choice((self.id, self.id, "guest"))
        yield 0, _by(self.one, _about("order.delivered", id_), **who)
        yield pick.choice((0, 1, MINUTE)), _by(self.one, _order(id_, *self.products()), **who)
        for _ in range(2):
            delivered = _by(pick.choice((self.one, self.two)), _about("order.delivered", id_))
            yield pick.choice((0, None)), delivered | who

    def amounts(self) -> Told:
        """Quantities at the limits of the readable range, twice of one product."""
        pick, who = self.pick, {"customer": self.customer}
        for number in range(3):
            items = [
                {"product_id": each, "quantity": pick.choice(_HUGE), "price": 0.01}
                for each in ("p1", "p1", "p2")[: pick.choice((1, 2, 3))]
            ]
            order = {"type": "order.placed", "order": {"id": f"{self.id}-{number}", "items": items}}
            yield pick.choice((HOUR, DAY - 1, DAY, None)), _by(self.one, order, **who)

    def buys_daily(self) -> Told:
        """More purchases of one product than are kept, at most a day apart; some are cancelled."""
        pick, who = self.pick, {"customer": self.customer}
        for number in range(pick.choice((6, 8))):
            wait = pick.choice((DAY - 1, DAY, DAY + 1, 2 * DAY))
            yield wait, _by(self.one, _order(f"{self.id}-{number}", "p1"), **who)
        for number in pick.sample(range(6), 3):
            yield None, _by(self.one, _about("order.cancelled", f"{self.id}-{number}"), **who)

    def imported(self) -> Told:
        """Past events imported later, out of order."""
        pick, who = self.pick, {"customer": self.customer}
        for number in range(3):
            past = _by(self.one, _order(f"{self.id}-{number}", *self.products()), imported=True)
            yield 0, past | who | {"back": pick.choice((2, 10, 29, 100, 390)) * DAY}
        yield None, _by(self.one, _order(self.id, *self.products()), **who)
        yield None, _by(self.one, _about("order.cancelled", f"{self.id}-1"), **who)

    def recurs(self) -> Told:
        pick, who = self.pick, {"customer": self.customer}
        yield 0, _by(self.one, _order(self.id, *self.products()), **who)
        for number in range(2):
            again = _order(f"{self.id}-{number}", *self.products(), recurring=True, value=9)
            yield None, _by(pick.choice((self.one, None)), again, **who)
        same = _order(f"{self.id}-0", *self.products())
        yield pick.choice((0, None)), _by(self.one, same, **who)

    def shared_key(self) -> Told:
        """Nine customers of a key within a day: the key no longer hands over orders."""
        keys = {"phone": "5" * 16}
        yield 0, _by(self.one, _order(self.id, *self.products()), keys=keys)
        for number in range(self.pick.choice((8, 9, 10))):
            name = {"type": "visitor.identified", "customer": f"many{number}", "keys": keys}
            yield self.pick.choice((0, HOUR)), _by(f"m{number}", name)
        yield None, _by(None, _order(f"{self.id}+", *self.products()), keys=keys)
        yield None, _by(None, _about("order.cancelled", f"{self.id}+"), keys=keys)

    def at_one_moment(self) -> Told:
        """Two visitors of one customer in one millisecond."""
        who = {"customer": self.customer}
        yield None, _by(self.one, _order(self.id, *self.products()), **who)
        yield 0, _by(self.two, _order(f"{self.id}+", *self.products()), **who)
        yield 0, _by(self.two, _about("order.cancelled", self.id), **who)
        yield 0, _by(self.one, {"type": "visitor.subscribed", "channels": ["email"]}, **who)
        yield None, _by(self.two, _order(self.id, *self.products()), **who)

    def of_nobody(self) -> Told:
        """Orders without an id of their own."""
        pick, keys = self.pick, {"email": EMAIL}
        for _ in range(2):
            yield pick.choice((0, 1, HOUR, None)), _by(self.one, _order("guest", "p1"), keys=keys)
        yield None, _by(None, _about("order.delivered", "guest"), keys=keys)
        gone = pick.choice(("order.cancelled", "payment.failed"))
        yield None, _by(pick.choice((None, self.one)), _about(gone, "guest"), keys=keys)


STORIES: tuple[Callable[[_Tale], Told], ...] = (
    _Tale.joins_in_a_wait,
    _Tale.by_key,
    _Tale.taken_back,
    _Tale.brought_later,
    _Tale.withdraws,
    _Tale.delivered_early,
    _Tale.amounts,
    _Tale.buys_daily,
    _Tale.imported,
    _Tale.recurs,
    _Tale.shared_key,
    _Tale.at_one_moment,
    _Tale.of_nobody,
)


def story(pick: random.Random, mark: str) -> Told:
    """A random story with its own names, sometimes with names of others."""
    return pick.choice(STORIES)(_Tale(pick, mark))


def switch_after(now: int) -> int:
    """The next time (ms) after `now` at which Berlin's clocks change."""
    day = datetime.fromtimestamp(now // 1000, UTC).replace(hour=1, minute=0, second=0)
    while True:
        last = (
            day.month in (3, 10) and day.weekday() == 6 and (day + timedelta(7)).month != day.month
        )
        if last and day.timestamp() * 1000 > now:
            return round(day.timestamp() * 1000)
        day += timedelta(1)
