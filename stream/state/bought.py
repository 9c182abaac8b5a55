"""The lines that a person bought under a cart id, which the shop may still show. Source: docs/semantics.md, 6.

A line is bought in one quantity, with one order. It stays bought for 14 days after its order, and for 14
days after each summary that shows it. Another quantity, or a later cart without the line, ends that.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from stream.durations import DAY, MINUTE
from stream.state.cart import Contents, Line
from stream.state.orders import OrderEntry

LASTS: Final = 14 * DAY
AFTER_ORDER: Final = 5 * MINUTE
"""Ms: a cart that changed this soon after an order may still be the ordered one."""


class BoughtLine(Struct, array_like=True, gc=False):
    """A line of an order; it is bought before `until` (ms)."""

    product_id: str
    variant_id: str
    quantity: float
    order_id: str
    order_at: int
    until: int

    @property
    def content(self) -> tuple[str, str, float]:
        return self.product_id, self.variant_id, self.quantity


class KnownCart(Struct, array_like=True, gc=False):
    """A cart as a summary gave it: the fingerprint of its contents, and (product, variant, quantity, since)."""

    changed_at: int
    contents: str
    lines: list[tuple[str, str, float, int]] = []


Bought = dict[str, list[BoughtLine]]
"""Bought lines by cart id."""


def held(lines: Iterable[Line]) -> list[tuple[str, str, float, int]]:
    """The lines in the form of a KnownCart."""
    return [(line.product_id, line.variant_id, line.quantity, line.since) for line in lines]


def bought_now(lines: Iterable[BoughtLine], at: int) -> set[tuple[str, str, float]]:
    """The contents that are bought at `at`."""
    return {line.content for line in lines if at < line.until}


def carried(contents: Contents | None, cart: KnownCart | None, ordered_at: int) -> Contents:
    """The lines that an order buys: its own, or those that its cart had up to 5 minutes after the order."""
    if contents is not None:
        return contents
    lines = cart.lines if cart is not None else []
    until = ordered_at + AFTER_ORDER
    return [(product, variant, n) for product, variant, n, since in lines if since <= until]


def add(bought: Bought, cart_id: str, contents: Contents, order: OrderEntry, at: int) -> None:
    """Enters contents as bought with an order, unless 14 days have passed since."""
    until = order.at + LASTS
    if until <= at:
        return
    lines = bought.get(cart_id, [])
    there = {
        line.content for line in lines if (line.order_id, line.order_at) == (order.id, order.at)
    }
    lines = lines + [
        BoughtLine(product, variant, quantity, order.id, order.at, until)
        for product, variant, quantity in contents
        if (product, variant, quantity) not in there
    ]
    if lines:
        bought[cart_id] = lines


def show(bought: Bought, cart_id: str, shown: Contents, at: int) -> None:
    """Keeps the bought lines among the contents of a summary for 14 days from now."""
    there = set(shown)
    for line in bought.get(cart_id, ()):
        if at < line.until and (line.product_id, line.variant_id, line.quantity) in there:
            line.until = at + LASTS


def keep_only(bought: Bought, cart_id: str, shown: Contents) -> None:
    """Drops bought lines that a later cart does not have in this quantity."""
    there = set(shown)
    kept = [line for line in bought.get(cart_id, ()) if line.content in there]
    _set(bought, cart_id, kept)


def take_back(bought: Bought, order: OrderEntry) -> None:
    """Drops the lines that were bought with an order."""
    for cart_id, lines in list(bought.items()):
        own = order.id, order.at
        _set(bought, cart_id, [line for line in lines if (line.order_id, line.order_at) != own])


def lapse(bought: Bought, at: int) -> None:
    """Drops lines that are no longer bought at `at`."""
    lapsed = []
    for cart_id, lines in bought.items():
        for line in lines:
            if line.until <= at:
                lapsed.append(cart_id)
                break
    for cart_id in lapsed:
        _set(bought, cart_id, [line for line in bought[cart_id] if at < line.until])


def _set(bought: Bought, cart_id: str, lines: list[BoughtLine]) -> None:
    if lines:
        bought[cart_id] = lines
    else:
        bought.pop(cart_id, None)
