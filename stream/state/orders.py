"""The orders of a visitor's or a person's record, the last entered last. Source: docs/semantics.md, 3."""

from typing import Final

from msgspec import Struct

from stream import limits
from stream.state.cart import Contents

COMPARED_ORDERS: Final = 10


class OrderEntry(Struct, array_like=True, gc=False):
    id: str
    at: int


class HandedOrder(Struct, gc=False, omit_defaults=True):
    """An order in visitor.identified; `contents`: what it emptied."""

    id: str
    at: int
    recurring: bool = False
    cart_id: str | None = None
    contents: Contents | None = None


def enter_order(orders: list[OrderEntry], id: str, at: int) -> bool:
    """Enters an order into a record; False, and nothing changes, if it is one of the 10 last entered."""
    if any(entry.id == id for entry in orders[-COMPARED_ORDERS:]):
        return False
    orders.append(OrderEntry(id, at))
    if len(orders) > limits.MOST_ORDERS:
        del orders[0]
    return True


def take_back(orders: list[OrderEntry], id: str) -> None:
    orders[:] = [entry for entry in orders if entry.id != id]
