"""What few visitors and persons have: watches, and what recipes in time leave. Source: docs/semantics-life.md, 14 and 15.

A state without any of it holds None in its place, which is not written down. Times in ms, NEVER (-1) for what has not
happened.
"""

from math import fsum
from typing import Final

from msgspec import Struct

from stream import limits
from stream.state.cart import NEVER

NO_OFFSET: Final = -1
"""Before the offset of every step."""


class Attributed(Struct, array_like=True, gc=False):
    """What a watch is about, as a fact tells it: `held`: by the holdout · from `at` to `until`."""

    recipe: str
    version: int
    trigger_id: str
    held: bool
    arm: str | None
    at: int
    until: int


class CountedOrder(Struct, array_like=True, gc=False):
    """An order that a watch has counted, and the value that it added."""

    id: str
    at: int
    value: float


class Watch(Struct, array_like=True, gc=False):
    """An open watch of a person. `visitor`: with whom it goes, "" for nobody · `orders`, `value`: of the orders that
    `counted` had no more room for."""

    about: Attributed
    visitor: str = ""
    counted: list[CountedOrder] = []
    orders: int = 0
    value: float = 0.0

    def add(self, id: str, at: int, value: float) -> None:
        """An order was entered, if its time lies in the watch."""
        if not self.about.at < at < self.about.until:
            return
        self.counted.append(CountedOrder(id, at, value))
        if len(self.counted) > limits.MOST_ORDERS:
            first = self.counted.pop(0)
            self.orders += 1
            self.value += first.value

    def take_out(self, id: str, at: int) -> None:
        """An order has left the record."""
        self.counted = [each for each in self.counted if (each.id, each.at) != (id, at)]

    @property
    def total(self) -> tuple[int, float]:
        """How many orders, and their value, rounded to 2 places."""
        values = [each.value for each in self.counted]
        return self.orders + len(values), round(fsum([self.value, *values]), 2)


class Renumbered(Struct, array_like=True, gc=False):
    """What of an episode's steps is not its recipe's: the number of the last one that a former document decided, its
    offset, and that of the last one that fired · `watched`: a step has reached guard 8."""

    number: int = 0
    offset: int = NO_OFFSET
    fired: int = NO_OFFSET
    watched: bool = False


class PersonInTime(Struct, array_like=True, gc=False):
    """`looked`: from when the document is in force by which the person was looked at last · `steps`: by the episode's
    mark · `offered`: when a shadow gave its last offer, by its name in states."""

    looked: int = NEVER
    watches: list[Watch] = []
    steps: dict[int, Renumbered] = {}
    offered: dict[str, int] = {}


class VisitorInTime(Struct, array_like=True, gc=False):
    """`sent`: what was told last, by recipe · `offered`: as of a person."""

    sent: dict[str, Attributed] = {}
    offered: dict[str, int] = {}
