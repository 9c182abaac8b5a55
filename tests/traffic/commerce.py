"""Translates the verbs that trackers share (GA4 names) to our events."""

from collections.abc import Sequence
from typing import Any

from tests.traffic.home import Document, Unmapped, name, number


def thing(id: Any, price: Any = None, **looks: Any) -> Document:
    """A product with its id, price and other given fields."""
    details = {key: value for key, value in looks.items() if isinstance(value, str)}
    return {"id": name(id), **details} | ({} if price is None else {"price": number(price)})


def line(product: Document, quantity: Any = None, variant: Any = None) -> Document:
    """A product as a cart line."""
    item = {"product_id": product["id"], **product, "quantity": max(1, int(number(quantity or 1)))}
    del item["id"]
    return item | ({"variant_id": name(variant)} if variant else {})


def bodies(verb: str, items: Sequence[Document], details: Document) -> list[Document]:
    """Event bodies without owner and time. `items`: lines; `details`: query, list, order, value, step.

    Raises Unmapped.
    """
    if verb in SIMPLE:
        return [SIMPLE[verb]]
    if verb in ("add_to_cart", "remove_from_cart") and items:
        kind = "cart.item_added" if verb == "add_to_cart" else "cart.item_removed"
        return [{"type": kind, "item": item} for item in items]
    if verb in ("view_item", "select_item") and items:
        looks = {key: items[0][key] for key in ("name", "category", "price") if key in items[0]}
        return [{"type": "product.viewed", "product": {"id": items[0]["product_id"], **looks}}]
    if verb == "view_item_list":
        return [{"type": "category.viewed", "category": name(details.get("list"))}]
    if verb in ("search", "view_search_results"):
        return [{"type": "search.performed", "query": name(details.get("query"))}]
    if verb == "purchase":
        order = {"id": name(details.get("order")), "value": number(details.get("value"))}
        return [{"type": "order.placed", "order": order}]
    if verb == "refund":
        return [{"type": "order.cancelled", "order": {"id": name(details.get("order"))}}]
    raise Unmapped(verb)


SIMPLE: dict[str, Document] = {
    "page_view": {"type": "page.viewed"},
    "view_cart": {"type": "page.viewed", "page": {"kind": "cart"}},
    "begin_checkout": {"type": "checkout.started"},
    "add_shipping_info": {"type": "checkout.advanced", "stage": "shipping"},
    "add_payment_info": {"type": "checkout.advanced", "stage": "payment"},
}
