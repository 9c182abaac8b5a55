"""Sections 2, 3 and 6: a record of orders, of a visitor or of a person."""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.reference.reading import nobody

REMEMBERED = 64
Contents = list[dict[str, object]]


@dataclass(eq=False)
class Order:
    """An order. `lines`: those removed from the visitor's cart; `cart_id`: that cart (section 6)."""

    id: str
    time: int
    recurring: bool = False
    cart_id: str | None = None
    lines: Contents = field(default_factory=list)
    unpaid: bool = False
    value: float | None = None
    currency: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    old: bool = False
    day: int = 0
    whose: str = ""
    visitor: str = ""
    """The visitor of its event."""
    withheld: bool = False
    opened: bool = False
    counts: bool = False
    """At a person: it counts as a purchase. At a key: it was sent to a known owner."""

    kept_value: float | None = None
    """Its value as a recurring order."""

    def worth(self) -> float | None:
        return self.value if self.kept_value is None else self.kept_value


@dataclass(frozen=True)
class Window:
    """The times of the orders that a failed payment can refer to (section 3)."""

    start: int
    end: int
    end_included: bool

    def holds(self, time: int) -> bool:
        return self.start <= time < self.end or (self.end_included and time == self.end)


@dataclass
class Orders:
    record: list[Order] = field(default_factory=list)
    ever: list[Order] = field(default_factory=list)

    def worth(self) -> float:
        """The value of all orders in the record."""
        return math.fsum(order.worth() or 0 for order in self.record)

    def same(self, new: Order) -> Order | None:
        """The order with this id among the 64 last entered; without an id, one of the same time."""
        for order in reversed(self.record[-REMEMBERED:]):
            if order.id == new.id and (order.time == new.time or not nobody(new.id)):
                return order
        return None

    def repetition_of(self, new: Order) -> Order | None:
        """The order that `new` repeats; a recurring order placed again as not recurring is no repetition."""
        before = self.same(new)
        return None if before is None or (before.recurring and not new.recurring) else before

    def enter(self, new: Order) -> None:
        """Enters a new order; one counted before as recurring is not counted again."""
        before = self.same(new)
        if before is not None:
            self.record.remove(before)
        self.record.append(new)
        self.ever.append(new)

    def cancel(self, id_: str) -> list[Order]:
        """Removes an order from the record; without an id the latest such order."""
        gone = [order for order in self.record if order.id == id_]
        if nobody(id_):
            gone = sorted(gone, key=lambda order: order.time)[-1:]
        self.record = [order for order in self.record if order not in gone]
        return gone

    def meant(self, id_: str) -> Order | None:
        """The order with this id in the record, else the latest one ever."""
        for orders in (self.record, self.ever):
            of_id = [order for order in orders if order.id == id_]
            if of_id:
                return max(reversed(of_id), key=lambda order: order.time)
        return None

    def mark_unpaid(self, order: Order | None, window: Window) -> bool:
        """Marks the order as unpaid if its time is in the window; returns whether it is."""
        if order is None or not window.holds(order.time):
            return False
        if order in self.record:
            self.record.remove(order)
        order.unpaid = True
        return True

    def last(self) -> Order | None:
        """The latest order ever entered, including cancelled ones, without recurring and unpaid ones."""
        return _latest([each for each in self.ever if not each.unpaid])

    def last_time(self) -> int:
        """The time of the last order, or a time before all others."""
        last = self.last()
        return -1 if last is None else last.time

    def times(self) -> list[int]:
        """The times of the non-recurring orders in the record."""
        return [order.time for order in self.record if not order.recurring]


def _latest(orders: list[Order]) -> Order | None:
    counted = [order for order in orders if not order.recurring]
    return max(reversed(counted), key=lambda order: order.time, default=None)
