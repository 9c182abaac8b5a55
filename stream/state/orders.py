"""The orders of a visitor's or a person's record, the last entered last. Source: docs/semantics.md, 3."""

from typing import Final

from msgspec import Struct

from schemas import names_nobody
from stream import limits
from stream.state.cart import NEVER, Contents
from stream.state.whole_order import WholeOrder

COMPARED_ORDERS: Final = 64
"""A repeated order is one of the last entered, so many of them."""


OLD, OWN, LINED, CURRENCY = 1, 2, 4, 8
"""Marks of an order in a person's record: it is old; it opens there, or would if it were not old; it has lines;
it has a currency."""


class OrderEntry(Struct, array_like=True, gc=False):
    """An order in a record. Of a visitor it is `whole`; of a person there are `value`, `day` (if it is not `at`) and
    `marks`, and `whole` of one alone that recurred before and says another value now: `value` is that of then."""

    id: str
    at: int
    recurring: bool = False
    whole: WholeOrder | None = None
    value: float | None = None
    day: int = NEVER
    marks: int = 0

    @property
    def worth(self) -> float | None:
        """The value of the order itself; `value` is what it adds to what a person has spent."""
        return self.value if self.whole is None else self.whole.value

    @property
    def opens(self) -> bool:
        """Whether it opened what orders open, where it is in the record."""
        return self.marks & (OWN | OLD) == OWN


class HandedOrder(Struct, array_like=True, gc=False, omit_defaults=True):
    """An order that a `visitor.identified` hands over, with the cart that it emptied, if that is known."""

    id: str
    at: int
    recurring: bool = False
    cart_id: str | None = None
    contents: Contents | None = None
    whole: WholeOrder | None = None


def repeated(orders: list[OrderEntry], id: str, at: int) -> OrderEntry | None:
    """The order that an order placed at `at` repeats; of an id of nobody only one of the same time."""
    for entry in reversed(orders[-COMPARED_ORDERS:]):
        if entry.id == id and (entry.at == at or not names_nobody(id)):
            return entry
    return None


def enter_order(orders: list[OrderEntry], id: str, at: int, recurring: bool = False) -> bool:
    """Enters an order into a record; False if it does nothing but count: it recurs, or is there already.

    A recurring order that is placed again without that mark becomes an order of this time.
    """
    found = repeated(orders, id, at)
    if found is not None:
        if recurring or not found.recurring:
            return False
        orders.remove(found)
    orders.append(OrderEntry(id, at, recurring))
    if len(orders) > limits.MOST_ORDERS:
        del orders[0]
    return not recurring


def take_back(
    orders: list[OrderEntry], id: str, window: tuple[int, int] | None = None
) -> list[OrderEntry]:
    """Takes an order out of a record, in a window [from, until) if one is given; gives what left it.

    An id of nobody means the latest order of this id.
    """
    found = [entry for entry in orders if entry.id == id]
    if len(found) > 1 and names_nobody(id):
        found = [max(found, key=lambda entry: entry.at)]
    if window is not None:
        found = [entry for entry in found if window[0] <= entry.at < window[1]]
    for entry in found:
        orders.remove(entry)
    return found
