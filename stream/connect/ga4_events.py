"""GA4's events, and what they become. Source: docs/connect.md, 1.2, its second table."""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items, money
from stream.connect.bodies import IGNORED, PING, Bodies, no_row
from stream.connect.consent import joined
from stream.connect.contact import addresses_of, contacts, customer_id, kinds_of
from stream.connect.ga4_hits import Hit
from stream.connect.ids import identifier
from stream.connect.pages import page, stage
from stream.connect.reading import first, text
from stream.connect.shopify_ids import cart_in
from stream.connect.source import Source
from stream.connect.translation import compact

Translator = Callable[[Hit, Source], Bodies]


def page_viewed(hit: Hit, source: Source) -> Bodies:
    params = hit.params
    screen = first(params, "screen_name", "firebase_screen")
    title = first(params, "page_title") or screen
    where = first(params, "page_location", "page_path")
    return [("page.viewed", {"page": page(where, title, params.get("page_type"), screen)})]


def product_viewed(hit: Hit, source: Source) -> Bodies:
    """A product view. Only the first item counts; others are shown beside it."""
    facts = _facts(hit.items[0]) if hit.items else {}
    product = items.product(source, currency(hit), **facts)
    return [("product.viewed", {"product": product})] if product is not None else "no_product"


def list_viewed(hit: Hit, source: Source) -> Bodies:
    shown = [hit.params, *hit.items[:1]]
    names = ("item_list_name", "item_category")
    category = next((text(found) for each in shown if (found := first(each, *names))), None)
    return [("category.viewed", {"category": category})] if category is not None else [PING]


def searched(hit: Hit, source: Source) -> Bodies:
    query = text(hit.params.get("search_term"))
    return [("search.performed", {"query": query})] if query is not None else [PING]


def added(hit: Hit, source: Source) -> Bodies:
    return items.each("cart.item_added", _lines(hit, source, items.item)) or "no_items"


def removed(hit: Hit, source: Source) -> Bodies:
    gone = [items.removed(**_facts(one)) for one in hit.items]
    return items.each("cart.item_removed", gone) or "no_items"


def cart_viewed(hit: Hit, source: Source) -> Bodies:
    """A whole cart, if it has items. An empty list may mean that none were given."""
    lines = _lines(hit, source, items.item)
    if not any(lines):
        way = page(hit.params.get("page_location"), hit.params.get("page_title"))
        return [("page.viewed", {"page": {**way, "kind": "cart"}})]
    whole = items.cart(source, lines, id=cart_of(hit), currency=currency(hit))
    return [("cart.updated", {"cart": whole})]


def checkout_started(hit: Hit, source: Source) -> Bodies:
    return [("checkout.started", {})]


def shipping_given(hit: Hit, source: Source) -> Bodies:
    return [("checkout.advanced", {"stage": "shipping"})]


def payment_given(hit: Hit, source: Source) -> Bodies:
    return [("checkout.advanced", {"stage": "payment"})]


def checkout_advanced(hit: Hit, source: Source) -> Bodies:
    """A checkout step that the shop named itself."""
    given = hit.params.get("checkout_step"), hit.name
    step = stage(source.steps, *given)
    return [("checkout.advanced", {"stage": step})] if step is not None else no_row("step", *given)


def payment_failed(hit: Hit, source: Source) -> Bodies:
    code = text(first(hit.params, "error_code", "code"))
    order = compact(id=identifier(hit.params.get("transaction_id")))
    return [("payment.failed", compact(code=code, order=order or None))]


def order_placed(hit: Hit, source: Source) -> Bodies:
    """An order, if it has a transaction id. Without one a reload of the thank-you page would be a second order."""
    name = identifier(hit.params.get("transaction_id"))
    if name is None:
        return "no_transaction_id"
    order = items.order(
        source,
        id=name,
        value=hit.params.get("value"),
        currency=currency(hit),
        cart_id=cart_of(hit),
        lines=_lines(hit, source, items.ordered),
    )
    return [("order.placed", {"order": order})]


def delivered(hit: Hit, source: Source) -> Bodies:
    name = identifier(first(hit.params, "transaction_id", "order_id"))
    return [("order.delivered", {"order": {"id": name}})] if name else "no_transaction_id"


def subscribed(hit: Hit, source: Source) -> Bodies:
    """A subscription. Only names of the shop's own table lead here."""
    channels = joined(source, hit.params, kinds_of(hit.user))
    return [("visitor.subscribed", {"channels": channels})] if channels else "no_channels"


def refunded(hit: Hit, source: Source) -> Bodies:
    name = identifier(hit.params.get("transaction_id"))
    if name is None:
        return "no_transaction_id"
    if hit.items:
        return "partial_refund"
    return [("order.cancelled", {"order": {"id": name}})]


def identified(hit: Hit, source: Source) -> Bodies:
    """A login with a user id. Some shops send an address instead, against Google's terms."""
    reached = contacts(*addresses_of(hit.user, None, None))
    if reached is not None:
        return [("visitor.identified", {"contacts": reached})]
    if customer_id(hit.user) is not None:
        return [("visitor.identified", {})]
    return [PING] if hit.browser else "no_user"


def pinged(hit: Hit, source: Source) -> Bodies:
    return [PING]


def present(hit: Hit, source: Source) -> Bodies:
    """What only somebody who is there does. A server that tells of it may do so at any time."""
    return [PING] if hit.browser else IGNORED


def ignored(hit: Hit, source: Source) -> Bodies:
    """Nothing: a page_view comes with it, or nobody is there."""
    return IGNORED


def currency(hit: Hit) -> str | None:
    places = [hit.params, *hit.items[:1]]
    return next((code for each in places if (code := money.currency(each.get("currency")))), None)


def _lines(
    hit: Hit, source: Source, line: Callable[..., dict[str, Any] | None]
) -> list[dict[str, Any] | None]:
    """The lines of a cart or an order. A line's currency is its own, else the hit's."""
    code = currency(hit)
    return [
        line(source, money.currency(one.get("currency")) or code, **_facts(one))
        for one in hit.items
    ]


def cart_of(hit: Hit) -> str | None:
    """The cart's id, else the token in the address of Shopify's checkout."""
    return identifier(hit.params.get("cart_id")) or cart_in(hit.params.get("page_location"))


def _facts(one: dict[str, Any]) -> dict[str, Any]:
    """The fields of an item. Google asks for an id or a name: a name is the id where there is no other."""
    id, name = _set(first(one, "item_id", "id")), _set(first(one, "item_name", "name"))
    return {
        "id": name if id is None else id,
        "name": name,
        "category": _set(first(one, "item_category", "category")),
        "variant": _set(one.get("item_variant")),
        "price": one.get("price"),
        "quantity": one.get("quantity"),
    }


def _set(value: Any) -> Any:
    """The value, None for `(not set)`: the export writes that for what is missing."""
    return None if value == "(not set)" else value


BY_ITSELF: Final = """
session_start first_visit first_open form_start
app_remove app_update app_clear_data app_exception os_update
app_store_refund app_store_subscription_cancel app_store_subscription_convert app_store_subscription_renew
notification_send notification_receive notification_dismiss"""
"""The events that come with a page_view, or that nobody is there for."""

EVENTS: Final[dict[str, Translator]] = {
    **dict.fromkeys(BY_ITSELF.split(), ignored),
    "page_view": page_viewed,
    "screen_view": page_viewed,
    "view_item": product_viewed,
    "view_item_list": list_viewed,
    "select_item": pinged,
    "view_promotion": pinged,
    "select_promotion": pinged,
    "search": searched,
    "view_search_results": searched,
    "add_to_cart": added,
    "remove_from_cart": removed,
    "view_cart": cart_viewed,
    "begin_checkout": checkout_started,
    "add_shipping_info": shipping_given,
    "add_payment_info": payment_given,
    "purchase": order_placed,
    "refund": refunded,
    "user_engagement": pinged,
    "scroll": pinged,
    "click": pinged,
    "file_download": pinged,
    "video_start": pinged,
    "video_progress": pinged,
    "video_complete": pinged,
    **dict.fromkeys(("add_to_wishlist", "select_content", "share", "form_submit"), present),
    **dict.fromkeys(("notification_open", "notification_foreground", "in_app_purchase"), present),
    "login": identified,
    "sign_up": identified,
}
"""The function for each GA4 event name."""

OURS: Final[dict[str, Translator]] = {
    "page.viewed": page_viewed,
    "product.viewed": product_viewed,
    "category.viewed": list_viewed,
    "search.performed": searched,
    "cart.item_added": added,
    "cart.item_removed": removed,
    "cart.updated": cart_viewed,
    "checkout.started": checkout_started,
    "checkout.advanced": checkout_advanced,
    "payment.failed": payment_failed,
    "order.placed": order_placed,
    "order.cancelled": refunded,
    "order.delivered": delivered,
    "visitor.subscribed": subscribed,
    "visitor.identified": identified,
    "activity.pinged": pinged,
    "ignore": ignored,
}
"""The types that a shop's table may name. Each reads the parameters of the GA4 event like it."""
