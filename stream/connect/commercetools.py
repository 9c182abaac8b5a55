"""Messages of commercetools, in its own format or as CloudEvents: orders and customers.

Source: docs/connect.md, 1.9. Later messages name only the order, so each order has a key of its own.
"""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import items
from stream.connect.commercetools_lines import amount, line
from stream.connect.contact import contact_keys, contacts
from stream.connect.deliveries import Body, header
from stream.connect.events import Who, event
from stream.connect.ids import content_id, event_id, identifier
from stream.connect.money import currency
from stream.connect.reading import (
    UNREADABLE,
    dig,
    document_in,
    document_in_base64,
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

Message = dict[str, Any]
"""A message of commercetools, with the attributes of its CloudEvent."""


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    document = _unwrapped(parse(body_of(given)))
    if document is UNREADABLE:
        out.refuse(0, "not_json")
        return out
    for index, each in enumerate(document if isinstance(document, list) else [document]):
        if isinstance(each, dict):
            _translate_message(_message(given, each), source, now, out)
        else:
            out.refuse(index, "not_json" if each is UNREADABLE else "not_an_object")
    return out


def _unwrapped(document: Any) -> Any:
    """The message, or a list of messages, without what a queue put around it."""
    records = dig(document, "Records")
    each = records if isinstance(records, list) else document
    return [_of_a_queue(one) for one in each] if isinstance(each, list) else _of_a_queue(each)


def _of_a_queue(document: Any) -> Any:
    """A connector writes the message as a string, SNS as a string in `Message`, SQS as a string in `body`, Pub/Sub as
    base64 in `message.data`, EventBridge in `detail`, Event Grid in `data` beside `eventType`."""
    if dig(document, "eventSource") == "aws:sqs":
        document = document_in(dig(document, "body"))
    if dig(document, "Type") == "Notification":
        document = dig(document, "Message")
    packed = dig(document, "message", "data")
    if isinstance(packed, str):
        return document_in_base64(packed)
    document = document_in(document)
    inner = dig(document, "detail") or (dig(document, "eventType") and dig(document, "data"))
    return inner if isinstance(inner, dict) else document


def _message(given: Given, message: Message) -> Message:
    """The message with the attributes of its CloudEvent, from inside it or from headers."""
    if "specversion" in message:
        attributes, data = message, mapping(message.get("data"))
    else:
        names = ("id", "type", "time")
        attributes = {
            name: header(given, f"ce_{name}") or header(given, f"ce-{name}") for name in names
        }
        data = message
    kind = text(data.get("type")) or (text(attributes.get("type")) or "").rpartition(".")[2]
    return {
        **data,
        "id": first(data, "id") or attributes.get("id"),
        "type": kind,
        "createdAt": first(data, "createdAt") or attributes.get("time"),
    }


def _translate_message(message: Message, source: Source, now: int, out: Translation) -> None:
    name = message["type"] or text(message.get("notificationType")) or "unnamed"
    read = MESSAGES.get(name)
    if read is None or source.events.get(name) == "ignore":
        out.leave_out(name, "ignored")
        return
    if is_present(message.get("payloadNotIncluded")):
        out.leave_out(name, "payload_not_included", "$.payloadNotIncluded")
        return
    translated = read(message, source)
    if translated is None:
        out.leave_out(name, "nothing_to_tell")
        return
    who, (kind, body) = translated
    message_id = text(message.get("id"))
    id = event_id("ct", message_id) if message_id else content_id("ct", message)
    at = client_time(now, None, message.get("createdAt"), server=True)
    owner = Who(visitor=who.visitor, customer=who.customer, keys=who.keys, client_time=at)
    out.events.append(event(kind, id, owner, **body))


def _placed(message: Message, source: Source) -> tuple[Who, Body] | None:
    order = mapping(message.get("order"))
    name = identifier(first(order, "id") or _resource(message))
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
    if message["type"] in BY_NOBODY or is_present(order.get("recurringOrder")):
        placed["recurring"] = True
    email = first(order, "customerEmail", "shippingAddress.email", "billingAddress.email")
    phone = first(order, "billingAddress.mobile", "billingAddress.phone")
    who = Who(
        visitor=identifier(order.get("anonymousId")),
        customer=identifier(order.get("customerId")),
        keys=compact(cart=cart, checkout=name) | contact_keys(source, email, phone),
    )
    return who, ("order.placed", {"order": placed})


BY_NOBODY: Final = ("OrderImported", "OrderCreatedFromRecurringOrder")
"""Messages about orders that nobody placed: an import, and a renewal."""


def _state(message: Message, source: Source) -> tuple[Who, Body] | None:
    name = _order_id(message)
    if name is None or message.get("orderState") != "Cancelled":
        return None
    return Who(keys={"checkout": name}), ("order.cancelled", {"order": {"id": name}})


def _payment(message: Message, source: Source) -> tuple[Who, Body] | None:
    """A failed payment; or a later try, which places the order again that the failed one took back."""
    name, state = _order_id(message), text(message.get("paymentState"))
    if name is None or state is None or FAILED not in (state, message.get("oldPaymentState")):
        return None
    kind = "payment.failed" if state == FAILED else "order.placed"
    return Who(keys={"checkout": name}), (kind, {"order": {"id": name}})


FAILED: Final = "Failed"


def _shipment(message: Message, source: Source) -> tuple[Who, Body] | None:
    name = _order_id(message)
    if name is None or message.get("shipmentState") != "Delivered":
        return None
    return Who(keys={"checkout": name}), ("order.delivered", {"order": {"id": name}})


def _customer(message: Message, source: Source) -> tuple[Who, Body] | None:
    customer = mapping(message.get("customer"))
    name = identifier(first(customer, "id") or _resource(message))
    email = first(customer, "email") or message.get("email")
    if name is None:
        return None
    who = Who(customer=name, keys=contact_keys(source, email, None))
    return who, ("visitor.identified", {"contacts": contacts(email, None)})


def _order_id(message: Message) -> str | None:
    return identifier(first(message, "orderId") or _resource(message))


def _resource(message: Message) -> Any:
    return dig(message, "resource", "id")


MESSAGES: Final[dict[str, Callable[[Message, Source], tuple[Who, Body] | None]]] = {
    "OrderCreated": _placed,
    "OrderImported": _placed,
    "OrderCreatedFromRecurringOrder": _placed,
    "OrderStateChanged": _state,
    "OrderPaymentStateChanged": _payment,
    "OrderShipmentStateChanged": _shipment,
    "CustomerCreated": _customer,
    "CustomerEmailChanged": _customer,
}
