"""Events that neither start nor extend a visit. Source: docs/semantics.md, 2 to 5.

They are orders, consents, identities and exit signals. Each is applied. After a change of person the visitor's
presence is sent; then the event's own fact and its claims.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, structs

from stream.events.types import (
    ConsentChanged,
    ExitSignal,
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    VisitorIdentified,
    VisitorSubscribed,
)
from stream.kinds import registry
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_claims, announce_facts, orders_placed, own_facts
from stream.stages.own_facts import PlacedOrder
from stream.state import ordered
from stream.state.visitor import Visitor
from stream.state.whole_order import given_lines, is_old, whole


class Occasion(NamedTuple):
    """The circumstances of an event. `t`: ms · `changed`: it changed the visitor's person · `keys`: its keys of identity."""

    t: int
    late: bool
    changed: bool
    keys: list[str]


def _presence(state: Visitor, when: Occasion, out: Outputs) -> None:
    if when.changed:
        announce_facts.presence(state, when.t, out)


def _bind(state: Visitor, when: Occasion, out: Outputs) -> None:
    if when.changed or when.keys:
        announce_claims.bind(state, when.keys, when.changed, when.t, out)


def _signalled(
    state: Visitor, event: ExitSignal, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    _presence(state, when, out)
    for signalled in registry.AT_SIGNAL:
        signalled(state, event, when.t, recipes, out)
    _bind(state, when, out)


def _ordered(
    state: Visitor, event: OrderPlaced, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    t, recurring, before = when.t, event.order.recurring, state.ordered
    order, cart_key = orders_placed.place(state, event, t, out)
    _presence(state, when, out)
    own_facts.ordered(state, state.person, order, recurring, t, out)
    if not recurring and orders_placed.is_for_former(state, t):
        withheld = structs.replace(order.whole, withheld=True)
        former = order._replace(whole=withheld)
        own_facts.ordered(state, str(state.former), former, recurring, t, out)
    _bind(state, when, out)
    if not recurring:
        keys = [*when.keys, *([] if cart_key is None else [cart_key])]
        keys = list(dict.fromkeys([*keys, *announce_claims.own_keys(state)]))
        kept = state.ordered
        if kept is not None and kept is not before:  # A repetition changes nothing.
            kept.keys = keys
        announce_claims.ordered(state, state.person, keys, order, t, out)


def _unordered(
    state: Visitor, event: OrderCancelled, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    id = event.order.id
    kept = orders_placed.cancelled(state, id)
    _presence(state, when, out)
    own_facts.unordered(state, state.person, id, None, when.t, out)
    _bind(state, when, out)
    keys = [*when.keys, *announce_claims.own_keys(state), *kept]
    announce_claims.unordered(state, state.person, keys, id, None, when.t, out)


def _delivered(
    state: Visitor, event: OrderDelivered, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    id = event.order.id
    kept = ordered.is_kept(state, id)
    _presence(state, when, out)
    own_facts.delivered(state, state.person, id, when.t, out)
    _bind(state, when, out)
    keys = [*when.keys, *announce_claims.own_keys(state), *([] if kept is None else kept.keys)]
    announce_claims.delivered(state, state.person, keys, id, when.t, out)


def _subscribed(
    state: Visitor, event: VisitorSubscribed, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    """Applies a subscription, which also grants. Without a known person it is kept for the login."""
    channels: list[str] = list(event.channels)
    _consent(state, channels, True, when.late, when.t, out)
    state.subscribed = True
    if not (state.is_known or is_old(event, when.t) or {"push", "messenger"} & set(channels)):
        state.subscription = channels
    _presence(state, when, out)
    own_facts.subscribed(state, state.person, event, when.late, when.t, out)
    keys = [*when.keys, *announce_claims.own_keys(state)]
    announce_claims.consented(state, state.person, keys, channels, True, when.late, when.t, out)
    _bind(state, when, out)


def _consented(
    state: Visitor, event: ConsentChanged, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    consent: tuple[list[str], bool, bool] = (list(event.channels), event.granted, when.late)
    _consent(state, *consent, when.t, out)
    _presence(state, when, out)
    own_facts.consented(state, state.person, *consent, when.t, out)
    keys = [*when.keys, *announce_claims.own_keys(state)]
    if event.granted:
        announce_claims.consented(state, state.person, keys, *consent, when.t, out)
    _bind(state, when, out)
    if not event.granted:
        announce_claims.consented(state, state.person, keys, *consent, when.t, out)


def _identified(
    state: Visitor, event: VisitorIdentified, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    if event.traits is not UNSET:
        if event.traits.orders is not UNSET:
            state.traits_orders = event.traits.orders
        if event.traits.value is not UNSET:
            state.traits_value = event.traits.value
    _presence(state, when, out)
    own_facts.identified(state, event, when.t, out)
    _bind(state, when, out)


def _consent(
    state: Visitor, channels: list[str], granted: bool, late: bool, t: int, out: Outputs
) -> None:
    for channel in channels:
        if not (late and granted and state.consent.get(channel) is False):
            state.consent[channel] = granted
    kept = []
    for published in state.published:
        if t < published.valid_until:
            if any(state.consent.get(channel) is not False for channel in published.channels):
                kept.append(published)
            else:
                triggers.cancel(published, t, "consent", None, out)
    state.published = kept


def elsewhere(
    state: Visitor,
    event: OrderPlaced | OrderCancelled | OrderDelivered | ConsentChanged | VisitorSubscribed,
    person: str,
    when: Occasion,
    out: Outputs,
) -> None:
    """Sends a late event of a former customer to that customer and to the event's keys only."""
    t = when.t
    if isinstance(event, OrderPlaced):
        parts = whole(event, person, given_lines(event), t)
        order = PlacedOrder(event.order.id, orders_placed.named_cart(event), None, parts)
        own_facts.ordered(state, person, order, event.order.recurring, t, out)
        if not event.order.recurring:
            cart = event.order.cart_id
            keys = [*when.keys, *([] if cart is UNSET else [f"cart:{cart}"])]
            announce_claims.ordered(state, person, keys, order, t, out)
    elif isinstance(event, OrderCancelled):
        own_facts.unordered(state, person, event.order.id, None, t, out)
        announce_claims.unordered(state, person, when.keys, event.order.id, None, t, out)
    elif isinstance(event, OrderDelivered):
        own_facts.delivered(state, person, event.order.id, t, out)
        announce_claims.delivered(state, person, when.keys, event.order.id, t, out)
    elif isinstance(event, VisitorSubscribed):
        own_facts.subscribed(state, person, event, True, t, out)
        channels: list[str] = list(event.channels)
        announce_claims.consented(state, person, when.keys, channels, True, True, t, out)
    else:
        consent: tuple[list[str], bool, bool] = (list(event.channels), event.granted, True)
        own_facts.consented(state, person, *consent, t, out)
        announce_claims.consented(state, person, when.keys, *consent, t, out)


NOTED: Final[Mapping[type, Callable[[Visitor, Any, Occasion, Recipes, Outputs], None]]] = {
    ExitSignal: _signalled,
    OrderPlaced: _ordered,
    OrderCancelled: _unordered,
    OrderDelivered: _delivered,
    ConsentChanged: _consented,
    VisitorSubscribed: _subscribed,
    VisitorIdentified: _identified,
}
"""The function for each type of event."""
