"""By when a state had begun. Pure.

A state keeps no time of its beginning. But each time in it is one of an event that it has applied, so it had begun by the
earliest of them. Nothing else in a state has a time that is set from outside.
"""

from collections.abc import Collection

from stream.state.cart import NEVER
from stream.state.key import Key
from stream.state.visitor import VISIT_GAP, Visitor


def of_visitor(state: Visitor) -> int:
    """The time (ms) by which the state had begun."""
    cart, checkout, ordered = state.cart, state.checkout, state.ordered
    times = [state.last_event, state.last_active, state.last_change, state.last_look]
    times += [state.customer_since, state.left_at, state.offered_at]
    times += [cart.changed_at, cart.added_at, *(line.since for line in cart.lines.values())]
    times += [] if checkout is None else [checkout.started_at]
    times += [] if ordered is None else [ordered.at]
    times += [order.at for order in state.orders]
    times += [view.at for view in state.views.values()]
    times += state.bound_pairs.values()
    if state.visit_start != NEVER:  # of the last visit; between two visits there is a gap
        times.append(state.visit_start - (state.visits - 1) * VISIT_GAP)
    return min((time for time in times if time != NEVER), default=NEVER)


def of_key(state: Key, people: Collection[str]) -> int:
    """The time (ms) by which one of the persons was known to the key. NEVER if no time says so: it withdrew something."""
    times = [owner.at for owner in state.owners if owner.person in people]
    times += [order.at for order in state.orders if order.person in people]
    return min(times, default=NEVER)
