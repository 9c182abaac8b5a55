"""Each audience of deploy/recipes.yaml has exactly the members that it describes, to the ms."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.config.recipes import read
from stream import backtest

FILE = Path(__file__).parents[2] / "deploy" / "recipes.yaml"
NOW = 1_798_000_000_000
DAY = 86_400_000
MINUTE = 60_000


class Somebody(NamedTuple):
    """`ordered`, `visited`: ms since the last order and the last visit, None: never."""

    orders: int = 0
    ordered: int | None = None
    visited: int | None = None
    reachable: bool = True

    @property
    def name(self) -> str:
        return f"c-{self.orders}-{self.ordered}-{self.visited}-{self.reachable}"

    def since_order(self, least: float, below: float = 10**6) -> bool:
        return self.ordered is not None and least * DAY <= self.ordered < below * DAY

    def since_visit(self, least: float, below: float = 10**6) -> bool:
        return self.visited is not None and least * DAY <= self.visited < below * DAY

    def retargeted(self, days: int) -> bool:
        return self.since_visit(0, days) and (not self.orders or self.since_order(days))


WHO: dict[str, Callable[[Somebody], bool]] = {
    "leads": lambda who: who.orders == 0 and who.reachable,
    "first-time": lambda who: who.orders == 1 and who.since_order(0, 30),
    "recent": lambda who: who.since_order(0, 30),
    "loyal": lambda who: who.orders >= 4,
    "lapsed": lambda who: who.since_order(180),
    "retargeting-2d": lambda who: who.retargeted(2),
    "retargeting-7d": lambda who: who.retargeted(7),
    "retargeting-14d": lambda who: who.retargeted(14),
    "at-risk-leads": lambda who: who.orders == 0 and who.since_visit(14, 30),
    "at-risk-first-time": lambda who: who.orders == 1 and who.since_order(30, 90),
    "at-risk-regulars": lambda who: who.orders in (2, 3) and who.since_order(60, 120),
    "at-risk-loyal": lambda who: who.orders >= 4 and who.since_order(90, 180),
}
"""The conditions of each audience, in the words of a marketer."""

OPEN = {"cart-abandoners", "checkout-abandoners", "payment-abandoners"}


def about(*days: int) -> list[int]:
    """Each bound, and a millisecond before it."""
    return [day * DAY - less for day in days for less in (1, 0)]


PEOPLE = [
    *(
        Somebody(0, None, visited, reachable)
        for visited, reachable in product([DAY, *about(2, 7, 14, 30)], (True, False))
    ),
    *(
        Somebody(orders, ordered, visited)
        for orders, ordered, visited in product(
            (1, 2, 3, 4, 5),
            about(2, 7, 14, 30, 60, 90, 120, 180),
            (None, DAY, *about(2, 7, 14)),
        )
    ),
]


def events(who: Somebody) -> Iterator[dict[str, Any]]:
    """The events of a person. Orders come from a server, so they are not visits. The first event has the contacts."""
    first = max(who.ordered or 0, who.visited or 0) + 10 * DAY
    contacts = ["email"] if who.reachable else []
    log = {"type": "visitor.identified", "customer": who.name, "contacts": contacts}
    yield {"t": NOW - first, **log}
    for number in range(who.orders):
        assert who.ordered is not None
        t = NOW - who.ordered - number * DAY
        order = {"id": f"{who.name}-{number}", "value": 10}
        yield {"t": t, "type": "order.placed", "customer": who.name, "order": order}
    if who.visited is not None:
        page = {"type": "page.viewed", "visitor": f"v-{who.name}", "customer": who.name}
        yield {"t": NOW - who.visited, **page}


def members(log: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The audiences of each person at NOW."""
    log.sort(key=lambda event: int(event["t"]))
    log.append({"t": NOW, "type": "clock.advanced"})
    lines = [json.dumps({"id": f"e{n}", **event}).encode() for n, event in enumerate(log)]
    found: dict[str, set[str]] = {}
    for out in backtest.run(lines, read(FILE)):
        for audience, person, at, entered, _ in out.audiences:
            if at <= NOW:
                of_person = found.setdefault(person.removeprefix("customer:"), set())
                (of_person.add if entered else of_person.remove)(audience)
    return found


def test_each_audience_has_exactly_its_members() -> None:
    found = members([event for who in PEOPLE for event in events(who)])
    wanted = {who.name: {name for name, holds in WHO.items() if holds(who)} for who in PEOPLE}
    differ = {
        name: sorted(found.get(name, set()) ^ audiences)
        for name, audiences in wanted.items()
        if found.get(name, set()) != audiences
    }
    assert differ == {}
    sizes = {name: sum(name in each for each in wanted.values()) for name in WHO}
    assert all(0 < size < len(PEOPLE) for size in sizes.values()), sizes


def test_the_file_has_these_audiences_and_no_others() -> None:
    assert read(FILE).audiences.places.keys() == WHO.keys() | OPEN


ITEM = {"product_id": "p", "price": 10}
LEFT: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("cart-abandoners", ({"type": "cart.item_added", "item": ITEM},)),
    (
        "checkout-abandoners",
        ({"type": "cart.item_added", "item": ITEM}, {"type": "checkout.started"}),
    ),
    (
        "payment-abandoners",
        (
            {"type": "cart.item_added", "item": ITEM},
            {"type": "checkout.started"},
            {"type": "payment.failed"},
        ),
    ),
)


@pytest.mark.parametrize(("name", "done"), LEFT, ids=[name for name, _ in LEFT])
def test_a_person_belongs_only_to_the_abandoners_of_what_was_left(
    name: str, done: tuple[dict[str, Any], ...]
) -> None:
    begun = NOW - 20 * MINUTE
    own = {"visitor": "v", "customer": "anna"}
    log = [{"t": begun + n, **own, **event} for n, event in enumerate(done)]
    assert members(log)["anna"] & OPEN == {name}
    order = {"t": NOW - MINUTE, **own, "type": "order.placed", "order": {"id": "o", "value": 10}}
    assert members([*log[: len(done)], order])["anna"] & OPEN == set(), "an order ends it at once"
