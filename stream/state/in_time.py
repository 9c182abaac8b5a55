"""Parts of a state that few visitors and persons have: watches, and data of former documents.

Source: docs/semantics-life.md, 14 and 15. Most states have None instead, which is not written to the changelog. Times
are in ms; NEVER (-1) for a time that has not come.
"""

from math import fsum
from typing import Final

from msgspec import Struct

from stream import limits
from stream.state.cart import NEVER

NO_OFFSET: Final = -1
"""Smaller than the offset of any step."""


class Attributed(Struct, array_like=True, gc=False):
    """The subject of a watch. `held`: whether the holdout held it back · `at`, `until`: its begin and end (ms)."""

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
    """An open watch of a person.

    `visitor`: the visitor that it follows to another person, "" for none · `orders`, `value`: number and
    sum of the orders for which `counted` had no room.
    """

    about: Attributed
    visitor: str = ""
    counted: list[CountedOrder] = []
    orders: int = 0
    value: float = 0.0

    def add(self, id: str, at: int, value: float) -> None:
        """Counts an order, if its time is in the watch."""
        if not self.about.at < at < self.about.until:
            return
        self.counted.append(CountedOrder(id, at, value))
        if len(self.counted) > limits.MOST_ORDERS:
            first = self.counted.pop(0)
            self.orders += 1
            self.value += first.value

    def take_out(self, id: str, at: int) -> None:
        """Takes out an order that left the record."""
        self.counted = [each for each in self.counted if (each.id, each.at) != (id, at)]

    @property
    def total(self) -> tuple[int, float]:
        """The number of orders, and their value rounded to 2 places."""
        values = [each.value for each in self.counted]
        return self.orders + len(values), round(fsum([self.value, *values]), 2)


class Renumbered(Struct, array_like=True, gc=False):
    """How an episode's steps differ from those of its recipe.

    `number`, `offset`: of the last step that a former document decided · `fired`: offset of the last one
    that fired · `watched`: whether a step has reached guard 8. Offsets in ms.
    """

    number: int = 0
    offset: int = NO_OFFSET
    fired: int = NO_OFFSET
    watched: bool = False


class PersonInTime(Struct, array_like=True, gc=False):
    """The watches of a person, and what it needs of former documents.

    `looked`: since when the document is in force that last looked at the person (ms) · `steps`: by the
    episode's mark · `offered`: when each shadow gave its last offer (ms), by its name in states.
    """

    looked: int = NEVER
    watches: list[Watch] = []
    steps: dict[int, Renumbered] = {}
    offered: dict[str, int] = {}


class VisitorInTime(Struct, array_like=True, gc=False):
    """The watches of a visitor. `sent`: its last watches, by recipe · `offered`: as in PersonInTime."""

    sent: dict[str, Attributed] = {}
    offered: dict[str, int] = {}
