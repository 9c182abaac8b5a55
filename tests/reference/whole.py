"""Semantics of life, 12: orders with all their data, and the parts that a repetition adds."""

from typing import Any

from tests.reference.cart import Cart, value
from tests.reference.events import Event
from tests.reference.orders import Order
from tests.reference.times import DAY

Line = dict[str, Any]


def is_old(event: Event, at: int) -> bool:
    sent = event.client_time
    return event.body.get("imported", False) or (sent is not None and sent < at - DAY)


def given_lines(given: dict[str, Any]) -> list[Line]:
    """The readable lines of `order.items`; equal ones are merged as in a cart.updated."""
    cart = Cart("-")
    currency = given.get("currency") or None
    items = given.get("items", [])
    cart.updated({"items": [dict(each) for each in items], "currency": currency}, 0)
    return list(cart.lines.values())


def tell(order: Order, event: Event, person: str, emptied: list[Line], at: int) -> None:
    """Fills an order from its event."""
    given = event.body["order"]
    order.items = given_lines(given) or list(emptied)
    order.currency = given.get("currency") or None
    order.value = given["value"] if "value" in given else worth(order.items)
    order.old = is_old(event, at)
    order.day = at if event.client_time is None else min(at, event.client_time)
    order.whose, order.visitor = person, event.owner.visitor


def worth(lines: list[Line]) -> float | None:
    """The value of lines; None if none has a price or their currencies differ."""
    if not any("price" in line for line in lines):
        return None
    return value(lines)


def brings(record: Order, repeated: Order) -> Order | None:
    """Adds the parts that a repetition has and the record lacks; returns them, None if there are none."""
    parts = Order(repeated.id, record.time, visitor=repeated.visitor)
    if record.value is None and repeated.value is not None:
        record.value = parts.value = repeated.value
    if record.currency is None and repeated.currency is not None:
        record.currency = parts.currency = repeated.currency
    if not record.items and repeated.items:
        record.items = parts.items = repeated.items
    if parts.value is None and parts.currency is None and not parts.items:
        return None
    return parts
