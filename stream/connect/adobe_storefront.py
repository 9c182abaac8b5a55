"""Adobe Commerce's storefront events: structured events of Snowplow with entities of Magento.

Source: docs/connect.md, 1.8, its first way.
"""

from typing import Any, Final

from stream.connect import items, money
from stream.connect.bodies import PING, Bodies, Body
from stream.connect.ids import identifier
from stream.connect.reading import dig, first, listing, mapping, text
from stream.connect.snowplow_event import Sent
from stream.connect.snowplow_events import Translator, ignored, page_of, pinged
from stream.connect.source import Source

MAGENTO: Final = "com_adobe_magento_entity_"
PRICES: Final = ("minimalPrice", "specialPrice", "regularPrice")
"""Fields with a product's price. The first one above 0 counts."""


def is_its_own(sent: Sent) -> bool:
    return any(name.startswith(MAGENTO) for name in sent.entities)


def product_viewed(sent: Sent, source: Source) -> Bodies:
    found = items.product(source, currency(sent), **_product(sent))
    return [("product.viewed", {"product": found})] if found is not None else "no_product"


def added(sent: Sent, source: Source) -> Bodies:
    """The whole cart if the event carries it: the event comes once for each product that changed."""
    whole = _cart(sent, source)
    if whole:
        return whole
    line = items.item(source, currency(sent), **_product(sent))
    return [("cart.item_added", {"item": line})] if line is not None else "no_product"


def cart_viewed(sent: Sent, source: Source) -> Bodies:
    shown = {"page": {**page_of(sent), "kind": "cart"}}
    return _cart(sent, source) or [("page.viewed", shown)]


def checkout_started(sent: Sent, source: Source) -> Bodies:
    """The checkout goes first: an old cart of a shopper who becomes known now would be reminded of at that moment."""
    return [("checkout.started", {}), *_cart(sent, source)]


def order_placed(sent: Sent, source: Source) -> Bodies:
    """An order without a value: the event names only its number, in the label."""
    number = identifier(sent.fields.get("se_label"))
    order = items.order(source, id=number, cart_id=cart_id(sent))
    return [("order.placed", {"order": order})]


def searched(sent: Sent, source: Source) -> Bodies:
    query = text(sent.entity(f"{MAGENTO}search_input").get("query"))
    return [("search.performed", {"query": query})] if query is not None else [PING]


def currency(sent: Sent) -> str | None:
    shop, product = sent.entity(f"{MAGENTO}storefront_instance"), sent.entity(f"{MAGENTO}product")
    codes = dig(product, "pricing", "currencyCode"), shop.get("storeViewCurrencyCode")
    return next((code for each in codes if (code := money.currency(each))), None)


def cart_id(sent: Sent) -> str | None:
    """The quote's id. For guests it is a masked one."""
    return identifier(sent.entity(f"{MAGENTO}shopping_cart").get("cartId"))


def _cart(sent: Sent, source: Source) -> list[Body]:
    """The cart of an event; empty if the event has no list of items."""
    cart, code = sent.entity(f"{MAGENTO}shopping_cart"), currency(sent)
    if not isinstance(cart.get("items"), list) or (not cart["items"] and cart_id(sent) is None):
        return []
    lines = [items.item(source, code, **_line(mapping(one))) for one in listing(cart["items"])]
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
    product = sent.entity(f"{MAGENTO}product")
    prices = (dig(product, "pricing", name) for name in PRICES)
    return {
        "id": first(product, "sku"),
        "name": product.get("name"),
        "category": next(iter(listing(product.get("categories"))), None),
        "price": next((price for price in prices if money.money(price)), None),
        "url": product.get("canonicalUrl"),
        "image": product.get("mainImageUrl"),
    }


EVENTS: Final[dict[str, Translator]] = {
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
