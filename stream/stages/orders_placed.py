"""Applies orders to a visitor: placed, cancelled, and unpaid. Source: docs/semantics.md, 3, 4 and 11."""

from typing import Final

from msgspec import UNSET, structs

from stream import limits
from stream.durations import DAY, HOUR
from stream.events.owner import pseudo_key
from stream.events.types import Event, OrderPlaced, PaymentFailed
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.stages import joined_orders, own_facts
from stream.stages.own_facts import PlacedOrder
from stream.state import filling
from stream.state import ordered as orders
from stream.state.cart import Contents, contents
from stream.state.kept import Kept
from stream.state.orders import OrderEntry, enter_order, repeated
from stream.state.visitor import Visitor
from stream.state.whole_order import (
    WholeOrder,
    bring,
    emptied_lines,
    given_lines,
    lacking,
    size,
    whole,
)

FORMER_LASTS: Final = DAY
WINDOW: Final = DAY
"""Ms: a failed payment can only be about an order at most this old."""
UNNAMED: Final = HOUR
"""Ms: a failed payment that names no order can only be about one at most this old."""

KEPT_LINES: Final = 5
"""A visitor's record keeps the lines of this many orders: the latest."""


def place(
    state: Visitor, event: OrderPlaced, t: int, out: Outputs
) -> tuple[PlacedOrder, str | None]:
    """Applies an order at `t` (ms). Returns (the order as sent in facts, the key of its cart)."""
    order = event.order
    before = repeated(state.orders, order.id, t)
    again = before is not None and (order.recurring or not before.recurring)
    shop_cart = state.cart.id if state.cart.from_shop else None
    cart_id = named_cart(event) or (None if again else state.cart.id)
    own = None if order.cart_id is UNSET else order.cart_id
    key = own or (None if again else shop_cart)
    emptied: Contents | None = None
    entry, entered = enter_order(state.orders, before, order.id, t, order.recurring)
    if entered:
        joined_orders.placed(state, out)
        emptied = _empty(state, event, t)
        cancel_triggers(state, order.id, t, out)
    kept = state.ordered.lines if emptied and state.ordered is not None else []
    parts = whole(event, state.person, given_lines(event) or emptied_lines(kept), t)
    _keep(state, entry, before, parts)
    return PlacedOrder(order.id, cart_id, emptied, parts), None if key is None else f"cart:{key}"


def _keep(state: Visitor, entry: OrderEntry, before: OrderEntry | None, order: WholeOrder) -> None:
    """Keeps the whole order in the record, with the parts that a repetition adds."""
    if before is None or before.whole is None:
        entry.whole = order
    elif before is entry:
        parts = lacking(before.whole, order)
        entry.whole = before.whole if parts is None else bring(before.whole, parts)
    else:  # the order was recurring: keep its value
        entry.whole = order
        if before.whole.value is not None:
            entry.whole = structs.replace(order, value=before.whole.value)
    bound_lines(state.orders)


def bound_lines(orders: list[OrderEntry]) -> None:
    """Lets go the lines of all orders of a record but the last ones."""
    room = limits.LARGEST_LINES
    for place, kept in enumerate(reversed(orders)):
        if kept.whole is not None and kept.whole.lines:
            room -= size(kept.whole.lines)
            if place >= KEPT_LINES or room < 0:
                kept.whole = structs.replace(kept.whole, lines=[])


def named_cart(event: OrderPlaced) -> str | None:
    """The id of the cart that an order names: in its own field, by its pseudo-visitor, or by its key."""
    if event.order.cart_id is not UNSET:
        return event.order.cart_id
    own = pseudo_key(event.visitor)
    if own is not None and own[0] == "cart":
        return own[1]
    keys = event.keys
    return None if keys is UNSET or keys.cart is UNSET else keys.cart


def _empty(state: Visitor, event: OrderPlaced, t: int) -> Contents | None:
    """Closes the checkout, and empties the cart if the order is about it. Keeps the lines for `unpaid`.

    Returns the contents that it emptied, None if there were none.
    """
    cart, order = state.cart, event.order
    under = named_cart(event) or cart.id
    kept = state.ordered = Kept(order.id, t, cart.id, cart.from_shop, bought_under=under)
    if order.cart_id is UNSET or cart.shop_id is None or cart.shop_id == order.cart_id:
        if cart.lines:
            state.cart_event = event.id
            kept.lines = orders.copies(cart.lines.values())
        else:
            kept.lines = orders.emptied_before(state, t)
        filling.empty(cart, t)
    kept.empty = not cart.lines
    state.taken = None
    state.checkout = None
    return contents(kept.lines) if kept.lines else None


def cancel_triggers(state: Visitor, order_id: str, t: int, out: Outputs) -> None:
    for published in state.published:
        if t < published.valid_until:
            triggers.cancel(published, t, "ordered", order_id, out)
    state.published = []


def is_for_former(state: Visitor, t: int) -> bool:
    """Whether an order at `t` (ms) is sent to the former person too."""
    former = state.former
    return former is not None and t - state.left_at < FORMER_LASTS and former != state.person


def cancelled(state: Visitor, id: str) -> list[str]:
    """Takes an order out of the record. Returns the keys to which its claims were sent."""
    kept = orders.cancel(state, id)
    return [] if kept is None else kept.keys


class Unpaid:
    """An order that a failed payment takes out.

    `window`: [from, until) in ms, the times at which the order may have been placed · `keys`: those to which its claims
    were sent · `refilled`: its lines are in the cart again.
    """

    def __init__(self, id: str, window: tuple[int, int]) -> None:
        self.id: Final = id
        self.window: Final = window
        self.keys: list[str] = []
        self.refilled = False


def unpaid(
    state: Visitor, event: PaymentFailed, attended: bool, t: int, out: Outputs
) -> Unpaid | None:
    """Takes out the order whose payment failed, if there is one, and refills the cart with its lines."""
    window = _window(event, t)
    id = _meant(state, event, attended, window)
    if id is None:
        return None
    found, kept, made = orders.known(state, id), orders.is_kept(state, id), Unpaid(id, window)
    own_facts.unordered(state, state.person, id, window, t, out)
    orders.unpay(state, found, window)
    if kept is None or (found is not None and found.at != kept.at):
        return made
    made.keys = kept.keys
    if kept.empty and window[0] <= kept.at < window[1]:
        state.ordered = None
        if kept.lines:
            filling.refill(state.cart, kept.lines, kept.cart_id, kept.from_shop, t)
            state.cart_event = event.id
            state.taken = None
            made.refilled = True
    return made


def _window(event: Event, t: int) -> tuple[int, int]:
    sent = event.client_time
    failed_at = t if sent is UNSET else min(sent, t)
    return failed_at - WINDOW, failed_at + (1 if sent is UNSET else 0)


def _meant(
    state: Visitor, event: PaymentFailed, attended: bool, window: tuple[int, int]
) -> str | None:
    """The id of the unpaid order: the one that the event names, else the last one if all conditions hold."""
    if event.order is not UNSET and event.order.id is not UNSET:
        return event.order.id
    kept = state.ordered
    if not attended or kept is None or not kept.empty or kept.started:
        return None
    if kept.at != orders.last_order(state) or not window[0] <= kept.at < window[1]:
        return None
    near = window[0] + WINDOW - kept.at <= UNNAMED
    return kept.id if near or kept.cancelled else None
