"""Messages of commercetools, in its own format or as CloudEvents: orders and customers.

Source: docs/connect.md, 1.9. Later messages name only the order, so each order has a key of its own.
"""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items
from stream.connect.commercetools_lines import amount, line
from stream.connect.contact import contact_keys, contacts
from stream.connect.deliveries import Said, header
from stream.connect.events import Who, event
from stream.connect.ids import content_id, event_id, identifier
from stream.connect.money import currency
from stream.connect.reading import (
    UNREADABLE,
    dig,
    first,
    is_present,
    listing,
    mapping,
    parse,
    text,
)
from stream.connect.request import Given, body_of
from stream.connect.source import Source
from stream.connect.times import client_time
from stream.connect.translation import Translation, compact

Told = dict[str, Any]


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = _unwrapped(parse(body_of(given)))
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    for index, each in enumerate(document if isinstance(document, list) else [document]):
        if isinstance(each, dict):
            _tell(_message(given, each), source, now, out)
        else:
            out.refuse(index, "not_an_object")
    return out


def _unwrapped(document: Any) -> Any:
    """The message: a connector writes it as a string, SNS as a string in `Message`, EventBridge in `detail`."""
    if isinstance(document, dict) and document.get("Type") == "Notification":
        document = document.get("Message")
    if isinstance(document, str):
        document = parse(document.encode("utf-8", "replace"))
    detail = dig(document, "detail")
    return detail if isinstance(detail, dict) else document


def _message(given: Given, told: Told) -> Told:
    """The message with the attributes of its CloudEvent, from inside it or from headers."""
    if "specversion" in told:
        attributes, data = told, mapping(told.get("data"))
    else:
        names = ("id", "type", "time")
        attributes = {
            name: header(given, f"ce_{name}") or header(given, f"ce-{name}") for name in names
        }
        data = told
    kind = text(data.get("type")) or (text(attributes.get("type")) or "").rpartition(".")[2]
    return {
        **data,
        "id": first(data, "id") or attributes.get("id"),
        "type": kind,
        "createdAt": first(data, "createdAt") or attributes.get("time"),
    }


def _tell(told: Told, source: Source, now: int, out: Translation) -> None:
    name = told["type"] or text(told.get("notificationType")) or "unnamed"
    read = MESSAGES.get(name)
    if read is None or source.events.get(name) == "ignore":
        out.leave_out(name, "ignored")
        return
    if is_present(told.get("payloadNotIncluded")):
        out.leave_out(name, "payload_not_included", "$.payloadNotIncluded")
        return
    said = read(told, source)
    if said is None:
        out.leave_out(name, "nothing_to_tell")
        return
    who, (kind, body) = said
    told_id = text(told.get("id"))
    id = event_id("ct", told_id) if told_id else content_id("ct", told)
    at = client_time(now, None, told.get("createdAt"), server=True)
    owner = Who(visitor=who.visitor, customer=who.customer, keys=who.keys, client_time=at)
    out.events.append(event(kind, id, owner, **body))


def _placed(told: Told, source: Source) -> tuple[Who, Said] | None:
    order = mapping(told.get("order"))
    name = identifier(first(order, "id") or _resource(told))
    if name is None:
        return None
    price = mapping(order.get("totalPrice"))
    code = currency(price.get("currencyCode"))
    cart = identifier(dig(order, "cart", "id"))
    placed = items.order(
        source,
        id=name,
        value=amount(price, code),
        currency=code,
        cart_id=cart,
        lines=[line(source, mapping(each)) for each in listing(order.get("lineItems"))],
    )
    if told["type"] == "OrderImported" or is_present(order.get("recurringOrder")):
        placed["recurring"] = True
    email = first(order, "customerEmail", "shippingAddress.email", "billingAddress.email")
    phone = first(order, "billingAddress.mobile", "billingAddress.phone")
    who = Who(
        visitor=identifier(order.get("anonymousId")),
        customer=identifier(order.get("customerId")),
        keys=compact(cart=cart, checkout=name) | contact_keys(source, email, phone),
    )
    return who, ("order.placed", {"order": placed})


def _state(told: Told, source: Source) -> tuple[Who, Said] | None:
    name = _order_id(told)
    if name is None or told.get("orderState") != "Cancelled":
        return None
    return Who(keys={"checkout": name}), ("order.cancelled", {"order": {"id": name}})


def _payment(told: Told, source: Source) -> tuple[Who, Said] | None:
    name = _order_id(told)
    if name is None or told.get("paymentState") != "Failed":
        return None
    return Who(keys={"checkout": name}), ("payment.failed", {"order": {"id": name}})


def _shipment(told: Told, source: Source) -> tuple[Who, Said] | None:
    name = _order_id(told)
    if name is None or told.get("shipmentState") != "Delivered":
        return None
    return Who(keys={"checkout": name}), ("order.delivered", {"order": {"id": name}})


def _customer(told: Told, source: Source) -> tuple[Who, Said] | None:
    customer = mapping(told.get("customer"))
    name = identifier(first(customer, "id") or _resource(told))
    email = first(customer, "email") or told.get("email")
    if name is None:
        return None
    who = Who(customer=name, keys=contact_keys(source, email, None))
    return who, ("visitor.identified", {"contacts": contacts(email, None)})


def _order_id(told: Told) -> str | None:
    return identifier(first(told, "orderId") or _resource(told))


def _resource(told: Told) -> Any:
    return dig(told, "resource", "id")


MESSAGES: Final[dict[str, Callable[[Told, Source], tuple[Who, Said] | None]]] = {
    "OrderCreated": _placed,
    "OrderImported": _placed,
    "OrderStateChanged": _state,
    "OrderPaymentStateChanged": _payment,
    "OrderShipmentStateChanged": _shipment,
    "CustomerCreated": _customer,
    "CustomerEmailChanged": _customer,
}
