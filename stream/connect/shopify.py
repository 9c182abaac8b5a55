"""Shopify's webhooks: carts, checkouts, orders and customers. None names a visitor.

Source: docs/connect.md, 1.3.1, 3 and 4. Amounts are in the shop's money, everywhere.
"""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items, times
from stream.connect.contact import contact_keys
from stream.connect.deliveries import Body, ended_cart, noted_visitor
from stream.connect.events import Who
from stream.connect.reading import (
    UNREADABLE,
    first,
    is_present,
    listing,
    mapping,
    parse,
    text,
)
from stream.connect.request import Given, body_of
from stream.connect.shopify_customers import consent, customer, erased, purchases
from stream.connect.shopify_delivery import Delivery, delivery, topic_of, unwrapped
from stream.connect.shopify_fulfilment import all_delivered, fulfillment
from stream.connect.shopify_ids import plain
from stream.connect.shopify_lines import cart_line, line_currency, ordered_line
from stream.connect.source import Source
from stream.connect.translation import Translation, compact
from stream.connect.urls import clean_url

PLACED_WITHIN: Final = 86_400_000
"""Ms: orders/updated places an order younger than this. Later updates are about parcels and notes. An order that was
processed longer ago than this when it was created is an import."""

RESTORING: Final = "key"
"""The parameter that a link to an abandoned checkout needs to restore it."""

RENEWALS: Final = "subscription_contract"
RENEWAL_TAG: Final = "subscription recurring order"


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    headers, body = unwrapped(given, parse(body_of(given)))
    topic = topic_of(headers, WRITTEN)
    if not isinstance(body, dict):
        out.refuse(0, "not_json" if body is UNREADABLE else "not_an_object")
        return out
    function = TOPICS.get(topic)
    if function is None or source.events.get(topic) == "ignore":
        out.leave_out(topic, NEEDLESS.get(topic, "ignored"))
    else:
        function(delivery(topic, headers, body, source, now, out))
    return out


def cart(it: Delivery) -> None:
    """A cart. A new one without lines is skipped: its token will change."""
    token, lines = plain(first(it.body, "token", "id")), it.body.get("line_items")
    if token is None or not isinstance(lines, list):
        it.leave_out("no_cart", "$.token" if token is None else "$.line_items")
    elif not lines and it.topic == "carts/create":
        it.leave_out("empty", "$.line_items")
    else:
        it.add_events(Who(client_time=it.when), _cart(it, token, lines))


def checkout(it: Delivery) -> None:
    """A checkout with its lines as a cart. Without a cart's token the cart has the checkout's.

    The step goes first. It says that somebody is at the checkout now: a cart that is hours old, and alone would name
    its owner, would be reminded of in that moment.
    """
    if is_present(it.body.get("completed_at")):
        it.leave_out("completed", "$.completed_at")
        return
    who = _who(it)
    stage = None if it.topic == "checkouts/create" else _stage(it.body)
    step: Body = ("checkout.advanced", {"stage": stage}) if stage else ("checkout.started", {})
    lines = listing(it.body.get("line_items"))
    if lines and "cart" in who.keys:
        it.add_events(who, step, _cart(it, who.keys["cart"], lines))
    else:
        it.add_events(who, step)


def order(it: Delivery) -> None:
    """An order. Created, paid and updated all place it: the first one counts, the others repeat it."""
    body = it.body
    if body.get("test") is True:
        it.leave_out("test", "$.test")
    elif is_present(body.get("cancelled_at")) or body.get("financial_status") in TAKEN_BACK:
        _cancel(it)
    else:
        who = _who(it, noted_visitor(body.get("note_attributes")))
        bodies = list[Body]()
        placed = it.topic != "orders/updated" or _is_young(body)
        if placed:
            bodies.append(("order.placed", {"order": _order(it, who), **_imported(body)}))
        name = _id(body)
        if name is not None and all_delivered(body):
            bodies.append(("order.delivered", {"order": {"id": name}}))
        if bodies:
            it.add_events(who, *bodies)
        else:
            it.leave_out("old", "$.created_at")
        if placed and not _is_renewal(body):
            it.out.events += ended_cart(it.source, it.id, who, body.get("created_at"))


TAKEN_BACK: Final = ("refunded", "voided")


def cancelled(it: Delivery) -> None:
    if it.body.get("test") is True:
        it.leave_out("test", "$.test")
    else:
        _cancel(it)


def _cancel(it: Delivery) -> None:
    name = _id(it.body)
    if name is None:
        it.leave_out("no_order_id", "$.id")
        return
    who = _who(it, noted_visitor(it.body.get("note_attributes")))
    it.add_events(who, ("order.cancelled", {"order": {"id": name}}))


def _order(it: Delivery, who: Who) -> dict[str, Any]:
    lines = listing(it.body.get("line_items"))
    code = line_currency(it.body, lines)
    total = first(it.body, "current_total_price_set.shop_money", "total_price_set.shop_money")
    placed = items.order(
        it.source,
        id=_id(it.body),
        value=first(mapping(total), "amount")
        or first(it.body, "current_total_price", "total_price"),
        currency=first(mapping(total), "currency_code") or it.body.get("currency"),
        cart_id=who.keys.get("cart"),
        lines=[ordered_line(it.source, mapping(line), code) for line in lines],
    )
    return {**placed, **({"recurring": True} if _is_renewal(it.body) else {})}


def _id(order: dict[str, Any]) -> str | None:
    """The order's id. A subscription to some fields alone may leave out the plain one."""
    return plain(first(order, "id", "admin_graphql_api_id"))


def _cart(it: Delivery, token: str, lines: list[Any]) -> Body:
    code = line_currency(it.body, lines)
    whole_cart = items.cart(
        it.source,
        [cart_line(it.source, mapping(line), code) for line in lines],
        id=token,
        version=times.moment(it.body.get("updated_at")),
        currency=code,
    )
    link = clean_url(it.body.get("abandoned_checkout_url"), {*it.source.url_parameters, RESTORING})
    return "cart.updated", {"cart": {**whole_cart, **compact(url=link)}}


def _who(it: Delivery, visitor: str | None = None) -> Who:
    """The owner, by every key. Only an order has a visitor: a webhook does not show that anybody is there."""
    body = it.body
    of_checkout = plain(
        body.get("token" if it.topic.startswith("checkouts/") else "checkout_token")
    )
    email = first(body, "email", "contact_email", "customer.email")
    phone = first(body, "phone", "customer.phone", "sms_marketing_phone")
    keys = compact(cart=plain(body.get("cart_token")) or of_checkout, checkout=of_checkout)
    return Who(
        visitor=visitor,
        customer=plain(first(body, "customer.id", "customer.admin_graphql_api_id")),
        keys=keys | contact_keys(it.source, email, phone),
        client_time=it.when,
    )


def _stage(body: dict[str, Any]) -> str | None:
    """The furthest stage that is filled in."""
    if is_present(body.get("gateway")):
        return "payment"
    if any(body.get(name) for name in ("shipping_line", "shipping_lines", "shipping_address")):
        return "shipping"
    return "contact" if first(body, "email", "phone") is not None else None


def _is_young(body: dict[str, Any]) -> bool:
    created, updated = times.moment(body.get("created_at")), times.moment(body.get("updated_at"))
    return created is None or updated is None or updated - created <= PLACED_WITHIN


def _imported(body: dict[str, Any]) -> dict[str, Any]:
    """The mark of an order that was placed elsewhere, long before it came into this shop."""
    created, placed = times.moment(body.get("created_at")), times.moment(body.get("processed_at"))
    late = created is not None and placed is not None and created - placed > PLACED_WITHIN
    return {"imported": True} if late else {}


def _is_renewal(body: dict[str, Any]) -> bool:
    tags = text(body.get("tags")) or ",".join(map(str, listing(body.get("tags"))))
    return body.get("source_name") == RENEWALS or RENEWAL_TAG in tags.lower()


TOPICS: Final[dict[str, Callable[[Delivery], None]]] = {
    "carts/create": cart,
    "carts/update": cart,
    "checkouts/create": checkout,
    "checkouts/update": checkout,
    "orders/create": order,
    "orders/paid": order,
    "orders/updated": order,
    "orders/cancelled": cancelled,
    "customers/create": customer,
    "customers/update": customer,
    "customers/purchasing_summary": purchases,
    "customers_marketing_consent/update": consent,
    "customers_email_marketing_consent/update": consent,
    "fulfillments/create": fulfillment,
    "fulfillments/update": fulfillment,
    "fulfillment_events/create": fulfillment,
    "customers/redact": erased,
}
NEEDLESS: Final = {
    "": "no_topic",
    "refunds/create": "needs_the_order",
    "customers/merge": "not_supported",
    "customers/data_request": "data_request",
    "shop/redact": "shop_erasure",
}
"""Topics that are answered and left out, with the reason. The operator must handle a request for somebody's data, and the
end of a whole shop."""

WRITTEN: Final = {topic.replace("/", "_"): topic for topic in (*TOPICS, *NEEDLESS)}
"""The topics by the names that they have in Shopify's GraphQL, in lower case."""
