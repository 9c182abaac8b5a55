"""A person's record for the kinds that follow a customer's life. Source: docs/semantics-life.md, 12 and 13.

Times are in ms, NEVER (-1) for what has not happened. A person has no such record until it is needed.
"""

from hashlib import sha256
from typing import Final

from msgspec import Struct

from stream import limits
from stream.state.cart import NEVER
from stream.state.whole_order import OrderLine, WholeOrder

KEPT_PURCHASES: Final = 5
"""Purchases kept of one product: the last ones."""
KEPT_PRODUCTS: Final = 100


class Course(Struct, array_like=True, gc=False):
    """The fields of a life episode that other episodes do not have.

    `base`: the time from which its steps count, NEVER while it waits for a delivery · `ends`: when that
    wait ends, NEVER if it does not wait · `order_id`, `order_at`: of the order that it is about · `order`:
    what a post-purchase trigger shows · `line`: the product of a replenishment · `channels`: those of a
    subscription.
    """

    base: int = NEVER
    ends: int = NEVER
    order_id: str = ""
    order_at: int = NEVER
    order: WholeOrder | None = None
    line: OrderLine | None = None
    channels: list[str] = []


class Purchase(Struct, array_like=True, gc=False):
    """A product in one order.

    `units`: how many · `at`: the order's time, if it differs from its day · `line`: index of its data in
    `Purchases.lines`.
    """

    order_id: str
    day: int
    units: float
    at: int = NEVER
    line: int = 0

    @property
    def ordered_at(self) -> int:
        return self.day if self.at == NEVER else self.at


class Purchases(Struct, array_like=True, gc=False):
    """The last purchases of one product, by day, then as entered. `lines`: their data, equal ones once."""

    all: list[Purchase] = []
    lines: list[OrderLine] = []


class Interest(Struct, array_like=True, gc=False):
    """The times of the last view and purchase of a category or product that an audience names."""

    viewed: int = NEVER
    bought: int = NEVER


class Life(Struct, array_like=True, gc=False):
    """The record.

    `memory`: marks of finished life episodes · `welcomed`: recipes whose only episode the person has had ·
    `audiences`: the time of entering, by audience · `changes`: how often it entered or left one · `bound`:
    the next time at which it may do so without a fact · `interests`: by name, see Named · `spent`: the
    value of orders for which the record had no room.
    """

    memory: list[int] = []
    welcomed: list[str] = []
    purchases: dict[str, Purchases] = {}
    audiences: dict[str, int] = {}
    changes: int = 0
    bound: int = NEVER
    interests: dict[str, Interest] = {}
    spent: float = 0.0


def mark_of(recipe: str, origin: str, key_time: int) -> int:
    """The number (32 bits of a hash) by which a person remembers an episode."""
    digest = sha256(f"{recipe}|{origin}|{key_time}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def remember(life: Life, mark: int) -> None:
    if mark not in life.memory:
        life.memory.append(mark)
        del life.memory[: -limits.MOST_REMEMBERED]
