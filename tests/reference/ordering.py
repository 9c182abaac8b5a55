"""Section 3: a visitor's orders: placed, cancelled, and unpaid."""

import copy
from dataclasses import dataclass

from tests.reference import whole
from tests.reference.events import Event
from tests.reference.facts import Cancelled
from tests.reference.orders import Order, Window
from tests.reference.times import DAY, HOUR, MINUTE
from tests.reference.visitor import Ordered, Visitor


@dataclass
class Placed:
    """The result of an order.placed, and the keys that get its claim (section 11)."""

    order: Order
    repeated: bool
    keys: list[str]


def addresses(visitor: Visitor) -> list[str]:
    """The visitor's own e-mail and phone keys."""
    return [key for key in (visitor.email, visitor.phone) if key is not None]


def place(visitor: Visitor, event: Event, at: int) -> Placed:
    """Records the order, empties the cart and closes the checkout, unless repeated or recurring."""
    given, owner, cart = event.body["order"], event.owner, visitor.cart
    order = Order(given["id"], at, given.get("recurring", False))
    before = visitor.orders.repetition_of(order)
    repeated = before is not None
    named = given.get("cart_id")
    order.cart_id = named or owner.cart_of_visitor or owner.cart_of_keys
    keys = list(owner.keys)
    if named is not None:
        keys.append(f"cart:{named}")
    if not repeated:
        order.cart_id = order.cart_id or cart.id
        if named is None and cart.of_shop:
            keys.append(f"cart:{cart.id}")
    placed = Placed(order, repeated, list(dict.fromkeys(keys + addresses(visitor))))
    recurred = visitor.orders.same(order)
    worth_before = None if recurred is None else recurred.worth()
    if not repeated:
        visitor.orders.enter(order)
        if not order.recurring:
            _empty(visitor, placed, named, at)
    whole.tell(order, event, visitor.person(), order.lines, at)
    if before is not None:
        whole.brings(before, order)
    elif worth_before is not None:
        order.kept_value = worth_before
    for kept in visitor.orders.record[:-5]:
        kept.items = []
    return placed


def _empty(visitor: Visitor, placed: Placed, named: str | None, at: int) -> None:
    cart, lines = visitor.cart, {}
    if named is None or cart.given_id is None or named == cart.given_id:
        lines = copy.deepcopy(cart.lines)
        if not lines and visitor.taken is not None and at - visitor.taken[0] <= 5 * MINUTE:
            lines = visitor.taken[1]
        cart.empty(at)
    placed.order.lines = list(lines.values())
    visitor.taken, visitor.checkout = None, None
    filled = bool(cart.lines)
    visitor.ordered = Ordered(placed.order, cart.id, cart.of_shop, lines, placed.keys, filled)


def cancel(visitor: Visitor, id_: str) -> list[str]:
    """Applies an order.cancelled; returns the keys of the order's claims, if it is the one in `ordered`."""
    gone, kept = visitor.orders.cancel(id_), visitor.ordered
    if kept is None or kept.order.id != id_ or (gone and kept.order not in gone):
        return []
    kept.cancelled = True
    return kept.keys


def window(event: Event, at: int) -> Window:
    failed_at = at if event.client_time is None else min(event.client_time, at)
    return Window(failed_at - DAY, failed_at, event.client_time is None)


def take_back(
    visitor: Visitor, event: Event, at: int, unattended: bool
) -> tuple[Cancelled, list[str]] | None:
    """Applies a payment.failed; returns the cancellation and its keys, None if no order is affected."""
    fails, named = window(event, at), event.body["order"].get("id")
    kept = visitor.ordered
    if named is None:
        if unattended or kept is None or not _unnamed_means(visitor, kept, fails):
            return None
        order: Order | None = kept.order
        cancelled_order = Cancelled(kept.order.id, fails)
    else:
        order, cancelled_order = visitor.orders.meant(named), Cancelled(named, fails)
    visitor.orders.mark_unpaid(order, fails)
    if kept is None or order is not kept.order:
        return cancelled_order, []
    if fails.holds(kept.order.time) and not kept.cart_filled:
        if kept.lines:
            visitor.cart.restore(kept.lines, kept.cart_id, kept.of_shop, at)
            visitor.taken = None
        visitor.ordered = None
    return cancelled_order, kept.keys


def _unnamed_means(visitor: Visitor, kept: Ordered, fails: Window) -> bool:
    """Whether a failure that names no order is about the one in `ordered`."""
    if visitor.orders.last() is not kept.order or kept.cart_filled or kept.checkout_started:
        return False
    near = kept.cancelled or fails.end - kept.order.time <= HOUR
    return near and fails.holds(kept.order.time)
