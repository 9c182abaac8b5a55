"""Triggers and cancels as CloudEvents 1.0 in structured JSON. Source: docs/semantics.md, 8.

The bytes depend on the log only: fields have the order of these classes, and times come from deadlines.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from stream.outputs import snapshots
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import CancelReason
from stream.outputs.snapshots import CartSnapshot, OrderedProduct, OrderSnapshot, Product
from stream.recipes.aliases import is_shadow, name_of
from stream.recipes.recipe import Recipe
from stream.state.view import View
from stream.state.visitor import Published

FIRED: Final = "storefront.trigger.fired.v1"
CANCELLED: Final = "storefront.trigger.cancelled.v1"

_EPOCH: Final = datetime(1970, 1, 1)  # UTC; an aware datetime would be written with +00:00
_LAST: Final = 253_402_300_799_999
"""The last ms of the year 9999. RFC 3339 cannot write a later time."""


class Fired(Struct):
    """The data of a trigger. Times are in ms.

    `value`: in the cart's currency, None if there is more than one · `visitor` None: no visitor caused it.
    UNSET fields are absent; the last ones belong to single life kinds.
    """

    trigger_id: str
    recipe: str
    version: int
    step: int
    steps: int
    message: int
    sub_kind: str | None
    person: str
    customer: str | None
    visitor: str | None
    channels: list[str]
    cart: CartSnapshot | None
    product: Product | OrderedProduct | UnsetType | None
    value: float | None
    offer: str | None
    arm: str | None
    not_before: int
    valid_until: int
    why: dict[str, Any]
    evidence: list[str]
    order: OrderSnapshot | UnsetType = UNSET
    also: list[OrderedProduct] | UnsetType = UNSET
    audience: str | UnsetType = UNSET


class Cancelled(Struct):
    trigger_id: str
    recipe: str
    step: int
    person: str
    reason: CancelReason
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


def fire(data: Fired, out: Outputs, *, shadow: bool = False) -> None:
    """Publishes a trigger. It fires at its `not_before`."""
    _publish(data, data.trigger_id, FIRED, data.not_before, out, shadow)


def cancel(
    published: Published, at: int, reason: CancelReason, order_id: str | None, out: Outputs
) -> None:
    """Publishes a cancel for a trigger that is valid at `at` (ms)."""
    data = Cancelled(
        published.trigger_id,
        name_of(published.recipe),
        published.step,
        published.person,
        reason,
        order_id,
        at,
    )
    id = f"{data.trigger_id}/cancelled"
    _publish(data, id, CANCELLED, at, out, is_shadow(published.recipe))


def cancel_all(
    published: Iterable[Published],
    at: int,
    reason: CancelReason,
    order_id: str | None,
    out: Outputs,
) -> None:
    """Cancels every trigger that is still valid at `at` (ms)."""
    for each in published:
        if at < each.valid_until:
            cancel(each, at, reason, order_id, out)


def cancel_withdrawn(
    published: Iterable[Published], consent: Mapping[str, bool], at: int, out: Outputs
) -> list[Published]:
    """Cancels the triggers that have no consented channel left. Returns the other valid ones."""
    valid = [each for each in published if at < each.valid_until]
    lost = [each for each in valid if all(consent.get(name) is False for name in each.channels)]
    for each in lost:
        cancel(each, at, "consent", None, out)
    return [each for each in valid if each not in lost]


def _publish(
    data: Fired | Cancelled, id: str, kind: str, at: int, out: Outputs, shadow: bool
) -> None:
    source, happened = f"/triggers/{data.recipe}", "fired" if kind == FIRED else "cancelled"
    event = CloudEvent("1.0", id, source, kind, data.person, rfc3339(at), "application/json", data)
    if shadow:
        out.shadow.append((data.recipe, data.person, at, _encode(event)))
        out.counts["shadow", happened, data.recipe] += 1
        return
    out.triggers.append((data.recipe, data.person, _encode(event)))
    out.counts["triggers", happened, data.recipe] += 1
    out.moments.append((happened, at))


@lru_cache(maxsize=1024)
def rfc3339(at: int) -> str:
    """`at` (ms) as 2026-01-31T12:00:00.000Z. A time after the year 9999 is written as its last ms."""
    minutes, ms = divmod(min(at, _LAST), 60_000)
    return f"{_minute(minutes)}:{ms // 1000:02}.{ms % 1000:03}Z"


@lru_cache(maxsize=64)
def _minute(minutes: int) -> str:
    """A time in minutes as 2026-01-31T12:00."""
    return (_EPOCH + timedelta(minutes=minutes)).isoformat(timespec="minutes")


def build(
    recipe: Recipe,
    published: Published,
    at: int,
    *,
    message: int,
    sub_kind: str | None,
    visitor: str | None,
    cart: CartSnapshot | None,
    shown: View | None,
    offer: str | None,
    why: dict[str, Any],
    evidence: list[str],
) -> Fired:
    """The data of an episode's trigger that fires at `at` (ms). Without a cart its value is the product's price."""
    person = published.person
    return Fired(
        trigger_id=published.trigger_id,
        recipe=recipe.name,
        version=recipe.version,
        step=published.step,
        steps=len(recipe.steps),
        message=message,
        sub_kind=sub_kind,
        person=person,
        customer=person.removeprefix("customer:") if person.startswith("customer:") else None,
        visitor=visitor,
        channels=published.channels,
        cart=cart,
        product=snapshots.product(shown),
        value=cart.value if cart is not None else (shown.price if shown else None) or 0.0,
        offer=offer,
        arm=recipe.arm(person),
        not_before=at,
        valid_until=published.valid_until,
        why=why,
        evidence=evidence,
    )
