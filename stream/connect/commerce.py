"""The e-commerce names of Segment's specification, which RudderStack and PostHog share. Source: docs/connect.md, 1.1.

Each row of the table turns one message into the bodies of our events. The caller gives them ids.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from stream.connect import items, pages
from stream.connect.events import Who, event
from stream.connect.ids import identifier, numbered, thing
from stream.connect.money import currency
from stream.connect.reading import first, listing, mapping, text
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
    told = (items.product(source, **fields(each)) for each in products(said))
    product = next((found for found in told if found), None)
    if product is None:
        return nothing(said, out, "no_product_id")
    return [("product.viewed", {"product": product})]


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
    lines = [items.item(source, money_of(said), **fields(each)) for each in products(said)]
    bodies: list[Body] = [("cart.item_added", {"item": line}) for line in lines if line]
    return bodies or nothing(said, out, "no_line")


def removed(said: Said, source: Source, out: Translation) -> list[Body]:
    lines = [items.removed(**fields(each)) for each in products(said)]
    bodies: list[Body] = [("cart.item_removed", {"item": line}) for line in lines if line]
    return bodies or nothing(said, out, "no_line")


def cart_updated(said: Said, source: Source, out: Translation) -> list[Body]:
    """A whole cart: the list of products, empty for an empty cart."""
    if not isinstance(said.properties.get("products"), list):
        return viewed(said, "cart")
    return [("cart.updated", {"cart": whole_cart(said, source, out)})]


def checkout_started(said: Said, source: Source, out: Translation) -> list[Body]:
    """A started checkout. With products and a cart id it carries the whole cart too."""
    started: Body = ("checkout.started", {})
    if not listing(said.properties.get("products")) or cart_id(said) is None:
        return [started]
    return [("cart.updated", {"cart": whole_cart(said, source, out)}), started]


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
        cart_id=cart_id(said),
    )
    return [("order.placed", {"order": order})]


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
    for name, (kind, body) in zip(numbered(said.id, len(bodies)), bodies, strict=True):
        out.events.append(event(kind, name, said.who, **body))


def keys_of(properties: dict[str, Any], order: bool) -> dict[str, str]:
    """The keys of identity that the properties name. An order names its cart in its own field."""
    cart = None if order else identifier(properties.get("cart_id"))
    return compact(cart=cart, checkout=identifier(properties.get("checkout_id")))


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The values of a product or a line, by our names."""
    return {
        "id": first(given, *IDS),
        "variant": first(given, "variant_id", "variant"),
        "image": first(given, "image_url", "image"),
        "name": given.get("name"),
        "category": given.get("category"),
        "price": given.get("price"),
        "currency": given.get("currency"),
        "url": given.get("url"),
        "quantity": given.get("quantity"),
    }


IDS: Final = ("product_id", "sku", "id")
"""The names of a product's id, the best first."""


def products(said: Said) -> list[dict[str, Any]]:
    """The products of a message: its properties, or the list in them if they have no id."""
    told = said.properties.get("products")
    if not told or first(said.properties, *IDS) is not None:
        return [said.properties]
    return [each for each in (told if isinstance(told, list) else [told]) if isinstance(each, dict)]


def money_of(said: Said) -> str | None:
    return currency(said.properties.get("currency"))


def cart_id(said: Said) -> str | None:
    return identifier(said.properties.get("cart_id"))


def whole_cart(said: Said, source: Source, out: Translation) -> dict[str, Any]:
    code, lines = money_of(said), []
    for index, given in enumerate(listing(said.properties.get("products"))):
        line = items.item(source, code, **fields(mapping(given)))
        lines.append(line)
        if line is None:
            out.leave_out(said.name, "no_line", f"{said.path}.properties.products[{index}]")
    return items.cart(source, lines, id=cart_id(said), currency=code)
