"""Finds the visitor of an event, or the pseudo-visitor of its strongest key; and its keys of identity.

Source: docs/semantics.md, 2 and 11. A pseudo-visitor's name is `~` and a key, and may be longer than an id.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, UnsetType

from stream.events.faults import Unread
from stream.events.parts import Keys
from stream.events.scalars import HASH, SOMEBODY
from stream.events.types import CartUpdated, Event, OrderPlaced

MARK: Final = "~"
CUSTOMER: Final = "customer"
_SORTS: Final = {
    "cart": SOMEBODY,
    "checkout": SOMEBODY,
    CUSTOMER: SOMEBODY,
    "email": HASH,
    "phone": HASH,
}
"""The reader of ids of each sort; the strongest sort first."""


def is_pseudo(visitor: str) -> bool:
    return visitor.startswith(MARK)


def pseudo_key(visitor: str) -> tuple[str, str] | None:
    """(sort, id) of a pseudo-visitor's name; None if it is not of that form."""
    if not is_pseudo(visitor):
        return None
    sort, colon, id = visitor.removeprefix(MARK).partition(":")
    kind = _SORTS.get(sort)
    if not colon or kind is None:
        return None
    try:
        return sort, str(kind.read(id))
    except Unread:
        return None


def derived(document: Mapping[str, Any]) -> str | None:
    """The pseudo-visitor of an event without a visitor, from its readable keys. None without any."""
    keys = document.get("keys") or {}
    cart = (document.get("cart") or {}).get("id")
    order = (document.get("order") or {}).get("cart_id")
    return _strongest(
        keys.get("cart") or cart or order,
        keys.get("checkout"),
        document.get(CUSTOMER),
        keys.get("email"),
        keys.get("phone"),
    )


def of_keys(event: Event) -> str | None:
    """Like `derived`, for an event that was decoded without a fault."""
    keys = Keys() if event.keys is UNSET else event.keys
    cart = keys.cart
    if type(event) is CartUpdated:
        cart = cart or event.cart.id
    elif type(event) is OrderPlaced:
        cart = cart or event.order.cart_id
    return _strongest(cart, keys.checkout, event.customer, keys.email, keys.phone)


def _strongest(*ids: str | UnsetType | None) -> str | None:
    """The pseudo-visitor of the first id that is set, in the order of _SORTS."""
    return next((f"{MARK}{sort}:{id}" for sort, id in zip(_SORTS, ids, strict=True) if id), None)


def keys_of(event: Event) -> list[str]:
    """The keys that an event binds, in their order."""
    found: dict[str, None] = {}
    if is_pseudo(event.visitor) and not event.reading.derived:
        own = pseudo_key(event.visitor)
        if own is not None and own[0] != CUSTOMER:
            found[f"{own[0]}:{own[1]}"] = None
    given = event.keys
    if given is not UNSET:
        for sort in ("cart", "checkout", "email", "phone"):
            id = getattr(given, sort)
            if id is not UNSET:
                found[f"{sort}:{id}"] = None
    if type(event) is CartUpdated and event.cart.id is not UNSET:
        found[f"cart:{event.cart.id}"] = None
    return list(found)


def customer_of(event: Event) -> str | None:
    """The customer of an event, or that of its pseudo-visitor."""
    if type(event.customer) is str:
        return event.customer
    own = pseudo_key(event.visitor)
    return own[1] if own is not None and own[0] == CUSTOMER else None


def visitor_of(event: Event) -> str:
    """The visitor, or the pseudo-visitor: the record's key."""
    return event.visitor
