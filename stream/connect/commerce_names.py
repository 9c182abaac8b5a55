"""The names of e-commerce events: the specification's and the shop's own. Source: docs/connect.md, 1.1."""

from collections.abc import Mapping
from typing import Final

from stream.connect.commerce import (
    Row,
    added,
    at_stage,
    cart_cleared,
    cart_updated,
    checkout_advanced,
    checkout_started,
    list_viewed,
    order_cancelled,
    order_delivered,
    order_placed,
    order_refunded,
    page_viewed,
    payment_failed,
    pinged,
    product_viewed,
    removed,
    searched,
    subscribed,
    unknown,
    unneeded,
    unsubscribed,
)
from stream.connect.reading import words
from stream.connect.source import Source

NAMES: Final[Mapping[str, Row]] = {
    "page viewed": page_viewed,
    "product viewed": product_viewed,
    "viewed product": product_viewed,
    "product list viewed": list_viewed,
    "product list filtered": list_viewed,
    "viewed product category": list_viewed,
    "products searched": searched,
    "view search results": searched,
    "search submitted": searched,
    "product added": added,
    "added product": added,
    "product removed": removed,
    "removed product": removed,
    "cart viewed": cart_updated,
    "cart updated": cart_updated,
    "cart cleared": cart_cleared,
    "checkout started": checkout_started,
    "started order": checkout_started,
    "checkout step viewed": checkout_advanced,
    "viewed checkout step": checkout_advanced,
    "checkout step completed": checkout_advanced,
    "completed checkout step": checkout_advanced,
    "checkout contact info submitted": at_stage("contact"),
    "checkout address info submitted": at_stage("contact"),
    "checkout shipping info submitted": at_stage("shipping"),
    "contact info entered": at_stage("contact"),
    "address info entered": at_stage("contact"),
    "shipping info entered": at_stage("shipping"),
    "payment info entered": at_stage("payment"),
    "payment info submitted": at_stage("payment"),
    "order completed": order_placed,
    "completed order": order_placed,
    "pos order placed": order_placed,
    "order cancelled": order_cancelled,
    "order canceled": order_cancelled,
    "order delivered": order_delivered,
    "order refunded": order_refunded,
    "refunded order": order_refunded,
    "order updated": unneeded,
    "updated order": unneeded,
    "application opened": pinged,
    "application foregrounded": pinged,
    "application became active": pinged,
    "deep link opened": pinged,
    "application installed": unneeded,
    "application updated": unneeded,
    "application backgrounded": unneeded,
    "application crashed": unneeded,
    "application uninstalled": unneeded,
    "install attributed": unneeded,
    "push notification received": unneeded,
    "push notification bounced": unneeded,
    "push notification tapped": pinged,
    "email sent": unneeded,
    "email delivered": unneeded,
    "email bounced": unneeded,
    "email opened": unneeded,
    "email link clicked": unneeded,
    "email marked as spam": unsubscribed,
    "email unsubscribed": unsubscribed,
    "unsubscribed": unsubscribed,
    "clicked product": pinged,
    "clicked promotion": pinged,
    "viewed promotion": pinged,
}
"""The names of the specification, of its first version, of the life of an app and of a message, of RudderStack's source for
Shopify, and of Littledata's, as `words` normalizes them."""

OF_SHOPIFY: Final[Mapping[str, Row]] = {
    **NAMES,
    "cart update": cart_updated,
    "order created": order_placed,
}
"""With the names that RudderStack's source gives Shopify's webhooks. Elsewhere an order may be created before it is placed."""

TYPES: Final[Mapping[str, Row]] = {
    "page.viewed": page_viewed,
    "product.viewed": product_viewed,
    "category.viewed": list_viewed,
    "search.performed": searched,
    "cart.updated": cart_updated,
    "cart.item_added": added,
    "cart.item_removed": removed,
    "checkout.started": checkout_started,
    "checkout.advanced": checkout_advanced,
    "payment.failed": payment_failed,
    "activity.pinged": pinged,
    "order.placed": order_placed,
    "order.cancelled": order_cancelled,
    "order.delivered": order_delivered,
    "visitor.subscribed": subscribed,
    "ignore": unneeded,
}
"""The types that the shop's own table may name."""

QUIET: Final = ("promotion ", "coupon ", "wishlist ", "product clicked", "product shared")
QUIET_ENDS: Final = ("wishlist",)
"""Endings of names that only show presence."""


def row_of(name: str, source: Source, names: Mapping[str, Row] = NAMES) -> Row:
    """The row of a name. The shop's own table comes first."""
    plain = words(name)
    found = _own_row(plain, source) or names.get(plain)
    if found is not None:
        return found
    return pinged if plain.startswith(QUIET) or plain.endswith(QUIET_ENDS) else unknown


def _own_row(plain: str, source: Source) -> Row | None:
    """The row that the shop's own table gives a name."""
    if not source.events:
        return None
    table = source.events.items()
    return next((TYPES.get(to) for given, to in table if words(given) == plain), None)
