"""The e-commerce names of Segment's specification, which RudderStack and PostHog share. Source: docs/connect.md, 1.1.

Each row of the table turns one message into the bodies of our events. The caller gives them ids.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from stream.connect import items, pages
from stream.connect.commerce_lines import cart_id, fields, money_of, ordered, products, whole_cart
from stream.connect.consent import joined
from stream.connect.events import Who, event
from stream.connect.ids import identifier, numbered, thing
from stream.connect.reading import first, listing, text
from stream.connect.source import Source
from stream.connect.translation import Translation, compact

Body = tuple[str, dict[str, Any]]
"""The type of one of our events, and the fields of its body."""


class Said(Struct, frozen=True):
    """A named message. `page`: the page that sent it · `path`: its place in the request."""

    id: str
    name: str
    properties: dict[str, Any]
    page: dict[str, Any]
    who: Who
    browser: bool
    path: str


Row = Callable[[Said, Source, Translation], list[Body]]


def page_viewed(said: Said, source: Source, out: Translation) -> list[Body]:
    path = first(said.properties, "path", "url") or first(said.page, "path", "url")
    title = first(said.properties, "title") or first(said.page, "title")
    names = (said.properties.get("category"), said.properties.get("name"), said.name)
    page = pages.page(path, title, *names)
    return [("page.viewed", {"page": {"kind": "other", **page}})]


def viewed(said: Said, kind: str) -> list[Body]:
    path = first(said.properties, "path", "url") or first(said.page, "path", "url")
    return [("page.viewed", {"page": pages.page(path, said.page.get("title"), kind)})]


def product_viewed(said: Said, source: Source, out: Translation) -> list[Body]:
    """A product view. Of several products the first one counts."""
    for each in products(said.properties):
        product = items.product(source, **fields(each))
        if product is not None:
            return [("product.viewed", {"product": product})]
    return nothing(said, out, "no_product_id")


def list_viewed(said: Said, source: Source, out: Translation) -> list[Body]:
    category = text(first(said.properties, "category", "list_id"))
    if category is None:
        return viewed(said, "list")
    return [("category.viewed", {"category": category})]


def searched(said: Said, source: Source, out: Translation) -> list[Body]:
    query = text(first(said.properties, "query", "search_term"))
    if query is None:
        return nothing(said, out, "no_query")
    return [("search.performed", {"query": query})]


def added(said: Said, source: Source, out: Translation) -> list[Body]:
    code, given = money_of(said.properties), products(said.properties)
    bodies = items.each(
        "cart.item_added", [items.item(source, code, **fields(each)) for each in given]
    )
    return bodies or nothing(said, out, "no_line")


def removed(said: Said, source: Source, out: Translation) -> list[Body]:
    gone = [items.removed(**fields(each)) for each in products(said.properties)]
    return items.each("cart.item_removed", gone) or nothing(said, out, "no_line")


def cart_updated(said: Said, source: Source, out: Translation) -> list[Body]:
    """A whole cart: the list of products, empty for an empty cart."""
    if not isinstance(said.properties.get("products"), list):
        return viewed(said, "cart")
    return [("cart.updated", {"cart": whole_cart(said.properties, source)})]


def checkout_started(said: Said, source: Source, out: Translation) -> list[Body]:
    """A started checkout. With products and a cart id it carries the whole cart too."""
    started: Body = ("checkout.started", {})
    if not listing(said.properties.get("products")) or cart_id(said.properties) is None:
        return [started]
    return [("cart.updated", {"cart": whole_cart(said.properties, source)}), started]


def checkout_advanced(said: Said, source: Source, out: Translation) -> list[Body]:
    told = ("step_name", "checkout_step_name", "stage", "step", "name")
    stage = pages.stage(source.steps, *(said.properties.get(name) for name in told))
    if stage is None:
        return nothing(said, out, "unknown_step")
    return [("checkout.advanced", {"stage": stage})]


def payment_entered(said: Said, source: Source, out: Translation) -> list[Body]:
    return [("checkout.advanced", {"stage": "payment"})]


def payment_failed(said: Said, source: Source, out: Translation) -> list[Body]:
    code = text(first(said.properties, "code", "error_code", "decline_code", "reason"))
    order = compact(id=identifier(said.properties.get("order_id")))
    return [("payment.failed", {"code": code, "order": order})]


def order_placed(said: Said, source: Source, out: Translation) -> list[Body]:
    order = items.order(
        source,
        id=first(said.properties, "order_id", "checkout_id"),
        value=first(said.properties, "total", "revenue", "value"),
        currency=said.properties.get("currency"),
        cart_id=cart_id(said.properties),
        lines=ordered(said.properties, source),
    )
    return [("order.placed", {"order": order})]


def order_delivered(said: Said, source: Source, out: Translation) -> list[Body]:
    order = thing(said.properties.get("order_id"))
    if order is None:
        return nothing(said, out, "no_order_id")
    return [("order.delivered", {"order": {"id": order}})]


def subscribed(said: Said, source: Source, out: Translation) -> list[Body]:
    """Only under a name of the shop's own: what somebody joins is the shop's to say."""
    channels = joined(source, said.properties, said.who.keys)
    if not channels:
        return nothing(said, out, "no_channels")
    return [("visitor.subscribed", {"channels": channels})]


def order_cancelled(said: Said, source: Source, out: Translation) -> list[Body]:
    order = thing(first(said.properties, "order_id", "checkout_id"))
    if order is None:
        return nothing(said, out, "no_order_id")
    return [("order.cancelled", {"order": {"id": order}})]


def order_refunded(said: Said, source: Source, out: Translation) -> list[Body]:
    """A cancelled order. A refund that lists products is a partial one: the order stands."""
    if listing(said.properties.get("products")):
        return nothing(said, out, "partial_refund")
    return order_cancelled(said, source, out)


def pinged(said: Said, source: Source, out: Translation) -> list[Body]:
    """A sign of presence. Any message of a browser is one; a message of a server is none."""
    return [("activity.pinged", {})] if said.browser else nothing(said, out, "ignored")


def unneeded(said: Said, source: Source, out: Translation) -> list[Body]:
    return nothing(said, out, "ignored")


def nothing(said: Said, out: Translation, reason: str) -> list[Body]:
    out.leave_out(said.name, reason, said.path)
    return []


def unknown(said: Said, source: Source, out: Translation) -> list[Body]:
    """Counts a name without a row, so that the shop sees what its table lacks."""
    out.leave_out(said.name, "unknown", said.path)
    return [("activity.pinged", {})] if said.browser else []


def tell(said: Said, bodies: list[Body], out: Translation) -> None:
    """Adds the events of one message. Several get ids `…/0`, `…/1`."""
    if len(bodies) == 1:
        kind, body = bodies[0]
        out.events.append(event(kind, said.id, said.who, **body))
        return
    for name, (kind, body) in zip(numbered(said.id, len(bodies)), bodies, strict=True):
        out.events.append(event(kind, name, said.who, **body))


def keys_of(properties: dict[str, Any], order: bool) -> dict[str, str]:
    """The keys of identity that the properties name. An order names its cart in its own field."""
    cart = None if order else identifier(properties.get("cart_id"))
    return compact(cart=cart, checkout=identifier(properties.get("checkout_id")))
