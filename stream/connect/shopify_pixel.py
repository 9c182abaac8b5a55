"""Shopify's customer events, as the shop's pixel posts them: what a visitor does, and the cart's token.

Source: docs/connect.md, 1.3.2.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin

from stream.connect import items, pages
from stream.connect.consent import changes
from stream.connect.contact import contact_keys
from stream.connect.deliveries import Body, events_of
from stream.connect.events import Who
from stream.connect.ids import content_id, event_id, identifier
from stream.connect.money import currency
from stream.connect.reading import UNREADABLE, dig, first, listing, mapping, parse, text
from stream.connect.request import Given, body_of
from stream.connect.shopify_ids import cart_in, page_kind, plain
from stream.connect.source import Source
from stream.connect.times import client_time
from stream.connect.translation import Translation, compact

PING: Final[Body] = ("activity.pinged", {})
"""A sign of presence: the body of an event that has no row, or lacks what its row needs."""

Read = Callable[[dict[str, Any], Source], Body | None]
"""From a pixel event to ours. None if it lacks what ours needs."""


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = parse(body_of(given))
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    for index, each in enumerate(document if isinstance(document, list) else [document]):
        if isinstance(each, dict):
            _translate_event(each, source, now, out)
        else:
            out.refuse(index, "not_an_object")
    return out


def _translate_event(event: dict[str, Any], source: Source, now: int, out: Translation) -> None:
    name = text(event.get("name")) or "unnamed"
    kind = source.events.get(name)
    if kind == "ignore":
        out.leave_out(name, "ignored")
        return
    bodies = _bodies(name, NAMES.get(kind, kind) if kind else name, event, source, out)
    id = text(event.get("id"))
    id = event_id("sh", id) if id else content_id("sh", event)
    out.events += events_of(id, _who(event, source, now), bodies)


def _bodies(
    name: str, meant: str, event: dict[str, Any], source: Source, out: Translation
) -> list[Body]:
    if meant in CONSENTS:
        allowed = mapping(first(event, "data.customerPrivacy", "customerPrivacy"))
        given = {key.removesuffix("Allowed"): value for key, value in allowed.items()}
        return changes(source, given)
    read = EVENTS.get(meant)
    if read is None:
        out.leave_out(name, "unknown", "$.name")
        return [PING]
    found = read(event, source)
    if found is None:
        out.leave_out(name, "incomplete", "$.data")
    return [found or PING]


CONSENTS: Final = ("visitorConsentCollected", "visitor_consent_collected")


def _who(event: dict[str, Any], source: Source, now: int) -> Who:
    """The owner. Its keys join the visitor to the webhooks. A cart without lines has a token that changes."""
    data = mapping(event.get("data"))
    checkout, cart = mapping(data.get("checkout")), mapping(data.get("cart"))
    filled = cart.get("id") if listing(cart.get("lines")) else None
    keys = compact(
        cart=plain(filled) or cart_in(_path(event)), checkout=plain(checkout.get("token"))
    )
    phone = first(checkout, "phone", "smsMarketingPhone")
    return Who(
        visitor=identifier(event.get("clientId")),
        customer=plain(dig(checkout, "order", "customer", "id")),
        keys=keys | contact_keys(source, checkout.get("email"), phone),
        client_time=client_time(now, event.get("sentAt"), event.get("timestamp")),
    )


def _path(event: dict[str, Any]) -> Any:
    return first(event, "context.document.location.pathname", "context.window.location.pathname")


def _page(event: dict[str, Any], source: Source) -> Body:
    path = str(_path(event) or "")
    title = dig(event, "context", "document", "title")
    return "page.viewed", {"page": pages.page(path or None, title, page_kind(path))}


def _product(event: dict[str, Any], source: Source) -> Body | None:
    variant = dig(event, "data", "productVariant")
    found = items.product(source, None, **_described(event, variant))
    return ("product.viewed", {"product": found}) if found else None


def _category(event: dict[str, Any], source: Source) -> Body | None:
    name = text(first(event, "data.collection.title", "data.collection.id"))
    return ("category.viewed", {"category": name}) if name else None


def _search(event: dict[str, Any], source: Source) -> Body | None:
    query = text(dig(event, "data", "searchResult", "query"))
    return ("search.performed", {"query": query}) if query else None


def _added(event: dict[str, Any], source: Source) -> Body | None:
    """An added line, unless webhooks send the carts: else it would be in the cart twice."""
    if not source.cart_authority:
        return PING
    line = _line(event, dig(event, "data", "cartLine"), source)
    return ("cart.item_added", {"item": line}) if line else None


def _removed(event: dict[str, Any], source: Source) -> Body | None:
    if not source.cart_authority:
        return PING
    line = mapping(dig(event, "data", "cartLine"))
    given = _described(event, line.get("merchandise"))
    found = items.removed(id=given["id"], variant=given["variant"], quantity=line.get("quantity"))
    return ("cart.item_removed", {"item": found}) if found else None


def _cart(event: dict[str, Any], source: Source) -> Body | None:
    cart = dig(event, "data", "cart")
    lines = dig(cart, "lines")
    if not source.cart_authority:
        return PING
    if not isinstance(lines, list):
        return None
    found = items.cart(
        source,
        [_line(event, line, source) for line in lines],
        id=plain(dig(cart, "id")) if lines else None,
        currency=currency(dig(cart, "cost", "totalAmount", "currencyCode")),
    )
    return "cart.updated", {"cart": found}


def _line(event: dict[str, Any], line: Any, source: Source) -> dict[str, Any] | None:
    given = _described(event, dig(line, "merchandise"))
    return items.item(source, None, **given, quantity=dig(line, "quantity"))


def _ordered(event: dict[str, Any], line: Any, source: Source) -> dict[str, Any] | None:
    given = {**_described(event, dig(line, "variant")), "quantity": dig(line, "quantity")}
    return items.ordered(source, renews=dig(line, "sellingPlanAllocation") is not None, **given)


def _described(event: dict[str, Any], variant: Any) -> dict[str, Any]:
    """The fields of a variant, by our names. Links are completed with the shop's address."""
    product = dig(variant, "product")
    shop = text(first(event, "context.document.location.href", "context.window.location.href"))
    return {
        "id": plain(dig(product, "id")),
        "variant": plain(dig(variant, "id")),
        "name": first(product, "title", "untranslatedTitle"),
        "category": dig(product, "type"),
        "price": dig(variant, "price", "amount"),
        "currency": dig(variant, "price", "currencyCode"),
        "url": _joined(shop, dig(product, "url")),
        "image": _joined(shop, dig(variant, "image", "src")),
    }


def _joined(shop: str | None, link: Any) -> str | None:
    if shop is None or not isinstance(link, str) or not link:
        return text(link)
    try:
        return urljoin(shop, link)
    except ValueError:
        return None


def _presence(event: dict[str, Any], source: Source) -> Body:
    return PING


def _started(event: dict[str, Any], source: Source) -> Body:
    return "checkout.started", {}


def _step(stage: str) -> Read:
    def read(event: dict[str, Any], source: Source) -> Body:
        return "checkout.advanced", {"stage": stage}

    return read


def _order(event: dict[str, Any], source: Source) -> Body:
    checkout = dig(event, "data", "checkout")
    placed = items.order(
        source,
        id=plain(dig(checkout, "order", "id")),
        value=dig(checkout, "totalPrice", "amount"),
        currency=first(checkout, "totalPrice.currencyCode", "currencyCode"),
        cart_id=cart_in(_path(event)),
        lines=[_ordered(event, line, source) for line in listing(dig(checkout, "lineItems"))],
    )
    return "order.placed", {"order": placed}


EVENTS: Final[dict[str, Read]] = {
    "page_viewed": _page,
    "product_viewed": _product,
    "collection_viewed": _category,
    "search_submitted": _search,
    "product_added_to_cart": _added,
    "product_removed_from_cart": _removed,
    "cart_viewed": _cart,
    "checkout_started": _started,
    "checkout_contact_info_submitted": _step("contact"),
    "checkout_address_info_submitted": _step("contact"),
    "checkout_shipping_info_submitted": _step("shipping"),
    "payment_info_submitted": _step("payment"),
    "checkout_completed": _order,
    **dict.fromkeys(("clicked", "form_submitted", "alert_displayed"), _presence),
    "ui_extension_errored": _presence,
    **dict.fromkeys(("input_focused", "input_changed", "input_blurred"), _presence),
}
NAMES: Final = {
    "page.viewed": "page_viewed",
    "product.viewed": "product_viewed",
    "category.viewed": "collection_viewed",
    "search.performed": "search_submitted",
    "cart.updated": "cart_viewed",
    "cart.item_added": "product_added_to_cart",
    "cart.item_removed": "product_removed_from_cart",
    "checkout.started": "checkout_started",
    "order.placed": "checkout_completed",
}
"""The pixel event for each type of ours. An event that the shop's table maps to the type has its form."""
