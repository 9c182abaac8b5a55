"""Adobe Commerce's I/O Events: orders, quotes, customers and subscribers, as its observers send them.

Source: docs/connect.md, 1.8, its second way.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from stream.connect import items, money
from stream.connect.bodies import IGNORED, Bodies, Body, no_row, renamed
from stream.connect.contact import contact_keys, contacts, customer_id, identifies
from stream.connect.deliveries import ended_cart
from stream.connect.events import Who
from stream.connect.ids import identifier
from stream.connect.reading import dig, first, is_present, listing, mapping, whole
from stream.connect.source import Source
from stream.connect.times import client_time, moment
from stream.connect.translation import compact

PAYING: Final = frozenset({"pending_payment"})
"""States of an order whose buyer is still on the payment page."""

STANDING: Final = frozenset(
    {"new", "pending", "processing", "complete", "holded", "payment_review"}
)
ENDED: Final = frozenset({"canceled", "closed"})
"""States of an order that ended. A full refund closes it."""

NUMBERS: Final = ("increment_id", "real_order_id", "entity_id", "id")
"""Names of an order's number, the best first."""

SUBSCRIBED: Final = 1
UNSUBSCRIBED: Final = 3
NEWSLETTER: Final = "newsletter"
"""The category of consent behind a subscriber's status."""


class EventData(Struct, frozen=True):
    """What an observer sent. `value`: as the shop wrote it · `at`: the time of the CloudEvent (ms)."""

    value: dict[str, Any]
    at: Any
    source: Source
    now: int

    def owner(self, given: dict[str, Any], happened: Any = None) -> Who:
        """The owner of an order, a quote or a customer. A guest has no id."""
        address = _address(given)
        email = first(given, "customer_email", "subscriber_email", "email", "customer.email")
        return Who(
            customer=customer_id(first(given, "customer_id", "customer.id")),
            keys=contact_keys(self.source, email or address.get("email"), address.get("telephone")),
            client_time=client_time(self.now, None, happened or self.at, server=True),
        )


Translator = Callable[[EventData], tuple[Who, Bodies]]


def ordered(data: EventData) -> tuple[Who, Bodies]:
    """Translates an order by its state. A later change of a valid order repeats order.placed.

    Without a state it is placed: a shop may leave the field out of what it sends. A later save without a date is not.
    """
    order, number = _numbered(data)
    given = [order.get(name) for name in ("state", "status")]
    states = [str(each) for each in given]
    state = next((name for name in states if name in PAYING | STANDING | ENDED), None)
    ended = state in ENDED
    who = data.owner(order, order.get("updated_at" if ended else "created_at"))
    if number is None:
        return who, "no_order_id"
    own = renamed(data.source, *states)
    if own in OF_STATES:
        return who, OF_STATES[own](order, number, data.source)
    if own == "ignore":
        return who, IGNORED
    if ended or own == "order.cancelled":
        return who, _cancelled(number)
    if state is None and any(map(is_present, given)):
        return who, no_row("status", *reversed(given))
    dated = is_present(order.get("created_at"))
    if state is None and not dated and data.value.get("_isNew") is False:
        return who, "old"
    if state in PAYING:
        return _of_its_cart(who, order), [("checkout.advanced", {"stage": "payment"})]
    return who, _placed(order, number, data.source)


def cancelled(data: EventData) -> tuple[Who, Bodies]:
    """Translates a cancelled order. It may come without its state, which the shop chooses to send or not."""
    order, number = _numbered(data)
    who = data.owner(order, order.get("updated_at"))
    return who, "no_order_id" if number is None else _cancelled(number)


def _numbered(data: EventData) -> tuple[dict[str, Any], str | None]:
    """The order that an observer sent, and its number."""
    order = _order(data.value)
    return order, identifier(first(order, *NUMBERS))


def _order(value: dict[str, Any]) -> dict[str, Any]:
    return mapping(first(value, "order")) or value


def _cancelled(number: str) -> Bodies:
    return [("order.cancelled", {"order": {"id": number}})]


def _of_its_cart(who: Who, order: dict[str, Any]) -> Who:
    """Adds the key of the cart that became the order: a checkout step belongs to it."""
    cart = identifier(order.get("quote_id"))
    keys = compact(cart=cart, **who.keys)
    return Who(customer=who.customer, keys=keys, client_time=who.client_time)


def _placed(order: dict[str, Any], number: str, source: Source) -> Bodies:
    facts = items.order(
        source,
        id=number,
        value=order.get("grand_total"),
        currency=order.get("order_currency_code"),
        cart_id=identifier(order.get("quote_id")),
        lines=[
            items.ordered(source, **_line(one, "qty_ordered"))
            for one in _bought(order.get("items"))
        ],
    )
    return [("order.placed", {"order": facts})]


def ended(
    source: Source, id: str, who: Who, bodies: Bodies, value: dict[str, Any]
) -> list[dict[str, Any]]:
    """The quote of a placed order, emptied. `id`: of the order's event."""
    if not isinstance(bodies, list) or not any(kind == "order.placed" for kind, _ in bodies):
        return []
    order = _order(value)
    return ended_cart(source, id, _of_its_cart(who, order), order.get("created_at"))


def _delivered(order: dict[str, Any], number: str, source: Source) -> Bodies:
    """A delivered order was placed, even if no event reported that."""
    bodies: list[Body] = [("order.delivered", {"order": {"id": number}})]
    placed = _placed(order, number, source)
    return [*placed, *bodies] if isinstance(placed, list) else bodies


OF_STATES: Final = {"order.placed": _placed, "order.delivered": _delivered}
"""The types to which the shop's table may map a status of its own, beside order.cancelled and ignore."""


def _bought(lines: Any) -> list[dict[str, Any]]:
    """The lines without those that belong to another line: a red shirt has a line for the shirt and one for its variant."""
    return [
        one for one in map(mapping, _several(lines)) if not is_present(one.get("parent_item_id"))
    ]


def _several(lines: Any) -> list[Any]:
    """The elements of a list. PHP writes a list that is numbered with gaps, such as by ids of lines, as an object."""
    return list(lines.values()) if isinstance(lines, dict) else listing(lines)


def quoted(data: EventData) -> tuple[Who, Bodies]:
    """Translates a quote, which is a whole cart. An inactive quote has become an order, and is ignored."""
    quote = mapping(first(data.value, "quote")) or data.value
    who = data.owner(quote, quote.get("updated_at"))
    lines = quote.get("items")
    if not isinstance(lines, list | dict) or str(quote.get("is_active")).lower() in ("false", "0"):
        return who, IGNORED
    name = identifier(
        first(quote, "entity_id", "id") or dig(next(iter(_several(lines)), None), "quote_id")
    )
    if name is None and who.customer is None and not identifies(who.keys):
        return who, "no_cart_id"
    code = money.currency(first(quote, "quote_currency_code", "currency.quote_currency_code"))
    cart = items.cart(
        data.source,
        [items.item(data.source, code, **_line(one, "qty")) for one in _bought(lines)],
        id=name,
        version=moment(quote.get("updated_at")),
        currency=code,
    )
    return who, [("cart.updated", {"cart": cart})]


def identified(data: EventData) -> tuple[Who, Bodies]:
    customer = mapping(first(data.value, "customer")) or data.value
    name = customer_id(first(customer, "id", "entity_id"))
    known = data.owner({**customer, "customer_id": name}, customer.get("updated_at"))
    if name is None:
        return known, "no_customer"
    reached = contacts(customer.get("email"), _address(customer).get("telephone"))
    return known, [("visitor.identified", compact(contacts=reached))]


def subscribed(data: EventData) -> tuple[Who, Bodies]:
    """Translates a newsletter status: consent for email, unless the source's table says otherwise."""
    given = mapping(first(data.value, "subscriber")) or data.value
    who = data.owner(given, given.get("change_status_at"))
    status = whole(given.get("subscriber_status"))
    channels = data.source.consent.get(NEWSLETTER, ["email"])
    if status not in (SUBSCRIBED, UNSUBSCRIBED) or not channels:
        return who, IGNORED
    if status == SUBSCRIBED:
        return who, [("visitor.subscribed", {"channels": list(channels)})]
    return who, [("consent.changed", {"channels": list(channels), "granted": False})]


def _address(given: dict[str, Any]) -> dict[str, Any]:
    """The billing address, else the first one."""
    several = [mapping(one) for one in _several(given.get("addresses"))]
    billing = [one for one in several if one.get("address_type") == "billing"]
    return mapping(given.get("billing_address")) or next(iter(billing + several), {})


def _line(one: dict[str, Any], quantity: str) -> dict[str, Any]:
    return {
        "id": first(one, "sku"),
        "name": one.get("name"),
        "price": one.get("price"),
        "quantity": one.get(quantity),
    }


OBSERVERS: Final[dict[str, Translator]] = {
    "sales_order_save_commit_after": ordered,
    "sales_order_save_after": ordered,
    "sales_order_place_after": ordered,
    "checkout_submit_all_after": ordered,
    "order_cancel_after": cancelled,
    "sales.api.order_management.place": ordered,
    "sales.api.order_repository.save": ordered,
    "checkout_cart_product_add_after": quoted,
    "sales_quote_save_after": quoted,
    "sales_quote_save_commit_after": quoted,
    "customer_login": identified,
    "customer_register_success": identified,
    "customer_save_after": identified,
    "customer_save_commit_after": identified,
    "newsletter_subscriber_save_after": subscribed,
    "newsletter_subscriber_save_commit_after": subscribed,
}
"""The function for each observer or plugin, by its name without prefix."""
