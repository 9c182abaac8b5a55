"""A visitor's checkout: how it opens, advances and closes. Source: docs/semantics.md, 3, "Checkout"."""

from typing import Final

from stream.durations import DAY
from stream.state.ordered import last_order
from stream.state.visitor import Checkout, Visitor

LASTS: Final = 7 * DAY
AFTER_ORDER: Final = DAY
"""Ms: a checkout that opens this soon after an order belongs to that order."""


def open_checkout(state: Visitor, t: int) -> Checkout | None:
    """The checkout that is open at `t` (ms), or None. Closes a checkout that is 7 days old."""
    checkout = state.checkout
    if checkout is not None and t - checkout.started_at >= LASTS:
        checkout = state.checkout = None
    return checkout


def check_out(state: Visitor, stage: int, failed: bool, t: int, event: str) -> bool:
    """Applies checkout.started, checkout.advanced or payment.failed: opens the checkout, or moves it to the furthest stage.

    Returns whether that changed anything.
    """
    checkout = open_checkout(state, t)
    if checkout is None:
        state.checkout = Checkout(t, event, stage, failed)
        state.emptied = False
        return True
    before = checkout.stage, checkout.failed
    checkout.stage = max(checkout.stage, stage)
    checkout.failed = failed
    return before != (checkout.stage, checkout.failed)


def settle(state: Visitor, t: int) -> None:
    """Closes, at an idle fact, a checkout whose cart was emptied, or emptied by an order before it."""
    checkout = open_checkout(state, t)
    if checkout is None or state.cart.lines:
        return
    bought = last_order(state)
    after = checkout.started_at - bought if bought is not None else AFTER_ORDER
    if state.emptied or (not checkout.failed and 0 <= after < AFTER_ORDER):
        state.checkout = None


def something_to_act_on(state: Visitor, t: int) -> bool:
    return bool(
        state.products or state.searches or state.cart.lines or open_checkout(state, t) is not None
    )
