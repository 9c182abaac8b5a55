"""Section 4: a change of person, published before its event is applied."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.reference import acceptance
from tests.reference.events import Event
from tests.reference.facts import HandedOver
from tests.reference.orders import Order
from tests.reference.visitor import Visitor

if TYPE_CHECKING:
    from tests.reference.visitors import Stage


def change_of_person(stage: "Stage", event: Event, at: int) -> bool:
    """Whether this event changes the visitor's person."""
    before = stage.visitor.person()
    gone = acceptance.customer_goes(stage.visitor, event, at)
    if gone:
        if stage.visitor.has_reason_to_be_idle(at):
            stage.presence("visitor.idle", at)
        stage.visitor = stage.visitor.next_customer(at)
    visitor = stage.visitor
    _take_names(visitor, event, at)
    after = visitor.person()
    if after == before:
        return False
    if not gone:
        stage.tell(before, "visitor.moved")
    if not gone or not after.startswith("visitor:"):
        handed = HandedOver(_orders(visitor), dict(visitor.consent), visitor.subscription)
        handed.watches, handed.visitor = [*visitor.watches.values()], visitor.id
        visitor.subscription = None
        stage.tell(after, "handed over", handed)
    visitor.presence, visitor.summary_was_full = None, False
    return True


def _take_names(visitor: Visitor, event: Event, at: int) -> None:
    customer = event.owner.customer
    if customer is not None and customer != visitor.customer:
        visitor.customer, visitor.customer_changed = customer, at
    for key in event.owner.keys:
        if key.startswith("email:"):
            visitor.email = key
        if key.startswith("phone:"):
            visitor.phone = key


def _orders(visitor: Visitor) -> list[Order]:
    """The visitor's orders; only the one in `ordered` keeps its cart id and contents."""
    kept = visitor.ordered
    return [
        _whole(order) if kept is not None and order is kept.order else _bare(order)
        for order in visitor.orders.record
    ]


def _bare(order: Order) -> Order:
    return replace(_whole(order), cart_id=None, lines=[])


def _whole(order: Order) -> Order:
    """The order with its recorded value; a formerly recurring one has its value from then."""
    return replace(order, value=order.worth(), kept_value=None)
