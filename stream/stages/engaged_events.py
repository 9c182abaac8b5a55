"""How an engaged event changes a visitor, one line of the table a type. Source: docs/semantics.md, 2 and 3."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from stream.events.types import (
    ActivityPinged,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutAdvanced,
    CheckoutStarted,
    Event,
    PageViewed,
    PaymentFailed,
    ProductViewed,
    SearchPerformed,
)
from stream.state import cart, visitor
from stream.state.visitor import PAYMENT, STAGES, STARTED, Visitor


def _cart(state: Visitor, event: CartUpdated | CartItemAdded | CartItemRemoved, t: int) -> None:
    changed_at, filled = state.cart.changed_at, bool(state.cart.lines)
    if isinstance(event, CartUpdated):
        cart.replace(state.cart, event, t, state.id)
    elif isinstance(event, CartItemAdded):
        cart.add(state.cart, event.item, t, state.id)
    else:
        cart.remove(state.cart, event.item, t)
    if state.cart.changed_at != changed_at:
        state.cart_event = event.id
    if filled and not state.cart.lines:
        state.checkout = None


def _started(state: Visitor, event: CheckoutStarted, t: int) -> None:
    visitor.check_out(state, STARTED, False, t, event.id)


def _advanced(state: Visitor, event: CheckoutAdvanced, t: int) -> None:
    visitor.check_out(state, STAGES[event.stage], False, t, event.id)


def _failed(state: Visitor, event: PaymentFailed, t: int) -> None:
    visitor.check_out(state, PAYMENT, True, t, event.id)


def _looked_away(state: Visitor, event: Event, t: int) -> None:
    state.look_away(event, t)


def _viewed(state: Visitor, event: ProductViewed, t: int) -> None:
    state.view(event, t)


def _searched(state: Visitor, event: SearchPerformed, t: int) -> None:
    state.search(event, t)


def _pinged(state: Visitor, event: ActivityPinged, t: int) -> None:
    pass


FOLD: Final[Mapping[type, Callable[[Visitor, Any, int], None]]] = {
    PageViewed: _looked_away,
    CategoryViewed: _looked_away,
    ProductViewed: _viewed,
    SearchPerformed: _searched,
    CartUpdated: _cart,
    CartItemAdded: _cart,
    CartItemRemoved: _cart,
    CheckoutStarted: _started,
    CheckoutAdvanced: _advanced,
    PaymentFailed: _failed,
    ActivityPinged: _pinged,
}
"""The engaged events: these start and extend a visit."""
