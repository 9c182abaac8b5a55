"""Carts and orders in the compiled part of the visitors stage equal their Python, however they follow each other."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import limits
from stream.outputs.outputs import Outputs
from stream.stages.backend import COMPILED, PURE
from stream.stages.core import Handed
from stream.stages.orders_placed import KEPT_LINES
from stream.stages.visitors import Visitors
from stream.state.visitor import LATE_AFTER
from stream.state.whole_order import OLD_AFTER
from tests import effort
from tests.properties.test_compiled import RULES, Line, T, always, by_turns, steps, told

needed = pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
GAPS = (0, 1, 2_000, 60_000, 299_000, 301_000, 1_800_000, 90_000_000)
PARTS = {
    "variant_id": ("", "red", "42"),
    "name": ("", "Shoe", "Ä shoe", "x" * 300),
    "category": ("shoes", ""),
    "price": (0, 9.99, 20, 3),
    "url": ("https://shop.example/p", ""),
    "image": ("https://shop.example/p.jpg",),
    "currency": ("EUR", "usd", ""),
}


class Shopper:
    """Draws what visitors do with carts and orders, the frequent most often."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._orders = 0

    def log(self, size: int) -> list[Line]:
        found: list[Line] = []
        t = T
        for number in range(size):
            t += self._random.choice(GAPS[: 6 if number % 7 else 8])
            visitor = self._random.choice("vwx")
            event = {"id": f"e{number}", "visitor": visitor, **self._event()}
            if self._chance(0.3):
                event["client_time"] = t - self._random.choice((-5, 0, 1, 40_000, LATE_AFTER + 1))
            if self._chance(0.08):
                event["customer"] = self._random.choice(("c", "d"))
            if self._chance(0.04):
                event["keys"] = {self._random.choice(("email", "phone", "cart")): "a" * 64}
            found.append((number, t, visitor.encode(), json.dumps(event).encode()))
        return found

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _event(self) -> dict[str, Any]:
        kind = self._random.choice(
            ["add"] * 8 + ["order"] * 6 + ["page", "remove", "update", "started", "leave"] * 2
            + ["failed", "cancelled"]
        )  # fmt: skip
        match kind:
            case "add":
                return {"type": "cart.item_added", "item": self._item()}
            case "order":
                return self._order()
            case "remove":
                item = {"product_id": self._random.choice("pqr")}
                return {"type": "cart.item_removed", "item": item}
            case "update":
                return {"type": "cart.updated", "cart": self._cart()}
            case "leave":
                return {"type": "exit.signal", "signal": "close_shortcut"}
            case "failed":
                named = {"order": {"id": self._id()}} if self._chance(0.5) else {}
                return {"type": "payment.failed", **named}
            case "cancelled":
                return {"type": "order.cancelled", "order": {"id": self._id()}}
            case "started":
                return {"type": "checkout.started"}
        return {"type": "page.viewed"}

    def _item(self) -> dict[str, Any]:
        quantity = self._random.choice((1, 1, 1, 2, 3.0, 0.5, 0, -1, 1e-7, 1e9, 2e9))
        item: dict[str, Any] = {"product_id": self._random.choice("pqr"), "quantity": quantity}
        for part, values in PARTS.items():
            if self._chance(0.25):
                item[part] = self._random.choice(values)
        return item

    def _cart(self) -> dict[str, Any]:
        cart: dict[str, Any] = {"items": [self._item() for _ in range(self._random.randrange(3))]}
        if self._chance(0.3):
            cart["id"] = self._random.choice(("k", "l"))
        if self._chance(0.3):
            cart["currency"] = "EUR"
        return cart

    def _id(self) -> str:
        back = self._random.randrange(3)
        return self._random.choice((f"o{self._orders - back}", "null"))

    def _order(self) -> dict[str, Any]:
        order: dict[str, Any] = {}
        if self._chance(0.9):
            self._orders += self._chance(0.9)
            order["id"] = f"o{self._orders}" if self._chance(0.95) else "null"
        if self._chance(0.4):
            order["value"] = self._random.choice((0, 12.5, 40))
        if self._chance(0.3):
            order["currency"] = self._random.choice(("EUR", ""))
        if self._chance(0.3):
            count = self._random.randrange(4)
            order["items"] = [self._item() | {"renews": self._chance(0.2)} for _ in range(count)]
        if self._chance(0.05):
            order["recurring"] = True
        if self._chance(0.08):
            order["cart_id"] = self._random.choice("kv")
        event: dict[str, Any] = {"type": "order.placed", "order": order}
        if self._chance(0.1):
            event["imported"] = self._chance(0.7)
        return event


@needed
@settings(max_examples=effort.of(60), deadline=None)
@given(st.integers(0, 1_000_000))
def test_carts_and_orders_give_the_same_outputs_and_states(seed: int) -> None:
    assert COMPILED is not None
    log = Shopper(seed).log(250)
    pure = steps(always(PURE), log, seed)
    assert steps(always(COMPILED), log, seed, blocks=True) == pure
    assert steps(by_turns(seed), log, seed) == pure


@needed
@settings(max_examples=effort.of(20), deadline=None)
@given(st.integers(0, 1_000_000))
def test_orders_are_handed_over_as_the_same_objects(seed: int) -> None:
    log = Shopper(seed).log(250)
    found = []
    for make in (PURE, COMPILED):
        stage, out = Visitors(RULES, make), Handed()
        stage.process(log, out)
        found.append((out.handed, out.claimed, told(stage, out)))
    assert found[0] == found[1]


def line(number: int, **event: Any) -> Line:
    """A record of one visitor, a minute after the one before it."""
    value = json.dumps({"id": f"e{number}", "visitor": "v", **event}).encode()
    return number, T + number * 60_000, b"v", value


def same(log: list[Line]) -> None:
    """Asserts that both backends make the same of a log."""
    assert steps(always(COMPILED), log, 1) == steps(always(PURE), log, 1)  # type: ignore[arg-type]


def added(number: int, **item: Any) -> Line:
    whole = {"product_id": f"p{number}", "quantity": 1, **item}
    return line(number, type="cart.item_added", item=whole)


def placed(number: int, **order: Any) -> Line:
    return line(number, type="order.placed", order={"id": f"o{number}", **order})


@needed
def test_only_the_last_orders_keep_their_lines() -> None:
    log: list[Line] = []
    for number in range(2 * KEPT_LINES + 2):
        log += [added(2 * number), placed(2 * number + 1)]
    same(log)


@needed
def test_orders_with_long_lines_let_go_the_older_ones() -> None:
    names = "x" * limits.LONGEST_TEXT
    log: list[Line] = []
    for number in range(0, 400, 100):
        log += [
            added(number + each, name=names, url=names, category="y" * 3_000) for each in range(40)
        ]
        log.append(placed(number + 60))
    same(log)


@needed
def test_a_full_cart_takes_no_more_lines() -> None:
    names = "x" * limits.LONGEST_TEXT
    lines = limits.LARGEST_CART // (3 * limits.LONGEST_TEXT) + 3
    log = [added(number, name=names, url=names, image=names) for number in range(lines)]
    same([*log, added(lines + 1, product_id="p1"), placed(lines + 2)])


@needed
def test_a_cart_keeps_its_id_until_it_was_empty() -> None:
    item = {"product_id": "p0", "quantity": 1}
    cart = line(1, type="cart.updated", cart={"id": "k", "items": [item]})
    same([added(0), cart, added(2, product_id="p0"), placed(3), added(4)])


@needed
def test_a_record_has_room_for_so_many_orders() -> None:
    same([placed(number) for number in range(limits.MOST_ORDERS + 3)])


@needed
@pytest.mark.parametrize("quantity", [0, -1, 1e-7])
def test_an_order_of_no_pieces_has_the_lines_of_the_cart(quantity: float) -> None:
    item = {"product_id": "z", "quantity": quantity}
    same([added(0), placed(1, items=[item]), added(2), placed(3, items=[item, item])])


@needed
@pytest.mark.parametrize("contact", ["email", "phone"])
def test_an_order_of_a_contact_is_claimed_for_its_key(contact: str) -> None:
    keys = {contact: "a" * 64}
    same([line(0, type="visitor.identified", keys=keys), added(1), placed(2), added(3), placed(4)])


def test_an_order_that_is_not_late_is_not_old() -> None:
    """The compiled part takes no late order, so only its mark can make one old."""
    assert LATE_AFTER <= OLD_AFTER


@needed
def test_the_compiled_part_applies_plain_items_and_orders_by_itself() -> None:
    stage, called = Visitors(RULES, COMPILED), list[object]()
    apply = stage._apply
    stage._apply = lambda *given: (called.append(given[2]), apply(*given))[1]  # type: ignore[method-assign, func-returns-value]
    log = [added(0), placed(1), added(2), placed(3, value=5, currency="EUR")]
    stage.process(log, Outputs())
    assert len(called) == 0
    stage.process(
        [placed(4, id="o1"), placed(5, cart_id="k"), placed(6, recurring=True)], Outputs()
    )
    assert len(called) == 3
