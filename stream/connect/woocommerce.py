"""WooCommerce's webhooks: customers, and orders in all their states, drafts and unpaid ones too.

Source: docs/connect.md, 1.4. Each order has a key of its own, which joins all that comes of it later.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from stream.connect import items, times
from stream.connect.bodies import no_row
from stream.connect.contact import contact_keys, contacts, identifies
from stream.connect.deliveries import Body, events_of, header, noted_visitor
from stream.connect.events import Who
from stream.connect.ids import content_id, event_id, identifier, shortened, thing
from stream.connect.money import currency
from stream.connect.reading import UNREADABLE, dig, first, listing, mapping, parse, text
from stream.connect.request import Given, body_of
from stream.connect.source import Source
from stream.connect.translation import Translation, compact
from stream.connect.urls import clean_url
from stream.connect.woocommerce_legacy import renewed

PING: Final = b"webhook_id="
"""The start of the body of a webhook's first call."""

PAYING: Final = frozenset({"pay_for_order", "key"})
"""Parameters that a link to pay for an order needs."""

RENEWALS: Final = ("_subscription_renewal", "_subscription_renewal_early")


class Delivery(Struct, frozen=True):
    """One webhook. `shop`: the address that sent it; it keeps the ids of two shops apart."""

    topic: str
    shop: str
    body: dict[str, Any]
    source: Source
    now: int
    out: Translation

    def changed(self) -> int | None:
        """The time of the change (ms)."""
        time = first(self.body, "date_modified_gmt", "date_created_gmt")
        return times.client_time(self.now, None, time, server=True)

    def id(self, *parts: Any) -> str:
        """The event's id, of the object and the time of its change. All deliveries of a second share one own id."""
        when = text(self.body.get("date_modified_gmt"))
        if when is None and self.topic != "order.deleted":
            return content_id("wc", self.shop, self.topic, self.body)
        return event_id("wc", self.shop, *parts, when or "deleted")


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    raw, topic = body_of(given), (header(given, "x-wc-webhook-topic") or "").lower()
    body = renewed(parse(raw))
    if raw.startswith(PING):
        out.leave_out(topic, "ping")
    elif not isinstance(body, dict):
        out.refuse(0, "not_json" if body is UNREADABLE else "not_an_object")
    elif topic not in TOPICS or source.events.get(topic) == "ignore":
        out.leave_out(topic, "ignored" if topic else "no_topic")
    else:
        TOPICS[topic](Delivery(topic, _shop(given, source), body, source, now, out))
    return out


def _shop(given: Given, source: Source) -> str:
    """The shop's address, without its scheme: sites of one network may have the same host."""
    try:
        site = urlsplit(header(given, "x-wc-webhook-source") or "")
    except ValueError:
        return source.name
    return f"{site.hostname}{site.path.rstrip('/')}" if site.hostname else source.name


def order(it: Delivery) -> None:
    """Translates an order by its state."""
    status = "trash" if it.topic == "order.deleted" else text(it.body.get("status")) or ""
    status = status.lower().removeprefix("wc-")
    own = it.source.events.get(status)
    function = STATES.get(status) if own is None else MEANT.get(own)
    if identifier(it.body.get("id")) is None:
        it.out.leave_out(it.topic, "no_order_id", "$.id")
    elif own == "ignore" or (function in UNPAID and _renews(it.body)):
        it.out.leave_out(it.topic, "ignored", "$.status")
    elif function is None:
        no_row("status", status).leave_out(it.out, it.topic, "$.status")
    else:
        noted = noted_visitor(it.body.get("meta_data"), "key")
        who, bodies = _owned(_who(it, noted), function(it), it.source)
        it.out.events += events_of(it.id(text(it.body["id"]), status), who, bodies)


def _owned(who: Who, bodies: list[Body], source: Source) -> tuple[Who, list[Body]]:
    """The owner and the bodies of a state. A webhook shows no presence: its carts and checkouts have no visitor.

    If a tag reports carts, an unpaid order only says whose its visitor is. A failed payment is that visitor's, because
    the cart of the order comes back there.
    """
    if who.visitor is None or all(kind.startswith("order.") for kind, _ in bodies):
        return who, bodies
    if source.cart_authority or not (who.customer or identifies(who.keys)):
        return structs.replace(who, visitor=None), bodies
    failed = [body for body in bodies if body[0] == "payment.failed"]
    return who, failed or [("visitor.identified", {})]


def customer(it: Delivery) -> None:
    name = identifier(it.body.get("id"))
    if name is None:
        it.out.leave_out(it.topic, "no_customer", "$.id")
        return
    email, phone = it.body.get("email"), dig(it.body, "billing", "phone")
    count, spent = it.body.get("orders_count"), it.body.get("total_spent")
    traits = items.traits(count, spent, it.source.currency)
    keys = contact_keys(it.source, email, phone)
    body = {"contacts": contacts(email, phone), "traits": traits}
    who = Who(customer=name, keys=keys, client_time=it.changed())
    it.out.events += events_of(it.id("customer", name), who, [("visitor.identified", body)])


def _who(it: Delivery, visitor: str | None) -> Who:
    email, phone = dig(it.body, "billing", "email"), dig(it.body, "billing", "phone")
    keys = {"checkout": shortened(f"{it.shop}:{text(it.body.get('id'))}")}
    return Who(
        visitor=visitor,
        customer=identifier(it.body.get("customer_id")),
        keys=keys | contact_keys(it.source, email, phone),
        client_time=it.changed(),
    )


def _draft(it: Delivery) -> list[Body]:
    """A checkout, then its lines as a cart: an old cart that comes first would be reminded of at that moment."""
    return [("checkout.started", {}), *_cart(it, None)]


def _pending(it: Delivery) -> list[Body]:
    return [("checkout.advanced", {"stage": "payment"}), *_cart(it, it.body.get("payment_url"))]


def _placed(it: Delivery) -> list[Body]:
    placed = items.order(
        it.source,
        id=it.body.get("id"),
        value=it.body.get("total"),
        currency=it.body.get("currency"),
        lines=_lines(it, items.ordered),
    )
    return [("order.placed", {"order": {**placed, **compact(recurring=_renews(it.body))}})]


def _renews(body: dict[str, Any]) -> bool | None:
    """True of a renewal, and of a part of another order (of one vendor of several, of a later rate): nobody placed it.
    Else None."""
    notes = (dig(note, "key") for note in listing(body.get("meta_data")))
    renewed = body.get("created_via") == "subscription" or any(key in RENEWALS for key in notes)
    return renewed or identifier(body.get("parent_id")) is not None or None


def _failed(it: Delivery) -> list[Body]:
    """A failed payment: it takes the order out first, then sets the cart to the lines of now. A renewal was no cart."""
    renewed = _renews(it.body)
    order = compact(id=thing(it.body.get("id")), recurring=renewed)
    cart = [] if renewed else _cart(it, it.body.get("payment_url"))
    return [("payment.failed", {"order": order}), *cart]


def _cancelled(it: Delivery) -> list[Body]:
    return [("order.cancelled", {"order": {"id": thing(it.body.get("id"))}})]


def _cart(it: Delivery, link: Any) -> list[Body]:
    """The order's lines as a cart, until it is paid. The cart has no id, like all carts of WooCommerce."""
    if not it.source.cart_authority or not listing(it.body.get("line_items")):
        return []
    cart = items.cart(
        it.source,
        _lines(it, items.item),
        version=times.moment(it.body.get("date_modified_gmt")),
        currency=currency(it.body.get("currency")),
    )
    url = clean_url(link, {*it.source.url_parameters, *PAYING})
    return [("cart.updated", {"cart": {**cart, **compact(url=url)}})]


Line = Callable[..., dict[str, Any] | None]


def _lines(it: Delivery, line: Line) -> list[dict[str, Any] | None]:
    """The lines of the order, in the form of a cart's or an order's lines."""
    code, given = currency(it.body.get("currency")), listing(it.body.get("line_items"))
    return [line(it.source, code, **_fields(mapping(each))) for each in given]


def _fields(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": identifier(line.get("product_id")),
        "variant": identifier(line.get("variation_id")),
        "quantity": line.get("quantity"),
        "name": first(line, "name", "parent_name"),
        "price": line.get("price"),
        "image": dig(line, "image", "src"),
    }


def _delivered(it: Delivery) -> list[Body]:
    """A delivered order was placed, even if no webhook reported that."""
    return [*_placed(it), ("order.delivered", {"order": {"id": thing(it.body.get("id"))}})]


UNPAID: Final = (_draft, _pending)
"""What a shopper does at the checkout. Nobody is there when a subscription renews."""

STATES: Final[dict[str, Callable[[Delivery], list[Body]]]] = {
    "checkout-draft": _draft,
    "pending": _pending,
    "processing": _placed,
    "completed": _placed,
    "on-hold": _placed,
    "delivered": _delivered,
    "failed": _failed,
    "cancelled": _cancelled,
    "refunded": _cancelled,
    "trash": _cancelled,
}
MEANT: Final[dict[str, Callable[[Delivery], list[Body]]]] = {
    "checkout.started": _draft,
    "checkout.advanced": _pending,
    "order.placed": _placed,
    "order.delivered": _delivered,
    "order.cancelled": _cancelled,
    "payment.failed": _failed,
}
"""The types to which the shop's table may map a status of its own."""

TOPICS: Final[dict[str, Callable[[Delivery], None]]] = {
    "order.created": order,
    "order.updated": order,
    "order.restored": order,
    "order.deleted": order,
    "customer.created": customer,
    "customer.updated": customer,
}
