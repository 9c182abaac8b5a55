"""A cart: its lines, its id, when it changed. Times are ms; the visitor is v."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stream import limits
from stream.events.decoding import decode
from stream.events.parts import Item, RemovedItem, WholeCart
from stream.events.types import CartItemAdded
from stream.state import cart, filling
from stream.state.cart import NEVER, Cart


def item(product: str = "lamp", quantity: float = 1, **fields: Any) -> Item:
    return msgspec.convert({"product_id": product, "quantity": quantity, **fields}, Item)


def removed(product: str = "lamp", **fields: Any) -> RemovedItem:
    return msgspec.convert({"product_id": product, **fields}, RemovedItem)


def whole(*items: Item, **fields: Any) -> WholeCart:
    return msgspec.convert({"items": msgspec.to_builtins(items), **fields}, WholeCart)


def filled(*items: Item, at: int = 1) -> Cart:
    made = Cart("v")
    for each in items:
        filling.add(made, each, at, "v")
    return made


def lines(made: Cart) -> cart.Contents:
    return cart.contents(list(made.lines.values()))


def test_a_whole_cart_replaces_all_lines() -> None:
    made = filled(item("lamp"), item("shoe"))
    filling.replace(made, whole(item("chair", 3)), 5, "v")
    assert lines(made) == [("chair", "", 3)]


def test_equal_lines_of_a_whole_cart_add_up() -> None:
    made = Cart("v")
    filling.replace(made, whole(item(quantity=2), item(quantity=3), item(variant_id="red")), 5, "v")
    assert lines(made) == [("lamp", "", 5), ("lamp", "red", 1)]


def test_an_added_item_adds_to_its_line_and_sets_its_given_attributes() -> None:
    made = filled(item(price=40, name="Lamp"), item(price=35))
    (line,) = made.lines.values()
    assert (line.quantity, line.price, line.name) == (2, 35, "Lamp")


@pytest.mark.parametrize(
    ("taken", "left"),
    [({}, []), ({"quantity": 2}, [("lamp", "", 1)]), ({"quantity": 3}, []), ({"quantity": 9}, []),
     ({"variant_id": "red"}, [("lamp", "", 3)])],
)  # fmt: skip
def test_a_removal_reduces_the_quantity_and_drops_a_line_at_zero(
    taken: dict[str, Any], left: cart.Contents
) -> None:
    made = filled(item(quantity=3))
    filling.remove(made, removed(**taken), 5)
    assert lines(made) == left
    assert made.changed_at == (1 if left == [("lamp", "", 3)] else 5)


def test_product_and_variant_stay_distinct_in_any_spelling() -> None:
    plain = [item(product) for product in ("a:b:c", "1:ab", "1:ab:")]
    made = filled(item("a", variant_id="b:"), item("a:b", variant_id="c"), *plain)
    assert len(made.lines) == 5


def test_the_time_of_change_moves_with_the_contents_only() -> None:
    made = filled(item(), item("shoe"))
    filling.replace(made, whole(item("shoe", price=7), item()), 5, "v")
    assert made.changed_at == 1
    filling.replace(made, whole(item("shoe", 2), item()), 6, "v")
    assert made.changed_at == 6


def test_the_time_of_adding_moves_when_a_line_appears_or_grows() -> None:
    made = filled(item(quantity=2), item("shoe"))
    filling.replace(made, whole(item(quantity=1), item("shoe")), 5, "v")
    filling.replace(made, whole(item(quantity=1)), 6, "v")
    assert (made.added_at, made.changed_at) == (1, 6)
    filling.replace(made, whole(item("chair")), 7, "v")
    assert made.added_at == 7
    filling.replace(made, whole(item("chair", 2)), 8, "v")
    assert made.added_at == 8


def test_emptying_an_empty_cart_changes_nothing() -> None:
    made = Cart("v")
    filling.empty(made, 5)
    assert made.changed_at == NEVER


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ({"id": "k", "version": 5}, {"id": "k", "version": 4}, True),
        ({"id": "k", "version": 5}, {"version": 4}, True),
        ({"version": 5}, {"version": 4}, True),
        ({"id": "k", "version": 5}, {"id": "k", "version": 5}, False),
        ({"id": "k", "version": 5}, {"id": "m", "version": 4}, False),
        ({"id": "k", "version": 5}, {"id": "k"}, False),
        ({"id": "k"}, {"id": "k", "version": 4}, False),
    ],
)
def test_an_older_version_of_the_same_cart_changes_nothing(
    first: dict[str, Any], second: dict[str, Any], kept: bool
) -> None:
    made = Cart("v")
    filling.replace(made, whole(item("lamp"), **first), 1, "v")
    filling.replace(made, whole(item("shoe"), **second), 2, "v")
    assert lines(made) == [("lamp" if kept else "shoe", "", 1)]


def test_a_cart_without_a_version_leaves_the_version_known() -> None:
    made = Cart("v")
    for given in ({"version": 5}, {}, {"version": 4}):
        filling.replace(made, whole(item(quantity=1 + len(given)), id="k", **given), 1, "v")
    assert lines(made) == [("lamp", "", 1)]


def test_a_cart_has_the_visitors_id_until_a_shop_fills_it() -> None:
    made = filled(item())
    assert made.id == "v"
    filling.replace(made, whole(item("shoe"), id="k"), 2, "v")
    assert made.id == "v"
    filling.empty(made, 3)
    filling.add(made, item(), 4, "v")
    assert made.id == "k"


def test_a_new_cart_id_of_the_shop_replaces_the_old_one() -> None:
    made = Cart("v")
    filling.replace(made, whole(item(), id="k"), 1, "v")
    filling.replace(made, whole(item()), 2, "v")
    assert made.id == "k"
    filling.replace(made, whole(item(), id="m"), 3, "v")
    assert made.id == "m"


def test_the_currency_is_from_the_last_whole_cart_and_the_url_the_last_given() -> None:
    made = Cart("v")
    filling.replace(made, whole(item(), currency="EUR", url="/cart"), 1, "v")
    assert (made.currency, made.url) == ("EUR", "/cart")
    filling.replace(made, whole(item()), 2, "v")
    assert (made.currency, made.url) == (None, "/cart")


def test_equal_lines_of_a_whole_cart_add_up_as_money() -> None:
    made = Cart("v")
    dear, cheap = item(price=10), item(quantity=2, price=1)
    filling.replace(made, whole(dear, cheap, item("shoe", price=3), item("shoe")), 1, "v")
    assert [line.price for line in made.lines.values()] == [4, 1.5]


def test_equal_lines_of_two_currencies_have_no_price() -> None:
    made = Cart("v")
    given = whole(item(price=10, currency="eur"), item(price=1), currency="USD")
    filling.replace(made, given, 1, "v")
    assert [line.price for line in made.lines.values()] == [None]


def test_an_added_item_keeps_the_currency_of_its_line() -> None:
    made = Cart("v")
    filling.replace(made, whole(item(price=10), currency="EUR"), 1, "v")
    filling.replace(made, whole(item(price=10, currency="USD")), 2, "v")
    filling.add(made, item(price=9), 3, "v")
    assert [line.currency for line in made.lines.values()] == ["USD"]


def test_a_cart_of_two_currencies_has_no_value() -> None:
    made = filled(item(price=1, currency="EUR"), item("shoe", price=1, currency="eur"))
    assert cart.value(made.lines.values()) == 2
    filling.add(made, item("hat", currency="USD"), 2, "v")
    assert cart.value(made.lines.values()) is None


def test_half_a_piece_counts_and_nothing_of_a_piece_is_no_line() -> None:
    made = filled(item(quantity=0.5), item(quantity=0.25), item("shoe", 0), item("hat", -1))
    assert lines(made) == [("lamp", "", 0.75)]
    filling.remove(made, removed(quantity=0.7500001), 2)
    assert lines(made) == []


@pytest.mark.parametrize(("variants", "left"), [(["red"], []), (["red", "blue"], ["blue", "red"])])
def test_a_removal_without_a_variant_means_the_only_line_of_the_product(
    variants: list[str], left: list[str]
) -> None:
    made = filled(*(item(variant_id=variant) for variant in variants))
    filling.remove(made, removed(), 2)
    assert [variant for _, variant, _ in lines(made)] == left


def test_a_line_keeps_its_time_until_it_grows() -> None:
    made = filled(item(quantity=2), at=1)
    filling.replace(made, whole(item(), item("shoe")), 2, "v")
    assert [(line.since, line.added) for line in made.lines.values()] == [(1, True), (2, False)]
    filling.replace(made, whole(item(quantity=3)), 3, "v")
    assert [(line.since, line.added) for line in made.lines.values()] == [(3, False)]


def test_the_value_is_rounded_and_a_line_without_a_price_counts_nothing() -> None:
    made = filled(item("a", 3, price=0.333), item("b", 9), item("c", 1, price=-0.5))
    assert cart.value(made.lines.values()) == 0.5


def test_equal_contents_have_equal_fingerprints_in_any_order() -> None:
    one, other = filled(item("a"), item("b")), filled(item("b", price=3), item("a"))
    assert cart.fingerprint([*one.lines.values()]) == cart.fingerprint([*other.lines.values()])
    assert cart.fingerprint([]) == ""


LONG = "u" * 2_000


def full() -> Cart:
    """A cart so full that no item with a long url fits."""
    return filled(*(item(f"{n:0128}", url=LONG) for n in range(200)))


def test_a_cart_that_grows_by_lines_stops_at_its_bound() -> None:
    made = full()
    filling.add(made, item("one more", 5, url=LONG), 9, "v")
    assert "one more" not in {line.product_id for line in made.lines.values()}
    assert made.changed_at == 1


def test_in_a_full_cart_a_line_still_grows_without_new_texts() -> None:
    made = full()
    filling.add(made, item(f"{0:0128}", 5, name="n", url=LONG, price=7), 9, "v")
    line = next(iter(made.lines.values()))
    assert (line.quantity, line.name, line.price, made.changed_at) == (6, None, 7, 9)


def test_a_removal_makes_room_again() -> None:
    made = full()
    filling.remove(made, removed(f"{0:0128}"), 8)
    filling.add(made, item("one more", url=LONG), 9, "v")
    assert made.changed_at == 9


def test_a_whole_cart_of_one_event_always_fits() -> None:
    made = Cart("v")
    filling.replace(made, whole(*(item(f"p{n}") for n in range(2_000))), 1, "v")
    assert len(made.lines) == 2_000
    filling.add(made, item("one more"), 2, "v")
    assert len(made.lines) == 2_001


def test_a_text_too_long_to_keep_is_left_out() -> None:
    longest = "x" * limits.LONGEST_TEXT
    given = {"product_id": "p", "quantity": 1, "name": longest, "image": longest + "x"}
    event = decode(
        json.dumps({"type": "cart.item_added", "id": "e", "visitor": "v", "item": given}).encode()
    )
    assert isinstance(event, CartItemAdded)
    (line,) = filled(event.item).lines.values()
    assert (line.name, line.image) == (longest, None)


@pytest.mark.parametrize(
    ("changed", "does"),
    [
        (lambda made: filling.add(made, item(), 2, "v"), True),
        (lambda made: filling.add(made, item(quantity=0), 2, "v"), False),
        (lambda made: filling.remove(made, removed(), 2), True),
        (lambda made: filling.remove(made, removed(quantity=1), 2), True),
        (lambda made: filling.remove(made, removed(quantity=0), 2), False),
        (lambda made: filling.remove(made, removed("shoe"), 2), False),
        (lambda made: filling.empty(made, 2), True),
        (lambda made: filling.empty(Cart("v"), 2), False),
        (lambda made: filling.replace(made, whole(), 2, "v"), True),
        (lambda made: filling.replace(made, whole(item(quantity=2)), 2, "v"), False),
    ],
)
def test_it_is_told_whether_the_contents_changed(
    changed: Callable[[Cart], bool], does: bool
) -> None:
    made = filled(item(quantity=2))
    assert (changed(made), made.changed_at) == (does, 2 if does else 1)


def test_an_item_for_which_there_is_no_room_changes_nothing() -> None:
    assert filling.add(full(), item("one more", url=LONG), 9, "v") is False
