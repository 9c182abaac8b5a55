"""Adobe Commerce's storefront events: structured events of Snowplow with entities of Magento.

Source: docs/connect.md, 1.8, its first way.
"""

from typing import Any, Final

from stream.connect import items, money
from stream.connect.ids import identifier
from stream.connect.reading import dig, first, listing, mapping, text
from stream.connect.snowplow_event import Sent
from stream.connect.snowplow_events import Saying, ignored, page_viewed, pinged
from stream.connect.source import Source
from stream.connect.telling import PING, Body, Said

MAGENTO: Final = "com_adobe_magento_entity_"
PRICES: Final = ("minimalPrice", "specialPrice", "regularPrice")
"""Fields with a product's price. The first one above 0 counts."""


def is_its_own(sent: Sent) -> bool:
    return any(name.startswith(MAGENTO) for name in sent.entities)


def product_viewed(sent: Sent, source: Source) -> Said:
    found = items.product(source, currency(sent), **_product(sent))
    return [("product.viewed", {"product": found})] if found is not None else "no_product"


def added(sent: Sent, source: Source) -> Said:
    """The whole cart if the event carries it: the event comes once for each product that changed."""
    whole = _cart(sent, source)
    if whole:
        return whole
    line = items.item(source, currency(sent), **_product(sent))
    return [("cart.item_added", {"item": line})] if line is not None else "no_product"


def cart_viewed(sent: Sent, source: Source) -> Said:
    told = page_viewed(sent, source)
    if isinstance(told, str):
        return told
    shown: list[Body] = [(kind, {"page": {**body["page"], "kind": "cart"}}) for kind, body in told]
    return _cart(sent, source) or shown


def checkout_started(sent: Sent, source: Source) -> Said:
    return [*_cart(sent, source), ("checkout.started", {})]


def order_placed(sent: Sent, source: Source) -> Said:
    """An order without a value: the event names only its number, in the label."""
    number = identifier(sent.fields.get("se_label"))
    order = items.order(source, id=number, cart_id=cart_id(sent))
    return [("order.placed", {"order": order})]


def searched(sent: Sent, source: Source) -> Said:
    query = text(sent.entity(f"{MAGENTO}search_input").get("query"))
    return [("search.performed", {"query": query})] if query is not None else [PING]


def currency(sent: Sent) -> str | None:
    shop, product = sent.entity(f"{MAGENTO}storefront_instance"), sent.entity(f"{MAGENTO}product")
    told = dig(product, "pricing", "currencyCode"), shop.get("storeViewCurrencyCode")
    return next((code for each in told if (code := money.currency(each))), None)


def cart_id(sent: Sent) -> str | None:
    """The quote's id. For guests it is a masked one."""
    return identifier(sent.entity(f"{MAGENTO}shopping_cart").get("cartId"))


def _cart(sent: Sent, source: Source) -> list[Body]:
    """The cart of an event. None if the event has no list of items."""
    told, code = sent.entity(f"{MAGENTO}shopping_cart"), currency(sent)
    if not isinstance(told.get("items"), list) or (not told["items"] and cart_id(sent) is None):
        return []
    lines = [items.item(source, code, **_line(mapping(one))) for one in listing(told["items"])]
    return [("cart.updated", {"cart": items.cart(source, lines, id=cart_id(sent), currency=code)})]


def _line(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": first(one, "productSku"),
        "name": one.get("productName"),
        "price": first(one, "offerPrice", "basePrice"),
        "image": one.get("mainImageUrl"),
        "quantity": one.get("qty"),
    }


def _product(sent: Sent) -> dict[str, Any]:
    told = sent.entity(f"{MAGENTO}product")
    prices = (dig(told, "pricing", name) for name in PRICES)
    return {
        "id": first(told, "sku"),
        "name": told.get("name"),
        "category": next(iter(listing(told.get("categories"))), None),
        "price": next((price for price in prices if money.money(price)), None),
        "url": told.get("canonicalUrl"),
        "image": told.get("mainImageUrl"),
    }


EVENTS: Final[dict[str, Saying]] = {
    "product/view": product_viewed,
    "product/add-to-cart": added,
    "shopping-cart/view": cart_viewed,
    "shopping-cart/initiate-checkout": checkout_started,
    "checkout/place-order": order_placed,
    "search/api-request-sent": searched,
    "search/api-response-received": ignored,
    "search/results-view": pinged,
    "search/category-page": pinged,
    "search/category-click": pinged,
    "search/product-click": pinged,
    "search/suggestion-click": pinged,
    "recommendation-unit/api-request-sent": ignored,
    "recommendation-unit/api-response-received": ignored,
    "recommendation-unit/impression-render": ignored,
    "recommendation-unit/view": pinged,
    "recommendation-unit/rec-click": pinged,
    "recommendation-unit/rec-add-to-cart-click": pinged,
}
"""The function for each category and action of structured events."""
