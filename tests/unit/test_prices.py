"""Money of a cart: prices of equal lines, currencies, the value. The visitor is v."""

from typing import Any

import msgspec

from stream.events.parts import WholeCart
from stream.state import cart, filling
from stream.state.cart import Cart, Line


def shown(*items: dict[str, Any]) -> Cart:
    made = Cart("v")
    filling.replace(made, msgspec.convert({"items": list(items)}, WholeCart), 1, "v")
    return made


def test_an_equal_line_without_a_currency_keeps_that_of_the_line_before() -> None:
    lamp = {"product_id": "lamp", "quantity": 1, "price": 10}
    (line,) = shown(lamp | {"currency": "EUR"}, lamp).lines.values()
    assert (line.currency, line.price) == ("EUR", 10)


def test_only_the_price_of_equal_lines_is_rounded_to_4_places() -> None:
    nail = {"product_id": "nail", "quantity": 3, "price": 0.01234}
    assert [line.price for line in shown(nail).lines.values()] == [0.01234]
    assert [line.price for line in shown(nail, nail).lines.values()] == [0.0123]


def test_the_value_of_a_cart_is_the_same_in_any_order_of_its_lines() -> None:
    lines = [Line(name, "", 1.0, price=price) for name, price in PRICES.items()]
    assert cart.value(lines) == cart.value(reversed(lines)) == 22.5


PRICES = {"a": 12.5, "b": 10.0, "c": 0.005}
"""Added up one by one, they give 22.50 or 22.51."""
