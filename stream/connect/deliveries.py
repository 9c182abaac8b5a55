"""Helpers for the webhooks of shops: headers, deliveries with several events, and the note with our visitor's id.

Source: docs/connect.md, 1.3.1, 1.4 and 2.2.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import structs

from stream.connect import items, times
from stream.connect.events import Who, event
from stream.connect.ids import client_of, identifier, numbered, shortened
from stream.connect.reading import listing, mapping
from stream.connect.request import Given
from stream.connect.source import Source

NOTE: Final = (
    "_storefront_visitor",
    "storefront_visitor",
    "rudderAnonymousId",
    "_segment-clientID",
    "segment-clientID",
    "_google-clientID",
    "google-clientID",
    "_elevar__ga",
    "_wc_google_analytics_pro_identity",
    "_yoast_gau_uuid",
)
"""Names under which a theme or a plugin notes our visitor's id in an order, the best first: ours; RudderStack's and
Littledata's of Segment, whose anonymous id is the visitor of a source of kind segment; Littledata's, Elevar's, SkyVerge's
and MonsterInsights' of Google Analytics, whose client id is the visitor of a source of kind ga4."""

Body = tuple[str, dict[str, Any]]
"""The type of one of our events, and the fields of its body."""


def header(given: Given, name: str) -> str | None:
    """A header by its name, in any case: a record's headers keep the case of their sender."""
    found = given.headers.get(name)
    if found is None:
        found = next((value for key, value in given.headers.items() if key.lower() == name), None)
    return found or None


def events_of(id: str, who: Who, bodies: list[Body]) -> list[dict[str, Any]]:
    """The events of one delivery. Several get numbered ids."""
    ids = numbered(id, len(bodies))
    return [event(type, name, who, **body) for name, (type, body) in zip(ids, bodies, strict=True)]


def ended_cart(source: Source, id: str, who: Who, ordered: Any) -> list[dict[str, Any]]:
    """The cart of an order, empty as of the order: a cart of before, which may arrive later, has a smaller version.

    `id`: of the order's delivery · `who`: names the cart · `ordered`: when the order was made, in whole seconds.
    """
    name, made = who.keys.get("cart"), times.moment(ordered)
    if name is None or made is None or not source.cart_authority:
        return []
    who = structs.replace(who, visitor=None)
    cart = items.cart(source, [], id=name, version=made + LAST_MS)
    return [event("cart.updated", shortened(f"{id}/cart"), who, cart=cart)]


LAST_MS: Final = 999
"""The last ms of a second."""


def noted_visitor(notes: Any, name: str = "name") -> str | None:
    """Our visitor's id in a list of {`name`, value}, or in an object of names and values."""
    known: Mapping[str, Any] = mapping(notes) or {
        str(mapping(note).get(name)): mapping(note).get("value") for note in listing(notes)
    }
    return next((found for note in NOTE if (found := identifier(client_of(known.get(note))))), None)
