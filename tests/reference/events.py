"""Sections 2 and 10: reads lines as events with their times."""

import json
from dataclasses import dataclass
from typing import Any

from tests.reference import reading
from tests.reference.bodies import BODIES, Invalid
from tests.reference.owners import Owner, owner

CART = {"cart.updated", "cart.item_added", "cart.item_removed"}
CHECKOUT = {"checkout.started", "checkout.advanced", "payment.failed"}
SHOP = CART | CHECKOUT
LOOKS = {"page.viewed", "product.viewed", "category.viewed", "search.performed"}
ENGAGED = SHOP | LOOKS | {"activity.pinged"}
OF_SOMEBODY_PRESENT = LOOKS | {"activity.pinged", "exit.signal"}
"""Event types ignored for a pseudo-visitor."""
EVEN_IF_LATE = {"order.placed", "order.cancelled", "consent.changed", "visitor.identified"}
EVEN_IF_LATE |= {"visitor.subscribed", "order.delivered", "person.erased"}
_LARGEST = 64 * 1024
_LARGEST_CART = 256 * 1024


@dataclass
class Event:
    id: str
    type: str
    owner: Owner
    client_time: int | None
    body: dict[str, Any]


def read(line: bytes | str) -> tuple[int | None, Event | None]:
    """The time of a line (None: none) and its event (None: invalid)."""
    raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_int=_integer)
    except (Invalid, ValueError, RecursionError):
        return None, None
    time = reading.whole(document.get("t")) if isinstance(document, dict) else None
    if time is None or time < 0:
        return None, None
    try:
        return time, event(document, len(raw.rstrip(b"\r\n")))
    except Invalid:
        return time, None


def event(document: dict[str, Any], size: int) -> Event:
    """The event of a document of `size` bytes. Raises Invalid, also for an unknown type."""
    id_, kind = reading.identifier(document.get("id")), document.get("type")
    if id_ is None or not isinstance(kind, str) or kind not in BODIES:
        raise Invalid("id or type")
    if size > (_LARGEST_CART if kind == "cart.updated" else _LARGEST):
        raise Invalid("size")
    body = BODIES[kind](document | {"id": id_})
    whose = owner(document, body)
    if whose is None:
        raise Invalid("owner")
    if kind == "visitor.identified":
        addresses = [key for key in whose.keys if key.startswith(("email:", "phone:"))]
        if whose.customer is None and not whose.customer_null and not addresses:
            raise Invalid("customer or keys")
    return Event(id_, kind, whose, reading.client_time(document.get("client_time")), body)


def _refuse(name: str) -> None:
    raise Invalid(name)


def _integer(digits: str) -> int | float:
    """An integer; one with thousands of digits becomes out of range, and no readable id."""
    return int(digits) if len(digits) <= 4000 else float(digits)
