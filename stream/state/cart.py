"""A visitor's cart: its lines, its id and when it changed. Source: docs/semantics.md, "Cart".

Invariants: a line has a quantity of 1 or more; `changed_at` moves exactly when the contents (product,
variant, quantity) change; `added_at` moves exactly when a line appears or grows.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import UNSET, Struct, structs

from stream import limits
from stream.events.types import CartUpdated, Item, RemovedItem

NEVER: Final = -1
"""A time before all times."""

Contents = list[tuple[str, str, float]]
"""(product_id, variant_id, quantity) of a cart's lines, sorted."""


class Line(Struct, array_like=True, gc=False, omit_defaults=True):
    product_id: str
    variant_id: str
    quantity: int
    name: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None
    image: str | None = None


class Cart(Struct, array_like=True, gc=False):
    """`id`: of the filled cart, `shop_id` and `version`: as the shop gave them last. Times in ms.

    `size`: characters of its lines, never less than there are, for the bound alone.
    """

    id: str
    from_shop: bool = False
    shop_id: str | None = None
    version: int | None = None
    lines: dict[str, Line] = {}
    changed_at: int = NEVER
    added_at: int = NEVER
    currency: str | None = None
    url: str | None = None
    size: int = 0


def line_key(product_id: str, variant_id: str) -> str:
    """One string for (product, variant); the length in front keeps any two pairs apart."""
    return f"{len(product_id)}:{product_id}{variant_id}"


def contents(lines: Sequence[Line]) -> list[tuple[str, str, int]]:
    return sorted((line.product_id, line.variant_id, line.quantity) for line in lines)


_encode = msgspec.json.Encoder().encode


def fingerprint(lines: Sequence[Line]) -> str:
    """Equal for equal contents, "" for an empty cart."""
    if not lines:
        return ""
    return blake2b(_encode(contents(lines)), digest_size=12).hexdigest()


def value(lines: list[Line]) -> float:
    """Sum of quantity x price in the cart's currency, rounded to 2 places; no price counts 0."""
    return round(sum((line.quantity * (line.price or 0.0) for line in lines), 0.0), 2)


def replace(cart: Cart, event: CartUpdated, t: int, visitor: str) -> None:
    """The whole cart as the shop gave it, unless it is an older version of the one last given."""
    given = event.cart
    same_id = given.id is UNSET or given.id == cart.shop_id
    if same_id:
        if given.version is not UNSET:
            if cart.version is not None and given.version < cart.version:
                return
            cart.version = given.version
    else:
        cart.shop_id = given.id  # type: ignore[assignment]
        cart.version = None if given.version is UNSET else given.version
    before = cart.lines
    lines: dict[str, Line] = {}
    for item in given.items:
        _put(lines, item)
    grown = changed = len(lines) != len(before)
    for key, line in lines.items():
        old = before.get(key)
        if old is None:
            grown = changed = True
            break
        if old.quantity != line.quantity:
            changed = True
    else:
        grown = any(line.quantity > before[key].quantity for key, line in lines.items())
    cart.lines = lines
    cart.size = limits.LARGEST_CART
    if given.currency is not UNSET:
        cart.currency = given.currency
    if given.url is not UNSET:
        cart.url = given.url
    if grown:
        cart.added_at = t
    if changed:
        cart.changed_at = t
    if lines and not before:
        _name(cart, visitor)
    elif cart.from_shop and cart.shop_id is not None:
        cart.id = cart.shop_id


def add(cart: Cart, item: Item, t: int, visitor: str) -> None:
    before_empty = not cart.lines
    if not _has_room(cart, item):
        if _key(item) not in cart.lines:
            return
        item = structs.replace(item, name=UNSET, category=UNSET, url=UNSET, image=UNSET)
    _put(cart.lines, item)
    cart.changed_at = cart.added_at = t
    if before_empty:
        _name(cart, visitor)


def remove(cart: Cart, item: RemovedItem, t: int) -> None:
    key = _key(item)
    line = cart.lines.get(key)
    if line is None:
        return
    if item.quantity is UNSET or item.quantity >= line.quantity:
        del cart.lines[key]
    else:
        line.quantity -= item.quantity
    cart.changed_at = t


def empty(cart: Cart, t: int) -> None:
    if cart.lines:
        cart.lines = {}
        cart.changed_at = t


def _name(cart: Cart, visitor: str) -> None:
    """The id of a cart that has just been filled."""
    cart.from_shop = cart.shop_id is not None
    cart.id = cart.shop_id if cart.shop_id is not None else visitor


def _has_room(cart: Cart, item: Item) -> bool:
    """Whether the item fits into the cart; what it takes is counted, and counted anew at the bound."""
    cart.size += limits.size(item)
    if cart.size > limits.LARGEST_CART:
        cart.size = limits.size(item) + sum(map(limits.size, cart.lines.values()))
    return cart.size <= limits.LARGEST_CART


def _key(item: Item | RemovedItem) -> str:
    return line_key(item.product_id, "" if item.variant_id is UNSET else item.variant_id)


def _put(lines: dict[str, Line], item: Item) -> None:
    """Adds to the line's quantity and takes the attributes that the item gives."""
    key = _key(item)
    line = lines.get(key)
    if line is None:
        variant = "" if item.variant_id is UNSET else item.variant_id
        line = lines[key] = Line(item.product_id, variant, 0)
    line.quantity += item.quantity
    if item.name is not UNSET:
        line.name = item.name
    if item.category is not UNSET:
        line.category = item.category
    if item.price is not UNSET:
        line.price = item.price
    if item.url is not UNSET:
        line.url = item.url
    if item.image is not UNSET:
        line.image = item.image
