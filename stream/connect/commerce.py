"""The e-commerce names of Segment's specification, which RudderStack and PostHog share. Source: docs/connect.md, 1.1.

Each row of the table turns one message into the bodies of our events. The caller gives them ids.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from stream.connect import items, pages
from stream.connect.bodies import no_row
from stream.connect.commerce_lines import (
    CART_IDS,
    cart_id,
    fields,
    listed,
    money_of,
    ordered,
    products,
    whole_cart,
)
from stream.connect.consent import joined, left
from stream.connect.events import Who, event
from stream.connect.ids import identifier, numbered, thing
from stream.connect.reading import first, text
from stream.connect.source import Source
from stream.connect.translation import Translation, compact

Body = tuple[str, dict[str, Any]]
"""The type of one of our events, and the fields of its body."""


class TrackedEvent(Struct, frozen=True):
    """A named event of a tracker. `page`: the page that sent it · `browser`: a browser sent it · `path`: its place in the
    request."""

    id: str
    name: str
    properties: dict[str, Any]
    page: dict[str, Any]
    who: Who
    browser: bool
    path: str


Row = Callable[[TrackedEvent, Source, Translation], list[Body]]

ORDER_IDS: Final = ("order_id", "orderId")
"""Names of an order's id. The specification's first version had the second; Segment's plugin for WordPress says `id`."""


def page_viewed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    path = first(tracked.properties, "path", "url") or first(tracked.page, "path", "url")
    title = first(tracked.properties, "title") or first(tracked.page, "title")
    names = (tracked.properties.get("category"), tracked.properties.get("name"), tracked.name)
    page = pages.page(path, title, *names)
    return [("page.viewed", {"page": {"kind": "other", **page}})]


def viewed(tracked: TrackedEvent, kind: str) -> list[Body]:
    path = first(tracked.properties, "path", "url") or first(tracked.page, "path", "url")
    return [("page.viewed", {"page": pages.page(path, tracked.page.get("title"), kind)})]


def product_viewed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A product view. Of several products the first one counts."""
    for each in products(tracked.properties):
        product = items.product(source, **fields(each))
        if product is not None:
            return [("product.viewed", {"product": product})]
    return nothing(tracked, out, "no_product_id")


def list_viewed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    category = text(first(tracked.properties, "category", "list_id"))
    if category is None:
        return viewed(tracked, "list")
    return [("category.viewed", {"category": category})]


def searched(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    query = text(first(tracked.properties, "query", "search_term"))
    if query is None:
        return nothing(tracked, out, "no_query")
    return [("search.performed", {"query": query})]


def added(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    code, given = money_of(tracked.properties), products(tracked.properties)
    bodies = items.each(
        "cart.item_added", [items.item(source, code, **fields(each)) for each in given]
    )
    return bodies or nothing(tracked, out, "no_line")


def removed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    gone = [items.removed(**fields(each)) for each in products(tracked.properties)]
    return items.each("cart.item_removed", gone) or nothing(tracked, out, "no_line")


def cart_updated(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A whole cart: the list of products, empty for an empty cart."""
    if listed(tracked.properties) is None:
        return viewed(tracked, "cart")
    return [("cart.updated", {"cart": whole_cart(tracked.properties, source)})]


def cart_cleared(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """An emptied cart, whatever list of products comes with it."""
    return [("cart.updated", {"cart": items.cart(source, [], id=cart_id(tracked.properties))})]


def checkout_started(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A started checkout. With products and a cart id it carries the whole cart too.

    The checkout goes first: an old cart of a shopper who becomes known now would be reminded of at that moment.
    """
    started: Body = ("checkout.started", {})
    if not listed(tracked.properties) or cart_id(tracked.properties) is None:
        return [started]
    return [started, ("cart.updated", {"cart": whole_cart(tracked.properties, source)})]


def checkout_advanced(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    names = ("step_name", "checkout_step_name", "stage", "step", "name")
    given = [tracked.properties.get(name) for name in names]
    stage = pages.stage(source.steps, *given)
    if stage is None:
        no_row("step", *given).leave_out(out, tracked.name, tracked.path)
        return []
    return [("checkout.advanced", {"stage": stage})]


def at_stage(stage: str) -> Row:
    """The row of a name that says the stage of the checkout itself."""

    def advanced(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
        return [("checkout.advanced", {"stage": stage})]

    return advanced


def payment_failed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    code = text(first(tracked.properties, "code", "error_code", "decline_code", "reason"))
    order = compact(id=identifier(first(tracked.properties, *ORDER_IDS)))
    return [("payment.failed", {"code": code, "order": order})]


def order_placed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    order = items.order(
        source,
        id=first(tracked.properties, *ORDER_IDS, "checkout_id", "id"),
        value=first(tracked.properties, "total", "revenue", "value"),
        currency=tracked.properties.get("currency"),
        cart_id=cart_id(tracked.properties),
        lines=ordered(tracked.properties, source),
    )
    return [("order.placed", {"order": order})]


def order_delivered(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    order = thing(first(tracked.properties, *ORDER_IDS))
    if order is None:
        return nothing(tracked, out, "no_order_id")
    return [("order.delivered", {"order": {"id": order}})]


def subscribed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A subscription. Only names of the shop's own table lead here: the specification has none."""
    channels = joined(source, tracked.properties, tracked.who.keys)
    if not channels:
        return nothing(tracked, out, "no_channels")
    return [("visitor.subscribed", {"channels": channels})]


def unsubscribed(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A withdrawal: somebody wants no more e-mail, or no more of a list. Without a sign of either it may be about anything."""
    channels = left(source, tracked.name, tracked.properties)
    if not channels:
        return unknown(tracked, source, out)
    return [("consent.changed", {"channels": channels, "granted": False})]


def order_cancelled(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    order = thing(first(tracked.properties, *ORDER_IDS, "checkout_id"))
    if order is None:
        return nothing(tracked, out, "no_order_id")
    return [("order.cancelled", {"order": {"id": order}})]


def order_refunded(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A cancelled order. A refund that lists products is a partial one, which cancels nothing."""
    if listed(tracked.properties):
        return nothing(tracked, out, "partial_refund")
    return order_cancelled(tracked, source, out)


def pinged(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """A sign of presence, if a browser sent the message. A server's message is left out."""
    return [("activity.pinged", {})] if tracked.browser else nothing(tracked, out, "ignored")


def unneeded(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return nothing(tracked, out, "ignored")


def nothing(tracked: TrackedEvent, out: Translation, reason: str) -> list[Body]:
    """Leaves the event out, for this reason."""
    out.leave_out(tracked.name, reason, tracked.path)
    return []


def unknown(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """Counts a name without a row, so that the shop sees what its table lacks."""
    out.leave_out(tracked.name, "unknown", tracked.path)
    return [("activity.pinged", {})] if tracked.browser else []


def add_events(tracked: TrackedEvent, bodies: list[Body], out: Translation) -> None:
    """Adds the events of one message. Several get ids `…/0`, `…/1`."""
    if len(bodies) == 1:
        kind, body = bodies[0]
        out.events.append(event(kind, tracked.id, tracked.who, **body))
        return
    for name, (kind, body) in zip(numbered(tracked.id, len(bodies)), bodies, strict=True):
        out.events.append(event(kind, name, tracked.who, **body))


CHECKOUT_IDS: Final = ("checkout_id", "checkoutId")
"""Names of a checkout's id. Littledata's source for Shopify has the second."""

NAMED: Final = frozenset((*CART_IDS, *CHECKOUT_IDS))


def keys_of(properties: dict[str, Any], order: bool) -> dict[str, str]:
    """The keys of identity that the properties name. An order names its cart in its own field."""
    if NAMED.isdisjoint(properties):
        return {}  # most name none
    cart = None if order else cart_id(properties)
    return compact(cart=cart, checkout=identifier(first(properties, *CHECKOUT_IDS)))
