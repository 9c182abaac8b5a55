"""What a visitor's state tells the people stage: presence, changes of person, own facts.

Source: docs/semantics.md, 4. Every fact takes the visitor's next fact number; after a change of person
nothing counts as sent to the new one.
"""

from msgspec import UNSET

from stream.events.types import ConsentChanged, OrderCancelled, OrderPlaced, VisitorIdentified
from stream.outputs.outputs import Outputs
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import AnyFact, CartSummary, Summary
from stream.state.orders import HandedOrder
from stream.state.visitor import (
    ACTIVE,
    IDLE,
    IDLE_AFTER,
    NOTHING,
    Visitor,
    open_checkout,
    something_to_act_on,
)


def _send(state: Visitor, fact: AnyFact, out: Outputs) -> None:
    state.facts += 1
    out.tell(fact)


def idle(state: Visitor, t: int, out: Outputs) -> None:
    fact = facts.Idle(
        at=t,
        visitor=state.id,
        n=state.facts,
        person=state.person,
        summary=summary(state, t),
    )
    _send(state, fact, out)
    state.sent = IDLE


def active(state: Visitor, t: int, out: Outputs) -> None:
    fact = facts.Active(
        at=t,
        visitor=state.id,
        n=state.facts,
        person=state.person,
        last_active=state.last_active,
    )
    _send(state, fact, out)
    state.sent = ACTIVE


def fell_idle(state: Visitor, out: Outputs) -> None:
    """The visitor's idle deadline: told if there is something to act on, or it was told active."""
    deadline = state.last_active + IDLE_AFTER
    state.idle_pending = False
    if state.sent == ACTIVE or something_to_act_on(state, deadline):
        idle(state, deadline, out)


def moved(state: Visitor, customer: str, t: int, out: Outputs) -> None:
    """The visitor becomes `customer`; a `visitor:` person hands its orders and consent over."""
    old = state.person
    _send(state, facts.Moved(at=t, visitor=state.id, n=state.facts, person=old), out)
    anonymous = state.customer is None
    state.customer = customer
    state.sent = NOTHING
    identified = facts.Identified(at=t, visitor=state.id, n=state.facts, person=state.person)
    if anonymous:
        identified.orders = [HandedOrder(order.id, order.at) for order in state.orders]
        identified.withdrawn = [name for name, granted in state.consent.items() if not granted]
        identified.granted = [name for name, granted in state.consent.items() if granted]
    _send(state, identified, out)


def presence(state: Visitor, changed: bool, t: int, out: Outputs) -> None:
    """After an event at `t` that is not engaged: whoever became another person is told of anew."""
    if changed and state.last_active != NEVER:
        if t - state.last_active < IDLE_AFTER:
            active(state, t, out)
        else:
            idle(state, t, out)


def ordered(state: Visitor, event: OrderPlaced, t: int, out: Outputs) -> None:
    fact = facts.Ordered(
        at=t,
        visitor=state.id,
        n=state.facts,
        person=state.person,
        order_id=event.order.id,
    )
    _send(state, fact, out)


def unordered(state: Visitor, event: OrderCancelled, t: int, out: Outputs) -> None:
    fact = facts.Unordered(
        at=t,
        visitor=state.id,
        n=state.facts,
        person=state.person,
        order_id=event.order.id,
    )
    _send(state, fact, out)


def consented(state: Visitor, event: ConsentChanged, t: int, out: Outputs) -> None:
    fact = facts.Consented(
        at=t,
        visitor=state.id,
        n=state.facts,
        person=state.person,
        channels=list(event.channels),
        granted=event.granted,
    )
    _send(state, fact, out)


def identified(state: Visitor, event: VisitorIdentified, t: int, out: Outputs) -> None:
    fact = facts.Identified(at=t, visitor=state.id, n=state.facts, person=state.person)
    if event.contacts is not UNSET:
        fact.contacts = list(event.contacts)
    if event.traits is not UNSET:
        if event.traits.orders is not UNSET:
            fact.traits_orders = event.traits.orders
        if event.traits.value is not UNSET:
            fact.traits_value = event.traits.value
    if event.time_zone is not UNSET:
        fact.time_zone = event.time_zone
    _send(state, fact, out)


def summary(state: Visitor, t: int) -> Summary:
    cart, checkout = state.cart, open_checkout(state, t)
    evidence = [state.search_event] if state.search_event else []
    evidence += [state.cart_event] if state.cart_event else []
    evidence += [checkout.event] if checkout is not None else []
    return Summary(
        visit_start=state.visit_start,
        last_active=state.last_active,
        visits=state.visits,
        orders=len(state.orders),
        cart=CartSummary(
            cart.id,
            cart.changed_at,
            cart.added_at,
            list(cart.lines.values()),
            cart.currency,
            cart.url,
        ),
        checkout=checkout,
        views=state.glances(),
        subject=state.subject(),
        searches=state.searches,
        query=state.query,
        unanswered=state.unanswered,
        evidence=evidence,
    )
