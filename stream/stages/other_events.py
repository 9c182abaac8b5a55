"""Events that show nobody at work: orders, consent, identity, exit signals. Source: docs/semantics.md, 2 to 5.

They start and extend no visit. Each is applied, then presence follows a change of person, then the event's
own fact, then its claims.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from stream.events.types import (
    ConsentChanged,
    ExitSignal,
    OrderCancelled,
    OrderPlaced,
    VisitorIdentified,
)
from stream.kinds import registry
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_claims, announce_facts, orders_placed, own_facts
from stream.state.visitor import Visitor


class Occasion(NamedTuple):
    """How an event came: at `t`, late, with a change of person, with keys of identity."""

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
    t, recurring = when.t, event.order.recurring
    order, cart_key = orders_placed.place(state, event, t, out)
    _presence(state, when, out)
    own_facts.ordered(state, state.person, order, recurring, t, out)
    if not recurring and orders_placed.is_for_former(state, t):
        own_facts.ordered(state, str(state.former), order, recurring, t, out)
    _bind(state, when, out)
    if not recurring:
        keys = [*when.keys, *([] if cart_key is None else [cart_key])]
        keys = list(dict.fromkeys([*keys, *announce_claims.own_keys(state)]))
        kept = state.ordered
        if kept is not None and (kept.id, kept.at) == (event.order.id, t):
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


def _consented(
    state: Visitor, event: ConsentChanged, when: Occasion, recipes: Recipes, out: Outputs
) -> None:
    said: tuple[list[str], bool, bool] = (list(event.channels), event.granted, when.late)
    _consent(state, event, when.late, when.t, out)
    _presence(state, when, out)
    own_facts.consented(state, state.person, *said, when.t, out)
    keys = [*when.keys, *announce_claims.own_keys(state)]
    if event.granted:
        announce_claims.consented(state, state.person, keys, *said, when.t, out)
    _bind(state, when, out)
    if not event.granted:
        announce_claims.consented(state, state.person, keys, *said, when.t, out)


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


def _consent(state: Visitor, event: ConsentChanged, late: bool, t: int, out: Outputs) -> None:
    for channel in event.channels:
        if not (late and event.granted and state.consent.get(channel) is False):
            state.consent[channel] = event.granted
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
    event: OrderPlaced | OrderCancelled | ConsentChanged,
    person: str,
    when: Occasion,
    out: Outputs,
) -> None:
    """A late event of a customer before: told to that customer alone, and to the event's keys."""
    t = when.t
    if isinstance(event, OrderPlaced):
        order = event.order.id, orders_placed.named_cart(event), None
        own_facts.ordered(state, person, order, event.order.recurring, t, out)
        if not event.order.recurring:
            cart = event.order.cart_id
            keys = [*when.keys, *([] if cart is UNSET else [f"cart:{cart}"])]
            announce_claims.ordered(state, person, keys, order, t, out)
    elif isinstance(event, OrderCancelled):
        own_facts.unordered(state, person, event.order.id, None, t, out)
        announce_claims.unordered(state, person, when.keys, event.order.id, None, t, out)
    else:
        said: tuple[list[str], bool, bool] = (list(event.channels), event.granted, True)
        own_facts.consented(state, person, *said, t, out)
        announce_claims.consented(state, person, when.keys, *said, t, out)


NOTED: Final[Mapping[type, Callable[[Visitor, Any, Occasion, Recipes, Outputs], None]]] = {
    ExitSignal: _signalled,
    OrderPlaced: _ordered,
    OrderCancelled: _unordered,
    ConsentChanged: _consented,
    VisitorIdentified: _identified,
}
"""What is done at each of them, one line of the table a type."""
