"""A visitor's cart: its lines, its id and when it changed. Source: docs/semantics.md, 3, "Cart".

Invariants: a line has a quantity above 0; `changed_at` moves exactly when the contents (product, variant,
quantity) change; `added_at`, and a line's `since`, move exactly when a line appears or grows.
`stream/state/filling.py` says how an event changes a cart.
"""

from collections.abc import Iterable
from hashlib import blake2b
from math import fsum
from typing import Final, Protocol

import msgspec
from msgspec import Struct

NEVER: Final = -1
"""A time before every other time."""

Contents = list[tuple[str, str, float]]
"""Sorted (product id, variant id, quantity)."""


class Line(Struct, array_like=True, gc=False, omit_defaults=True):
    """A line. `since`: when it last appeared or grew (ms) · `added`: whether a cart.item_added did that."""

    product_id: str
    variant_id: str
    quantity: float
    name: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None
    image: str | None = None
    since: int = NEVER
    added: bool = False
    currency: str | None = None


class Priced(Protocol):
    """Anything with a price and a quantity."""

    @property
    def quantity(self) -> float: ...

    @property
    def price(self) -> float | None: ...

    @property
    def currency(self) -> str | None: ...


class Cart(Struct, array_like=True, gc=False):
    """A cart. Times are in ms.

    `id`: of the filled cart · `shop_id`, `version`: as the shop gave them last · `currency`: of the last
    cart.updated · `size`: an upper bound of the characters of its lines, to keep the cart bounded.
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
    """A string for (product, variant). The length in front makes it unique for each pair."""
    return f"{len(product_id)}:{product_id}{variant_id}"


def contents(lines: Iterable[Line]) -> Contents:
    return sorted([(line.product_id, line.variant_id, line.quantity) for line in lines])


_encode = msgspec.json.Encoder().encode


def fingerprint(lines: Iterable[Line]) -> str:
    """A hash of the contents: equal for equal contents, "" for an empty cart."""
    found = contents(lines)
    return blake2b(_encode(found), digest_size=12).hexdigest() if found else ""


def value(lines: Iterable[Priced]) -> float | None:
    """Sum of quantity x price, rounded to 2 places; None if the lines name more than one currency.

    The sum is exact: the same in any order of the lines, with any version of Python.
    """
    amounts, named = [], set()
    for line in lines:
        amounts.append(line.quantity * (line.price or 0.0))
        if line.currency:
            named.add(line.currency.lower())
    return round(fsum(amounts), 2) if len(named) <= 1 else None
