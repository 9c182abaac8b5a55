"""Fills and empties a cart by events. Source: docs/semantics.md, 2 ("Items", "Prices") and 3 ("Cart").

Each function returns whether the contents of the cart changed.
"""

from collections.abc import Sequence
from math import fsum
from typing import Final

from msgspec import UNSET, structs

from stream import limits
from stream.events.parts import Item, RemovedItem, WholeCart
from stream.state.cart import Cart, Line, contents, line_key

PLACES: Final = 6
"""Decimal places of a quantity."""


def replace(cart: Cart, given: WholeCart, t: int, visitor: str) -> bool:
    """Replaces the cart with the one that the shop gave, unless that is an older version."""
    if given.id is UNSET or given.id == cart.shop_id:
        if given.version is not UNSET:
            if cart.version is not None and given.version < cart.version:
                return False
            cart.version = given.version
    else:
        cart.shop_id = given.id
        cart.version = None if given.version is UNSET else given.version
    cart.currency = _own(given)
    if given.url is not UNSET:
        cart.url = given.url
    before = cart.lines
    lines = lines_of(given.items, cart.currency)
    for key, line in lines.items():
        old = before.get(key)
        if old is None or line.quantity > old.quantity:
            line.since = cart.added_at = t
        else:
            line.since, line.added = old.since, old.added
    changed = contents(lines.values()) != contents(before.values())
    cart.lines = lines
    cart.size = limits.LARGEST_CART
    if changed:
        cart.changed_at = t
    if lines and not before:
        _name(cart, visitor)
    elif cart.from_shop and cart.shop_id is not None:
        cart.id = cart.shop_id
    return changed


def lines_of(items: Sequence[Item], currency: str | None) -> dict[str, Line]:
    """The lines of a whole cart or order. Equal items become one line with the price of all of them."""
    lines: dict[str, Line] = {}
    equal: dict[str, list[Item]] = {}
    for item in items:
        if item.quantity <= 0:
            continue
        key = key_of(item)
        line = lines.get(key)
        if line is None:
            line = lines[key] = Line(item.product_id, _variant(item), 0.0)
        line.quantity = round(line.quantity + round(item.quantity, PLACES), PLACES)
        _take(line, item, currency or line.currency)
        equal.setdefault(key, []).append(item)
    found = {key: line for key, line in lines.items() if line.quantity > 0}
    for key, line in found.items():
        if len(equal[key]) > 1:
            line.price = _price_of(equal[key], currency)
    return found


def _price_of(items: list[Item], currency: str | None) -> float | None:
    """The price of a unit. None if no item has a price, or if they name two currencies."""
    given = [_own(item) or currency for item in items]
    named = {each.lower() for each in given if each}
    prices = [None if item.price is UNSET else item.price for item in items]
    if len(named) > 1 or all(price is None for price in prices):
        return None
    quantities = [round(item.quantity, PLACES) for item in items]
    money = fsum(each * (price or 0.0) for each, price in zip(quantities, prices, strict=True))
    return round(money / fsum(quantities), 4)


def add(cart: Cart, item: Item, t: int, visitor: str) -> bool:
    quantity = round(item.quantity, PLACES)
    if quantity <= 0:
        return False
    variant = _variant(item)
    key, before_empty = line_key(item.product_id, variant), not cart.lines
    line = cart.lines.get(key)
    if not _has_room(cart, item):
        if line is None:
            return False
        item = structs.replace(item, name=UNSET, category=UNSET, url=UNSET, image=UNSET)
    if line is None:
        line = cart.lines[key] = Line(item.product_id, variant, 0.0)
    line.quantity = round(line.quantity + quantity, PLACES)
    _take(line, item, line.currency or cart.currency)
    line.since = cart.changed_at = cart.added_at = t
    line.added = True
    if before_empty:
        _name(cart, visitor)
    return True


def remove(cart: Cart, item: RemovedItem, t: int) -> bool:
    key = key_of(item)
    line = cart.lines.get(key)
    if line is None and item.variant_id is UNSET:
        of_product = [each for each in cart.lines.values() if each.product_id == item.product_id]
        line = of_product[0] if len(of_product) == 1 else None
    if line is None:
        return False
    left = 0.0
    if item.quantity is not UNSET:
        quantity = round(item.quantity, PLACES)
        if quantity <= 0:
            return False
        left = round(line.quantity - quantity, PLACES)
    if left > 0:
        line.quantity = left
    else:
        del cart.lines[line_key(line.product_id, line.variant_id)]
    cart.changed_at = t
    return True


def empty(cart: Cart, t: int) -> bool:
    if not cart.lines:
        return False
    cart.lines = {}
    cart.changed_at = t
    return True


def refill(cart: Cart, lines: list[Line], id: str, from_shop: bool, t: int) -> None:
    """Puts the lines of an order back into the cart."""
    cart.lines = {}
    for line in lines:
        line.since, line.added = t, False
        cart.lines[line_key(line.product_id, line.variant_id)] = line
    cart.size = limits.LARGEST_CART
    cart.id, cart.from_shop = id, from_shop
    if from_shop:
        cart.shop_id, cart.version = id, None
    cart.changed_at = cart.added_at = t


def _name(cart: Cart, visitor: str) -> None:
    """Gives a cart that has just been filled its id."""
    cart.from_shop = cart.shop_id is not None
    cart.id = cart.shop_id if cart.shop_id is not None else visitor


def _has_room(cart: Cart, item: Item) -> bool:
    """Whether the item fits into the cart. Adds its size; near the bound it counts all sizes again."""
    cart.size += limits.size(item)
    if cart.size > limits.LARGEST_CART:
        cart.size = limits.size(item) + sum(map(limits.size, cart.lines.values()))
    return cart.size <= limits.LARGEST_CART


def _own(given: Item | WholeCart) -> str | None:
    """The given currency; None if it is empty."""
    return given.currency or None if given.currency is not UNSET else None


def _variant(item: Item | RemovedItem) -> str:
    return "" if item.variant_id is UNSET else item.variant_id


def key_of(item: Item | RemovedItem) -> str:
    """Equal for equal lines."""
    return line_key(item.product_id, _variant(item))


def _take(line: Line, item: Item, currency: str | None) -> None:
    """Copies the attributes that the item gives. `currency`: for an item that names none."""
    if item.name is not UNSET:
        line.name = item.name
    if item.category is not UNSET:
        line.category = item.category
    if item.price is not UNSET:
        line.price = item.price
    line.currency = _own(item) or currency
    if item.url is not UNSET:
        line.url = item.url
    if item.image is not UNSET:
        line.image = item.image
