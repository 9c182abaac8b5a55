"""Sends facts about single events: orders, consents, identity. Source: docs/semantics.md, 4.

`person`: the receiver of the fact: the visitor's person, or another one.
"""

from typing import NamedTuple

from msgspec import UNSET

from stream.events.types import VisitorIdentified, VisitorSubscribed
from stream.outputs.outputs import Outputs
from stream.state import facts
from stream.state.cart import Contents
from stream.state.facts import number
from stream.state.visitor import Visitor
from stream.state.whole_order import WholeOrder, is_old


class PlacedOrder(NamedTuple):
    """An order of an event, with the cart contents that it emptied."""

    id: str
    cart_id: str | None
    contents: Contents | None
    whole: WholeOrder


def ordered(
    state: Visitor,
    person: str,
    order: PlacedOrder,
    recurring: bool,
    t: int,
    out: Outputs,
) -> None:
    id, cart_id, contents, whole = order
    out.add_fact(
        facts.Ordered(
            at=t,
            visitor=state.id,
            n=number(state),
            person=person,
            order_id=id,
            cart_id=cart_id,
            contents=contents,
            recurring=recurring,
            whole=whole,
        )
    )


def unordered(
    state: Visitor, person: str, id: str, unpaid: tuple[int, int] | None, t: int, out: Outputs
) -> None:
    out.add_fact(
        facts.Unordered(
            at=t, visitor=state.id, n=number(state), person=person, order_id=id, unpaid=unpaid
        )
    )


def delivered(state: Visitor, person: str, id: str, t: int, out: Outputs) -> None:
    fact = facts.Delivered(at=t, visitor=state.id, n=number(state), person=person, order_id=id)
    out.add_fact(fact)


def subscribed(
    state: Visitor, person: str, event: VisitorSubscribed, late: bool, t: int, out: Outputs
) -> None:
    out.add_fact(
        facts.Subscribed(
            at=t,
            visitor=state.id,
            n=number(state),
            person=person,
            channels=list(event.channels),
            late=late,
            old=is_old(event, t),
            event=event.id,
        )
    )


def consented(
    state: Visitor,
    person: str,
    channels: list[str],
    granted: bool,
    late: bool,
    t: int,
    out: Outputs,
) -> None:
    out.add_fact(
        facts.Consented(
            at=t,
            visitor=state.id,
            n=number(state),
            person=person,
            channels=list(channels),
            granted=granted,
            late=late,
        )
    )


def identified(state: Visitor, event: VisitorIdentified, t: int, out: Outputs) -> None:
    fact = facts.Identified(at=t, visitor=state.id, n=number(state), person=state.person)
    if event.contacts is not UNSET:
        fact.contacts = list(event.contacts)
    if event.traits is not UNSET:
        if event.traits.orders is not UNSET:
            fact.traits_orders = event.traits.orders
        if event.traits.value is not UNSET:
            fact.traits_value = event.traits.value
    if event.time_zone is not UNSET:
        fact.time_zone = event.time_zone
    out.add_fact(fact)
