"""What is largest in a state: the last character that fits, and the first that does not."""

import pytest

from stream import limits
from stream.events.parts import Item
from stream.stages.orders_placed import bound_lines
from stream.state import filling, key, purchases
from stream.state.cart import Cart
from stream.state.key import ClaimedOrder, Key
from stream.state.life_record import KEPT_PRODUCTS, KEPT_PURCHASES, Life
from stream.state.orders import OrderEntry
from stream.state.purchases import Bought
from stream.state.whole_order import OrderLine, WholeOrder, size

FITS = pytest.mark.parametrize(("over", "fits"), [(0, True), (1, False)])
"""`over`: the characters beyond the bound."""


def line(product: str, characters: int) -> OrderLine:
    """A line of so many characters."""
    made = OrderLine(product, "", 1.0)
    made.category = "x" * (characters - size([made]))
    return made


@FITS
def test_a_cart_is_filled_up_to_its_bound(over: int, fits: bool) -> None:
    made = Cart("v")
    for number in range(4):
        item = Item(f"p{number}", 1.0)
        item.category = "x" * (limits.LARGEST_CART // 4 - limits.size(item))
        if number == 3:
            item.category += "x" * over
        assert filling.add(made, item, number, "v") == (fits or number < 3)
    assert len(made.lines) == (4 if fits else 3)


@FITS
def test_an_emptied_cart_that_an_order_fills_again_counts_its_lines(over: int, fits: bool) -> None:
    made = Cart("v")
    assert filling.add(made, Item("gone", 1.0), 1, "v")
    back = [*made.lines.values()]
    back[0].category = "x" * (limits.LARGEST_CART - 2 * limits.size(back[0]) + over)
    filling.refill(made, back, "c", False, 2)
    assert filling.add(made, Item("more", 1.0), 3, "v") == fits


@FITS
def test_a_visitors_orders_keep_their_lines_up_to_the_bound(over: int, fits: bool) -> None:
    half = limits.LARGEST_LINES // 2
    first, last = line("a", half + over), line("b", half)
    orders = [
        OrderEntry(each.product_id, 1, whole=WholeOrder(lines=[each])) for each in (first, last)
    ]
    bound_lines(orders)
    assert [each.whole and each.whole.lines for each in orders] == [[first] if fits else [], [last]]


@FITS
def test_a_key_keeps_the_lines_of_its_orders_up_to_the_bound(over: int, fits: bool) -> None:
    half, made = limits.LARGEST_ORDERED // 2, Key("k")
    first, last = line("a", half - 21 + over), line("b", half)
    key.enter(made, ClaimedOrder("a", 1, "p", whole=WholeOrder(lines=[first])))
    key.enter(made, ClaimedOrder("b", 2, "p", None, [("b", "", 1.0)], WholeOrder(lines=[last])))
    assert [each.whole and each.whole.lines for each in made.orders] == [
        [first] if fits else [],
        [last],
    ]
    assert made.orders[1].contents == [("b", "", 1.0)]


@FITS
def test_a_key_keeps_the_contents_of_its_orders_up_to_the_bound(over: int, fits: bool) -> None:
    half, made = limits.LARGEST_ORDERED // 2, Key("k")
    for name, characters in (("a", half + over), ("b", half)):
        contents = [(name, name * (characters - 21), 1.0)]
        key.enter(made, ClaimedOrder(name, 1, "p", contents=contents))
    assert [each.contents is not None for each in made.orders] == [fits, True]


def bought(life: Life, day: int, *lines: OrderLine) -> None:
    purchases.enter(
        life, f"o{day}", day, day, {each.product_id: Bought(each, 1.0) for each in lines}
    )


@FITS
def test_a_life_keeps_the_lines_of_its_products_up_to_the_bound(over: int, fits: bool) -> None:
    half, life = limits.LARGEST_LIFE // 2, Life()
    bought(life, 1, line("a", half))
    bought(life, 2, line("b", half + over))
    assert list(life.purchases) == (["a", "b"] if fits else ["b"])


def test_a_life_keeps_the_products_that_were_bought_last() -> None:
    life = Life()
    bought(life, 2, *(line(f"{n:03}", 60) for n in range(KEPT_PRODUCTS)))
    assert len(life.purchases) == KEPT_PRODUCTS
    bought(life, 1, line("older", 60))
    assert "older" not in life.purchases
    bought(life, 3, line("newer", 60))
    assert list(life.purchases) == [*(f"{n:03}" for n in range(1, KEPT_PRODUCTS)), "newer"]


def test_a_life_keeps_the_last_purchases_of_a_product_and_their_lines() -> None:
    life = Life()
    for day in range(KEPT_PURCHASES + 1):
        bought(life, day, line("a", 100 + (day > 0)))
    assert [each.day for each in life.purchases["a"].all] == list(range(1, KEPT_PURCHASES + 1))
    assert life.purchases["a"].lines == [line("a", 101)]
    assert {each.line for each in life.purchases["a"].all} == {0}
