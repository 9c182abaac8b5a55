"""Judges whether and how an event is applied: late events, pseudo-visitors, payments of earlier attempts.

Source: docs/semantics.md, 2 ("Late", "Unattended change"), 3 ("A payment that fails after the order"), 11.
"""

from typing import Any, Final

from msgspec import UNSET

from stream.events.owner import customer_of, is_pseudo
from stream.events.types import (
    APPLIED_LATE,
    LEAVES,
    ActivityPinged,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutAdvanced,
    CheckoutStarted,
    Event,
    ExitSignal,
    PageViewed,
    PaymentFailed,
    ProductViewed,
    SearchPerformed,
    VisitorIdentified,
)
from stream.state.ordered import last_order
from stream.state.visitor import Visitor

ATTENDED, UNATTENDED, ELSEWHERE, LATE, IGNORED = 0, 1, 2, 3, 4
"""The verdicts. ATTENDED: applied, somebody is at a screen. UNATTENDED: applied, nobody is.
ELSEWHERE: applied to the former customer only. LATE and IGNORED: not applied."""

PRESENT: Final = frozenset(
    (PageViewed, ProductViewed, CategoryViewed, SearchPerformed, ActivityPinged, ExitSignal)
)
"""Events that only count at their own time, and only with somebody at a screen."""

SHOPPING: Final = frozenset(
    (CartUpdated, CartItemAdded, CartItemRemoved, CheckoutStarted, CheckoutAdvanced, PaymentFailed)
)
"""Events that can be unattended changes."""


def judge(state: Visitor | None, event: Any, kind: type, late: bool) -> int:
    pseudo = is_pseudo(event.visitor)
    if kind in PRESENT:
        return LATE if late else IGNORED if pseudo else ATTENDED
    if late and state is not None and _of_another(state, event):
        return LATE if kind in SHOPPING or kind is VisitorIdentified else ELSEWHERE
    if kind in APPLIED_LATE:
        return ATTENDED
    if kind is PaymentFailed and event.order is not UNSET and event.order.recurring:
        return LATE if late else IGNORED
    if state is not None and _before_the_order(state, event, kind, late):
        return LATE if late else IGNORED
    return UNATTENDED if late or pseudo else ATTENDED


def _of_another(state: Visitor, event: Event) -> bool:
    """Whether a late event belongs to a former customer. Such an event changes no person."""
    customer = customer_of(event)
    sent = event.client_time
    return (
        customer is not None
        and customer != state.customer
        and sent is not UNSET
        and sent < state.customer_since
    )


def _before_the_order(state: Visitor, event: Event, kind: type, late: bool) -> bool:
    """Whether an event is from before the last order, or about a recurring order of the record."""
    if goes(state, event, kind, late):
        return False
    order = event.order if type(event) is PaymentFailed else UNSET
    if order is not UNSET and order.id is not UNSET and _recurs(state, order.id):
        return True
    sent = event.client_time
    if sent is UNSET or not (late or kind is PaymentFailed):
        return False
    last = last_order(state)
    return last is not None and sent <= last


def _recurs(state: Visitor, id: str) -> bool:
    return any(order.recurring and order.id == id for order in state.orders)


def goes(state: Visitor, event: Event, kind: type, late: bool) -> bool:
    """Whether this event means that the customer has logged out."""
    if state.customer is None:
        return False
    if event.customer is None and kind in LEAVES and not late and not is_pseudo(event.visitor):
        return True
    customer = customer_of(event)
    return customer is not None and customer != state.customer
