"""Checks the names in an event that was decoded fast. If one is a name of nobody, the event is read field by field."""

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
    """Whether the visitor of the event is not a name of nobody."""
    return somebody(event.visitor) and event.visitor[0] != owner.MARK


def is_plain(event: Event) -> bool:
    """Whether no other name in the event is a name of nobody."""
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
    """Like `is_plain`, for the body: of an order; of an identity, which must name somebody; of a consent, which must name
    channels."""
    if type(event) is OrderPlaced:
        order = event.order
        return 0 < len(order.id) <= 128 and (order.cart_id is UNSET or somebody(order.cart_id))
    if type(event) is PaymentFailed:
        return event.order is UNSET or event.order.id is UNSET or somebody(event.order.id)
    if isinstance(event, _GRANTS):
        return len(event.channels) > 0
    return event.customer is not UNSET
