"""The last step for every source: checks trust, cart authority and owners, and takes addresses out.

Source: docs/connect.md, 2.4, 2.8, 7.5; docs/semantics.md, 11.
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from stream.connect.contact import hidden, is_address, names_an_address, phone_number
from stream.connect.ids import digest
from stream.connect.lost import LOST, NO_ADDRESS, PARTS
from stream.connect.sizes import encode, fitted, is_too_large
from stream.connect.source import Source
from stream.connect.translation import LeftOut, Translation, compact

NEEDS_A_VISITOR: Final = frozenset(
    {
        "page.viewed",
        "product.viewed",
        "category.viewed",
        "search.performed",
        "activity.pinged",
        "exit.signal",
    }
)
"""Types of events that mean nothing without a visitor."""

IDS: Final = frozenset(
    {"id", "visitor", "customer", "product_id", "variant_id", "cart_id", "cart", "checkout"}
)
"""Fields that hold an id. `cart` and `checkout` hold one inside `keys`."""

PERSONAL: Final = ("customer", "contacts", "traits", "time_zone")
OWN_KEYS: Final = frozenset({"cart", "checkout"})
"""Keys that a browser may send: knowing a cart's id proves that one has the cart."""

GIVEN: Final = frozenset({"visitor.subscribed", "person.erased"})
"""Types that a browser may not send."""

ABOUT_PEOPLE: Final = frozenset({"visitor.identified", "consent.changed"}) | GIVEN
NO_VISITOR: Final = "no_visitor"
OTHERS: Final = ("~customer:", "~email:", "~phone:")
"""Prefixes of the pseudo-visitors that a browser may not name."""


def finish(translation: Translation, source: Source, shift: int = 0) -> Translation:
    """The translation, checked and cleaned. `shift`: how long a record lay in the source's topic (ms)."""
    done = Translation(left_out=translation.left_out, refused=translation.refused)
    for event in translation.events:
        _report_lost(event, source, done)
        kept = _allowed(event, source, done)
        if kept is not None and _has_a_place(kept, source, done):
            if shift > 0 and "client_time" in kept:
                kept["client_time"] += shift
            done.events.append(_ready(kept, source, done))
    return done


def _ready(event: dict[str, Any], source: Source, done: Translation) -> dict[str, Any]:
    """The event without addresses, and small enough. Encoding it costs less than to look for an @ in every part."""
    if names_an_address(event.get("visitor")):
        event = {**event, "visitor": _visitor(event["visitor"], source)}
    try:
        written = encode(event)
    except UnicodeEncodeError:
        return _clean(event)
    clean = _clean(event) if b"@" in written or b"%40" in written else event
    return fitted(clean, done) if is_too_large(event, len(written)) else clean


def _visitor(name: str, source: Source) -> str:
    """A visitor's id that is an address, as its keyed hash: without the key a list of numbers would give it away."""
    kind, address = ("email", name) if is_address(name) else ("phone", phone_number(name))
    return (source.key_of(kind, unquote(address)) if address else None) or digest(name)


def _clean(event: dict[str, Any]) -> dict[str, Any]:
    return {name: _without_addresses(value, name) for name, value in event.items()}


def _report_lost(event: dict[str, Any], source: Source, done: Translation) -> None:
    """Reports the values of an event that could not be read, and removes their list from each part."""
    for name in PARTS:
        part = event.get(name)
        if part is not None and LOST in part:
            for place, reason in part.pop(LOST):
                done.leave_out(event["type"], reason, f"$.{name}.{place}")
            if not part:
                del event[name]
    for place, reason in event.pop(LOST, ()):
        done.leave_out(event["type"], reason, f"$.{place}")
    keys = event.get("keys")
    if keys is not None and (LOST in keys or not keys):
        for name in keys.pop(LOST, "").split():
            reason = NO_ADDRESS if source.trust == "server" else "untrusted"
            done.leave_out(event["type"], reason, f"$.keys.{name}")
        if not keys:
            del event["keys"]


def _allowed(event: dict[str, Any], source: Source, done: Translation) -> dict[str, Any] | None:
    """The event without the parts that its source may not send. None if nothing is left."""
    if source.trust == "server" or _is_about_itself(event):
        return event
    if event["type"] in GIVEN or (event["type"] == "consent.changed" and event.get("granted")):
        done.leave_out(event["type"], "untrusted")
        return None
    kept = {name: value for name, value in event.items() if name not in PERSONAL}
    if str(kept.get("visitor", "")).startswith(OTHERS):
        del kept["visitor"]
        done.leave_out(event["type"], "untrusted", "$.visitor")
    keys = {name: key for name, key in mapping_of(event, "keys").items() if name in OWN_KEYS}
    lost: list[str] = [name for name in PERSONAL if name in event]
    lost += [f"keys.{name}" for name in mapping_of(event, "keys") if name not in OWN_KEYS]
    for name in lost:
        done.leave_out(event["type"], "untrusted", f"$.{name}")
    return None if event["type"] == "visitor.identified" else compact(**{**kept, "keys": keys})


def _is_about_itself(event: dict[str, Any]) -> bool:
    """Whether a browser may send all parts of the event."""
    return (
        event["type"] not in ABOUT_PEOPLE
        and event.keys().isdisjoint(PERSONAL)
        and mapping_of(event, "keys").keys() <= OWN_KEYS
        and not str(event.get("visitor", "")).startswith(OTHERS)
    )


def _has_a_place(event: dict[str, Any], source: Source, done: Translation) -> bool:
    kind = event["type"]
    if kind.startswith("cart.") and not source.cart_authority:
        done.leave_out(kind, "no_cart_authority")
        return False
    if "visitor" not in event and (kind in NEEDS_A_VISITOR or not _owned(event)):
        done.leave_out(kind, NO_VISITOR)
        return False
    return True


def orders_of_nobody(left_out: Iterable[LeftOut]) -> int:
    """The number of orders that were left out because they name nobody. No reminder ends by them."""
    return sum(each.reason == NO_VISITOR and each.name == "order.placed" for each in left_out)


def _owned(event: dict[str, Any]) -> bool:
    named = mapping_of(event, "order").get("cart_id"), mapping_of(event, "cart").get("id")
    return "customer" in event or bool(event.get("keys")) or any(named)


def mapping_of(event: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = event.get(name, {})
    return found


def _without_addresses(node: Any, name: str = "") -> Any:
    """The event without e-mail addresses in its texts. An id with an @ is hashed."""
    kind = type(node)
    if kind is str:
        if "@" in node or "%40" in node:
            return digest(node) if name in IDS else hidden(node)
        return node
    if kind is dict:
        return {key: _without_addresses(value, key) for key, value in node.items()}
    return [_without_addresses(value) for value in node] if kind is list else node
