"""The record of orders of a visitor or a person, in the order of entering. Source: docs/semantics.md, 3."""

from typing import Final

from msgspec import Struct

from schemas import names_nobody
from stream import limits
from stream.state.cart import NEVER, Contents
from stream.state.whole_order import WholeOrder

COMPARED_ORDERS: Final = 64
"""An order is repeated if it is among the last this many that were entered."""


OLD, OWN, LINED, CURRENCY = 1, 2, 4, 8
"""Bits of `OrderEntry.marks`, in a person's record. OLD: it is older than the service · OWN: it opens
episodes there, unless it is old · LINED: it has lines · CURRENCY: it has a currency."""


class OrderEntry(Struct, array_like=True, gc=False):
    """An order in a record.

    A visitor's record has it `whole`. A person's record has `value`, `day` (if it differs from `at`) and
    `marks`. It has `whole` too for an order that was recurring and has another value now: `value` is then
    the former one.
    """

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
        """Whether it may open episodes, for the person whose record this is."""
        return self.marks & (OWN | OLD) == OWN


class HandedOrder(Struct, array_like=True, gc=False, omit_defaults=True):
    """An order that a change of person hands over, with the cart that it emptied, if that is known."""

    id: str
    at: int
    recurring: bool = False
    cart_id: str | None = None
    contents: Contents | None = None
    whole: WholeOrder | None = None


def repeated(orders: list[OrderEntry], id: str, at: int) -> OrderEntry | None:
    """The order that one placed at `at` (ms) repeats. With an id of nobody it must have the same time."""
    for entry in reversed(orders[-COMPARED_ORDERS:]):
        if entry.id == id and (entry.at == at or not names_nobody(id)):
            return entry
    return None


def enter_order(
    orders: list[OrderEntry], before: OrderEntry | None, id: str, at: int, recurring: bool = False
) -> tuple[OrderEntry, bool]:
    """Enters an order into a record. `before`: the order that it repeats, as `repeated` finds it.

    Returns the record's entry, and False if the order only counts: it is recurring, or repeated. A recurring order that
    is placed again without that mark becomes an order of this time.
    """
    if before is not None:
        if recurring or not before.recurring:
            return before, False
        orders.remove(before)
    entry = OrderEntry(id, at, recurring)
    orders.append(entry)
    if len(orders) > limits.MOST_ORDERS:
        del orders[0]
    return entry, not recurring


def take_back(
    orders: list[OrderEntry], id: str, window: tuple[int, int] | None = None
) -> list[OrderEntry]:
    """Takes an order out of a record. Returns it, None if it is not there.

    A window [from, until) in ms, if given, must contain its time.

    An id of nobody means the latest order of this id.
    """
    found = [entry for entry in orders if entry.id == id]
    if found and names_nobody(id):
        found = [max(found, key=lambda entry: entry.at)]
    if window is not None:
        found = [entry for entry in found if window[0] <= entry.at < window[1]]
    for entry in found:
        orders.remove(entry)
    return found
