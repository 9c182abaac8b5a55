"""Events that show nobody at work: orders, consent, identity, exit signals. Source: docs/semantics.md, 2 to 5.

They start and extend no visit. Each is applied, then presence follows a change of person, then the
event's own fact.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

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
from stream.stages import announce_facts
from stream.state import cart
from stream.state.orders import enter_order, take_back
from stream.state.visitor import Visitor


def _signalled(
    state: Visitor, event: ExitSignal, changed: bool, t: int, recipes: Recipes, out: Outputs
) -> None:
    announce_facts.presence(state, changed, t, out)
    for signalled in registry.AT_SIGNAL:
        signalled(state, event, t, recipes, out)


def _ordered(
    state: Visitor, event: OrderPlaced, changed: bool, t: int, recipes: Recipes, out: Outputs
) -> None:
    _order(state, event, t, out)
    announce_facts.presence(state, changed, t, out)
    announce_facts.ordered(state, event, t, out)


def _unordered(
    state: Visitor, event: OrderCancelled, changed: bool, t: int, recipes: Recipes, out: Outputs
) -> None:
    take_back(state.orders, event.order.id)
    announce_facts.presence(state, changed, t, out)
    announce_facts.unordered(state, event, t, out)


def _consented(
    state: Visitor, event: ConsentChanged, changed: bool, t: int, recipes: Recipes, out: Outputs
) -> None:
    _consent(state, event, t, out)
    announce_facts.presence(state, changed, t, out)
    announce_facts.consented(state, event, t, out)


def _identified(
    state: Visitor, event: VisitorIdentified, changed: bool, t: int, recipes: Recipes, out: Outputs
) -> None:
    _traits(state, event)
    announce_facts.presence(state, changed, t, out)
    announce_facts.identified(state, event, t, out)


def _order(state: Visitor, event: OrderPlaced, t: int, out: Outputs) -> None:
    """An order that is not a repeated one empties this cart, closes the checkout and cancels."""
    order = event.order
    if not enter_order(state.orders, order.id, t):
        return
    shop_id = state.cart.shop_id
    if order.cart_id is UNSET or shop_id is None or shop_id == order.cart_id:
        if state.cart.lines:
            state.cart_event = event.id
        cart.empty(state.cart, t)
    state.checkout = None
    for published in state.published:
        if t < published.valid_until:
            triggers.cancel(published, t, "ordered", order.id, out)
    state.published = []


def _consent(state: Visitor, event: ConsentChanged, t: int, out: Outputs) -> None:
    for channel in event.channels:
        state.consent[channel] = event.granted
    kept = []
    for published in state.published:
        if t < published.valid_until:
            if any(state.consent.get(channel) is not False for channel in published.channels):
                kept.append(published)
            else:
                triggers.cancel(published, t, "consent", None, out)
    state.published = kept


def _traits(state: Visitor, event: VisitorIdentified) -> None:
    if event.traits is not UNSET:
        if event.traits.orders is not UNSET:
            state.traits_orders = event.traits.orders
        if event.traits.value is not UNSET:
            state.traits_value = event.traits.value


NOTED: Final[Mapping[type, Callable[[Visitor, Any, bool, int, Recipes, Outputs], None]]] = {
    ExitSignal: _signalled,
    OrderPlaced: _ordered,
    OrderCancelled: _unordered,
    ConsentChanged: _consented,
    VisitorIdentified: _identified,
}
"""What is done at each of them, one line of the table a type."""
