"""How engaged events change a visitor: one function and one line of the table for each type.

Source: docs/semantics.md, 2 and 3. Each function returns whether it changed the contents of the cart
or anything of the checkout.
"""

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
from stream.state import filling, ordered
from stream.state.checkout import check_out, open_checkout
from stream.state.visitor import PAYMENT, STAGES, STARTED, Visitor


def _cart(state: Visitor, event: CartUpdated | CartItemAdded | CartItemRemoved, t: int) -> bool:
    cart = state.cart
    before = cart.lines
    if isinstance(event, CartUpdated):
        changed = filling.replace(cart, event.cart, t, state.id)
        if before and not cart.lines:
            ordered.take_away(state, before.values(), t)
    elif isinstance(event, CartItemAdded):
        changed = filling.add(cart, event.item, t, state.id)
    else:
        changed = filling.remove(cart, event.item, t)
    if changed:
        state.cart_event = event.id
    if cart.lines:
        ordered.filled(state)
    elif changed and open_checkout(state, t) is not None:
        state.emptied = True
    return changed


def _started(state: Visitor, event: CheckoutStarted, t: int) -> bool:
    if state.ordered is not None:
        state.ordered.started = True
    return check_out(state, STARTED, False, t, event.id)


def _advanced(state: Visitor, event: CheckoutAdvanced, t: int) -> bool:
    return check_out(state, STAGES[event.stage], False, t, event.id)


def _failed(state: Visitor, event: PaymentFailed, t: int) -> bool:
    return check_out(state, PAYMENT, True, t, event.id)


def _turned(state: Visitor, event: PageViewed, t: int) -> bool:
    state.turn(event, t)
    return False


def _looked_away(state: Visitor, event: Event, t: int) -> bool:
    state.look_away(t)
    return False


def _viewed(state: Visitor, event: ProductViewed, t: int) -> bool:
    state.view(event, t)
    return False


def _searched(state: Visitor, event: SearchPerformed, t: int) -> bool:
    state.search(event, t)
    return False


def _pinged(state: Visitor, event: ActivityPinged, t: int) -> bool:
    return False


ENGAGED: Final[Mapping[type, Callable[[Visitor, Any, int], bool]]] = {
    PageViewed: _turned,
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
"""The engaged events. They start and extend a visit, unless they are unattended changes."""
