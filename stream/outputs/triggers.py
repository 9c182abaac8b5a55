"""Triggers and cancels as CloudEvents 1.0 in structured JSON. Source: docs/semantics.md, 8.

Bytes are a function of the log: the fields stand in the order written here, times come from deadlines.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from stream.outputs.outputs import Outputs
from stream.state.cart import Line
from stream.state.visitor import Published, View

FIRED: Final = "storefront.trigger.fired.v1"
CANCELLED: Final = "storefront.trigger.cancelled.v1"

_EPOCH: Final = datetime(1970, 1, 1)  # UTC throughout; an aware one would write +00:00
_LAST: Final = 253_402_300_799_999
"""The last ms of the year 9999, which is the last that RFC 3339 can write."""


class CartItem(Struct):
    product_id: str
    variant_id: str
    quantity: int
    name: str | None
    category: str | None
    price: float | None
    url: str | None
    image: str | None


class CartSnapshot(Struct):
    id: str
    items: list[CartItem]
    value: float
    currency: str | None
    url: str | None


class Product(Struct):
    id: str
    name: str | None
    category: str | None
    price: float | None
    url: str | None
    image: str | None


class Fired(Struct):
    """Data of a trigger; times in ms, `value` in the cart's currency."""

    trigger_id: str
    recipe: str
    version: int
    step: int
    steps: int
    message: int
    sub_kind: str | None
    person: str
    customer: str | None
    visitor: str
    channels: list[str]
    cart: CartSnapshot | None
    product: Product | None
    value: float
    offer: str | None
    arm: str | None
    not_before: int
    valid_until: int
    why: dict[str, Any]
    evidence: list[str]


class Cancelled(Struct):
    trigger_id: str
    recipe: str
    step: int
    person: str
    reason: str
    order_id: str | None
    at: int


class CloudEvent(Struct):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: Fired | Cancelled


_encode = msgspec.json.Encoder().encode


def fire(data: Fired, out: Outputs) -> None:
    """Publishes a trigger that fires at its `not_before`."""
    _publish(data, data.trigger_id, FIRED, data.not_before, out)
    out.counts["triggers", f"fired:{data.recipe}"] += 1
    out.moments.append(("fired", data.not_before))


def cancel(published: Published, at: int, reason: str, order_id: str | None, out: Outputs) -> None:
    """Publishes that a trigger, still valid at `at`, must not be acted on."""
    data = Cancelled(
        published.trigger_id,
        published.recipe,
        published.step,
        published.person,
        reason,
        order_id,
        at,
    )
    _publish(data, f"{data.trigger_id}/cancelled", CANCELLED, at, out)
    out.counts["triggers", f"cancelled:{data.recipe}"] += 1
    out.moments.append(("cancelled", at))


def _publish(data: Fired | Cancelled, id: str, kind: str, at: int, out: Outputs) -> None:
    source = f"/triggers/{data.recipe}"
    event = CloudEvent("1.0", id, source, kind, data.person, rfc3339(at), "application/json", data)
    out.triggers.append((data.recipe, data.person, _encode(event)))


def rfc3339(at: int) -> str:
    """`at` (ms) as 2026-01-31T12:00:00.000Z; what lies past the year 9999 is written as its last ms."""
    time = _EPOCH + timedelta(milliseconds=min(at, _LAST))
    return time.isoformat(timespec="milliseconds") + "Z"


def cart_items(lines: list[Line]) -> list[CartItem]:
    return [
        CartItem(
            line.product_id,
            line.variant_id,
            line.quantity,
            line.name,
            line.category,
            line.price,
            line.url,
            line.image,
        )
        for line in lines
    ]


def product(view: View | None) -> Product | None:
    if view is None:
        return None
    return Product(view.id, view.name, view.category, view.price, view.url, view.image)
