"""Section 2: which events of a visitor are ignored, which are late, which are unattended."""

from tests.reference.events import ENGAGED, EVEN_IF_LATE, OF_SOMEBODY_PRESENT, SHOP, Event
from tests.reference.orders import Orders
from tests.reference.times import MINUTE
from tests.reference.visitor import Visitor


def late(event: Event, at: int) -> bool:
    return event.client_time is not None and event.client_time < at - 5 * MINUTE


def unattended(event: Event, at: int) -> bool:
    """Whether a cart, checkout or payment event is no sign of an active visitor."""
    return event.type in SHOP and (late(event, at) or event.owner.pseudo)


def customer_goes(visitor: Visitor, event: Event, at: int) -> bool:
    """Whether the event ends the customer: by `customer: null`, or by another customer."""
    if visitor.customer is None:
        return False
    if event.owner.customer is not None:
        return event.owner.customer != visitor.customer
    says_so = event.type in ENGAGED or event.type == "visitor.identified"
    says_so = says_so and not late(event, at) and not event.owner.pseudo
    return event.owner.customer_null and says_so


def of_a_customer_before(visitor: Visitor, event: Event, at: int) -> bool:
    """Whether it is a late event of a customer before the visitor's last change of customer."""
    if visitor.customer_changed is None or event.client_time is None or not late(event, at):
        return False
    customer = event.owner.customer
    other = customer is not None and customer != visitor.customer
    return other and event.client_time < visitor.customer_changed


def ignored(visitor: Visitor, event: Event, at: int) -> bool:
    """Whether the event is ignored: it changes nothing, not even the person."""
    kind, order = event.type, event.body.get("order", {})
    if event.owner.pseudo and kind in OF_SOMEBODY_PRESENT:
        return True
    if (kind, event.id) in visitor.ids:
        return True
    if kind == "person.erased":
        return False
    if of_a_customer_before(visitor, event, at):
        orders_and_consents = {"order.placed", "order.cancelled", "consent.changed"}
        return kind not in orders_and_consents | {"order.delivered", "visitor.subscribed"}
    if late(event, at) and kind not in EVEN_IF_LATE | SHOP:
        return True
    if kind not in SHOP:
        return False
    orders = Orders() if customer_goes(visitor, event, at) else visitor.orders
    if late(event, at) or kind == "payment.failed":
        if event.client_time is not None and event.client_time <= orders.last_time():
            return True
    if kind != "payment.failed":
        return False
    recurring = [each.id for each in orders.record if each.recurring]
    return order.get("recurring", False) or order.get("id") in recurring
