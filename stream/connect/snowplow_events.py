"""Snowplow's events, and what they become. Source: docs/connect.md, 1.5, its table."""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items, money
from stream.connect.bodies import IGNORED, PING, Bodies, Body, no_row
from stream.connect.consent import joined
from stream.connect.contact import kinds_of
from stream.connect.ids import identifier
from stream.connect.pages import page, stage
from stream.connect.reading import first, listing, text, whole, words
from stream.connect.snowplow_event import Sent
from stream.connect.source import Source
from stream.connect.translation import compact

Translator = Callable[[Sent, Source], Bodies]

SHOP: Final = "com_snowplowanalytics_snowplow_ecommerce_"
OWN: Final = "com_snowplowanalytics_snowplow_"
GOOGLE: Final = "com_google_analytics_enhanced_ecommerce_"
"""Prefixes of schema names: e-commerce entities, other Snowplow ones, those of the older plugin."""

PRODUCTS: Final = (f"{SHOP}product", f"{GOOGLE}product_field_object")
STEPS: Final = {1: "contact", 2: "shipping"}
"""Stages of steps that have only a number. The third and later ones are the payment."""


def page_of(sent: Sent) -> dict[str, Any]:
    url, title = sent.fields.get("page_url"), sent.fields.get("page_title")
    return page(url, title, sent.entity(f"{SHOP}page").get("type"))


def page_viewed(sent: Sent, source: Source) -> Bodies:
    return [("page.viewed", {"page": page_of(sent)})]


def screen_viewed(sent: Sent, source: Source) -> Bodies:
    """A screen of an app. It has no path: its kind is that of its name."""
    name = sent.data.get("name")
    return [("page.viewed", {"page": page(None, name, sent.data.get("type"), name)})]


def product_viewed(sent: Sent, source: Source) -> Bodies:
    read = (items.product(source, None, **_facts(one)) for one in products(sent))
    product = next((one for one in read if one is not None), None)
    return "no_product" if product is None else [("product.viewed", {"product": product})]


def added(sent: Sent, source: Source) -> Bodies:
    code = money.currency(cart_of(sent).get("currency"))
    lines = [items.item(source, code, **_facts(one)) for one in products(sent)]
    return items.each("cart.item_added", lines) or "no_items"


def removed(sent: Sent, source: Source) -> Bodies:
    """Removed lines. A product entity without a quantity counts as one piece."""
    lines = [items.removed(**{"quantity": 1, **_facts(one)}) for one in products(sent)]
    return items.each("cart.item_removed", lines) or "no_items"


def list_viewed(sent: Sent, source: Source) -> Bodies:
    """A viewed list, by its name. A list of search results is a search."""
    query, name = _terms(sent.entity(f"{OWN}site_search")), text(sent.data.get("name"))
    if query is not None and "search" in words(name):
        return [("search.performed", {"query": query})]
    category = name or text(first((products(sent) or [{}])[0], "category"))
    return [("category.viewed", {"category": category})] if category is not None else [PING]


def searched(sent: Sent, source: Source) -> Bodies:
    query = _terms(sent.data)
    return [("search.performed", {"query": query})] if query is not None else [PING]


def checkout_started(sent: Sent, source: Source) -> Bodies:
    return [("checkout.started", {})]


def checkout_advanced(sent: Sent, source: Source) -> Bodies:
    """A checkout step: its stage by the shop's table, else by its number. The first one starts the checkout."""
    entity = sent.entity(f"{SHOP}checkout_step") or sent.entity(f"{GOOGLE}action_field_object")
    step = first(entity, "step") or sent.data.get("step")
    number = whole(step)
    found = stage(source.steps, step)
    if found is None and number is not None and number > 0:
        found = STEPS.get(number, "payment")
    if found is None:
        return no_row("step", step)
    begun: list[Body] = [("checkout.started", {})] if number == 1 else []
    return [*begun, ("checkout.advanced", {"stage": found})]


def order_placed(sent: Sent, source: Source) -> Bodies:
    """An order: from the transaction entity, the older plugin's, or the columns of the oldest event."""
    transaction = sent.entity(f"{SHOP}transaction") or sent.entity(f"{GOOGLE}action_field_object")
    transaction = transaction or (_columns(sent, "tr_") if sent.kind == "tr" else sent.data)
    name = identifier(first(transaction, "transaction_id", "order_id", "orderid", "id"))
    if name is None:
        return "no_transaction_id"
    order = items.order(
        source,
        id=name,
        value=first(transaction, "revenue", "total"),
        currency=transaction.get("currency"),
        cart_id=cart_id(sent),
        lines=[
            items.ordered(source, money.currency(transaction.get("currency")), **_facts(one))
            for name in PRODUCTS
            for one in sent.entities.get(name, ())
        ],
    )
    return [("order.placed", {"order": order})]


def payment_failed(sent: Sent, source: Source) -> Bodies:
    error = sent.entity(f"{SHOP}transaction_error")
    order = compact(id=identifier(sent.entity(f"{SHOP}transaction").get("transaction_id")))
    code = text(first(error, "error_shortcode", "error_code"))
    return [("payment.failed", compact(code=code, order=order))]


def refunded(sent: Sent, source: Source) -> Bodies:
    """A refund. It cancels the order only if it refunds all that the order's entity names."""
    refund, sold = sent.entity(f"{SHOP}refund"), sent.entity(f"{SHOP}transaction")
    name = identifier(first(refund, "transaction_id"))
    amount, revenue = money.money(refund.get("refund_amount")), money.money(sold.get("revenue"))
    if name is None:
        return "no_transaction_id"
    if amount is None or amount != revenue:
        return "partial_refund"
    return [("order.cancelled", {"order": {"id": name}})]


def of_an_order(kind: str) -> Translator:
    """A cancellation or a delivery under the shop's own name."""

    def translate(sent: Sent, source: Source) -> Bodies:
        transaction = sent.entity(f"{SHOP}transaction") or sent.data
        name = identifier(first(transaction, "transaction_id", "order_id", "id"))
        return [(kind, {"order": {"id": name}})] if name is not None else "no_order_id"

    return translate


def subscribed(sent: Sent, source: Source) -> Bodies:
    """A subscription. Only names of the shop's own table lead here."""
    user = sent.entity(f"{SHOP}user").get("email") or sent.fields.get("user_id")
    channels = joined(source, sent.data, kinds_of(user))
    return [("visitor.subscribed", {"channels": channels})] if channels else "no_channels"


def pinged(sent: Sent, source: Source) -> Bodies:
    return [PING]


def ignored(sent: Sent, source: Source) -> Bodies:
    return IGNORED


def products(sent: Sent) -> list[dict[str, Any]]:
    """The product entities, else the event itself if it names a product."""
    found = [one for name in PRODUCTS for one in sent.entities.get(name, ())]
    return found or ([sent.data] if first(sent.data, "id", "sku", "product_id") else [])


def cart_of(sent: Sent) -> dict[str, Any]:
    return sent.entity(f"{SHOP}cart")


def cart_id(sent: Sent) -> str | None:
    return identifier(cart_of(sent).get("cart_id"))


def _columns(sent: Sent, prefix: str) -> dict[str, Any]:
    fields = sent.fields.items()
    return {name.removeprefix(prefix): at for name, at in fields if name.startswith(prefix)}


def _terms(search: dict[str, Any]) -> str | None:
    terms = [word for term in listing(search.get("terms")) if (word := text(term)) is not None]
    return " ".join(terms) or None


def _facts(one: dict[str, Any]) -> dict[str, Any]:
    """The fields of a product. Its price is in units; its list price is not what anybody pays."""
    quantity = first(one, "quantity")
    return {
        "id": first(one, "id", "sku", "product_id"),
        "name": one.get("name"),
        "category": one.get("category"),
        "variant": one.get("variant"),
        "price": first(one, "price", "unitPrice", "unit_price"),
        "currency": one.get("currency"),
        **({"quantity": quantity} if quantity is not None else {}),
    }


OURS: Final[dict[str, Translator]] = {
    "page.viewed": page_viewed,
    "product.viewed": product_viewed,
    "category.viewed": list_viewed,
    "search.performed": searched,
    "cart.item_added": added,
    "cart.item_removed": removed,
    "checkout.started": checkout_started,
    "checkout.advanced": checkout_advanced,
    "payment.failed": payment_failed,
    "order.placed": order_placed,
    "order.cancelled": of_an_order("order.cancelled"),
    "order.delivered": of_an_order("order.delivered"),
    "visitor.subscribed": subscribed,
    "activity.pinged": pinged,
    "ignore": ignored,
}
"""The types that a shop's table may name. Each reads the entities of the event."""
