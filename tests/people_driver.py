"""Runs the people stage alone, in Python: pass facts, read its decisions.

A fact has the time `now` and is applied when time next moves. Times are ms since the epoch.
"""

import json
from typing import Any, Final

from stream.durations import HOUR
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.watermark import watermark_record
from stream.state.cart import NEVER, Line
from stream.state.facts import (
    Active,
    AnyFact,
    CartSummary,
    Consented,
    Identified,
    Idle,
    Moved,
    Ordered,
    Summary,
    Unordered,
    encode,
)
from stream.state.orders import HandedOrder
from stream.state.view import View, ViewSummary
from stream.state.visitor import Checkout
from tests import checked

START: Final = 1_767_571_200_000 + 12 * HOUR
"""Mon 5 Jan 2026 12:00 UTC."""

ANNA: Final = "customer:anna"

FUNNEL: Final[dict[str, Any]] = {
    "policy": {"caps": []},
    "recipes": [
        {"name": name, "steps": ["1h"], "cooldown": 0, "ordered_within": 0, "reach": "any"}
        for name in ("payment-failed", "checkout-abandonment", "cart-abandonment")
    ],
}
"""The three kinds with one step an hour after the last activity, and no caps."""


def line(id: str, since: int, quantity: float = 1.0, **fields: Any) -> Line:
    """A cart line at 10 EUR a piece."""
    return Line(id, "", quantity, since=since, **{"price": 10.0, "currency": "EUR", **fields})


class PeopleDriver:
    """The people stage with its clock `now`, from START on."""

    def __init__(self, rules: dict[str, Any] | None = None) -> None:
        self._people = People(checked.recipes(rules or FUNNEL), 1, compiled=False)
        self._out = Outputs()
        self._n = 0
        self.now = START

    def _tell(self, fact: AnyFact) -> "PeopleDriver":
        self._n += 1
        self._people.add([(self._people.position, encode(fact))])
        return self

    def _place(self, visitor: str, person: str) -> dict[str, Any]:
        return {"at": self.now, "visitor": visitor, "n": self._n, "person": person}

    def wait(self, ms: int = 1) -> "PeopleDriver":
        """Advances time by watermarks alone."""
        self.now += ms
        self._people.add([(self._people.position, watermark_record({0: self.now}, 1))])
        self._people.advance(self._out)
        return self

    def idle(
        self,
        *lines: Line,
        visitor: str = "phone",
        person: str = ANNA,
        id: str = "k",
        changed_at: int | None = None,
        checkout: int | None = None,
        failed: bool = False,
        views: tuple[ViewSummary, ...] = (),
        subject: View | None = None,
        **fields: Any,
    ) -> "PeopleDriver":
        """Adds a visitor.idle; by default the cart changed when its newest line was added."""
        newest = max((each.since for each in lines), default=NEVER)
        cart = CartSummary(id, newest if changed_at is None else changed_at, newest, list(lines))
        opened = None if checkout is None else Checkout(checkout, "c", failed=failed)
        summary = Summary(START, self.now, 1, 0, cart, opened, list(views), subject, **fields)
        return self._tell(Idle(**self._place(visitor, person), summary=summary)).wait()

    def active(self, visitor: str = "phone") -> "PeopleDriver":
        return self._tell(Active(**self._place(visitor, ANNA), last_active=self.now)).wait()

    def moved(self, visitor: str = "phone") -> "PeopleDriver":
        return self._tell(Moved(**self._place(visitor, ANNA))).wait()

    def order(
        self, id: str = "o", *, person: str = ANNA, visitor: str = "server", **fields: Any
    ) -> "PeopleDriver":
        """Adds an order.placed from a server that names no cart, unless `fields` do."""
        return self._tell(Ordered(**self._place(visitor, person), order_id=id, **fields)).wait()

    def unorder(self, id: str = "o", unpaid: tuple[int, int] | None = None) -> "PeopleDriver":
        fact = Unordered(**self._place("server", ANNA), order_id=id, unpaid=unpaid)
        return self._tell(fact).wait()

    def identified(self, *orders: HandedOrder, person: str = ANNA, **fields: Any) -> "PeopleDriver":
        place = self._place("phone", person)
        return self._tell(Identified(**place, orders=list(orders), **fields)).wait()

    def consent(self, *channels: str, granted: bool, late: bool = False) -> "PeopleDriver":
        place = self._place("phone", ANNA)
        fact = Consented(**place, channels=list(channels), granted=granted, late=late)
        return self._tell(fact).wait()

    @property
    def decisions(self) -> list[dict[str, Any]]:
        return [json.loads(value) for _, value in self._out.decisions]

    @property
    def story(self) -> list[str]:
        """The decisions in words: `fired cart-abandonment 1`."""
        names = "outcome", "recipe", "step", "reason"
        return [
            " ".join(str(each[name]) for name in names if name in each) for each in self.decisions
        ]

    @property
    def counts(self) -> dict[tuple[str, ...], int]:
        return self._out.counts

    def _triggers(self, word: str) -> list[dict[str, Any]]:
        events = [json.loads(value) for _, _, value in self._out.triggers]
        return [event["data"] for event in events if f".{word}." in event["type"]]

    @property
    def fired(self) -> list[dict[str, Any]]:
        return self._triggers("fired")

    @property
    def cancelled(self) -> list[dict[str, Any]]:
        return self._triggers("cancelled")

    @property
    def shown(self) -> list[list[str]]:
        """The products of each trigger's cart."""
        return [[item["product_id"] for item in each["cart"]["items"]] for each in self.fired]
