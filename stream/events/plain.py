"""Whether the names in an event that was decoded fast are names of somebody. If not, it is read field by field."""

from typing import Final

from msgspec import UNSET

from schemas import somebody
from stream.events import owner
from stream.events.types import (
    LEAVES,
    CartUpdated,
    ConsentChanged,
    Event,
    OrderPlaced,
    PaymentFailed,
    VisitorIdentified,
    VisitorSubscribed,
)


def is_named(event: Event) -> bool:
    """Whether the visitor of an event that was decoded fast is somebody."""
    return somebody(event.visitor) and event.visitor[0] != owner.MARK


def is_plain(event: Event) -> bool:
    """Whether every other name in it is the name of somebody."""
    customer, keys, kind = event.customer, event.keys, type(event)
    if event.aside is not None:
        return False
    if customer is not UNSET and not (kind in LEAVES if customer is None else somebody(customer)):
        return False
    if keys is not UNSET:
        for id in (keys.cart, keys.checkout, keys.email, keys.phone):
            if id is not UNSET and not somebody(id):
                return False
    if kind is CartUpdated:
        id = event.cart.id  # type: ignore[attr-defined]
        return id is UNSET or somebody(id)
    return kind not in _TO_ASK or _plain_body(event)


_GRANTS: Final = (ConsentChanged, VisitorSubscribed)
_TO_ASK: Final = frozenset((OrderPlaced, PaymentFailed, VisitorIdentified, *_GRANTS))


def _plain_body(event: Event) -> bool:
    """The same for an order; and whether an identity says who it is, and a consent names its channels."""
    if type(event) is OrderPlaced:
        order = event.order
        return 0 < len(order.id) <= 128 and (order.cart_id is UNSET or somebody(order.cart_id))
    if type(event) is PaymentFailed:
        return event.order is UNSET or event.order.id is UNSET or somebody(event.order.id)
    if isinstance(event, _GRANTS):
        return len(event.channels) > 0
    return event.customer is not UNSET
