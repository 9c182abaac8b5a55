"""Updates what a visitor keeps of its orders: the last one, the cart that it emptied, those taken out.

Source: docs/semantics.md, 3, "order.placed" and "A payment that fails after the order".
"""

from collections.abc import Iterable
from copy import copy
from typing import Final

from stream.durations import MINUTE
from stream.state.cart import Line
from stream.state.kept import Gone, Kept, TakenLines
from stream.state.orders import OrderEntry, take_back
from stream.state.visitor import Visitor

KEPT_GONE: Final = 64
TAKEN_LASTS: Final = 5 * MINUTE


def last_order(state: Visitor) -> int | None:
    """The latest time (ms) of an order ever entered, without recurring and unpaid ones. None: there was none."""
    times = [order.at for order in state.orders if not order.recurring]
    times += [order.at for order in state.gone if not order.unpaid]
    return max(times, default=None)


def copies(lines: Iterable[Line]) -> list[Line]:
    return [copy(line) for line in lines]


def take_away(state: Visitor, lines: Iterable[Line], t: int) -> None:
    """Notes that a cart.updated removed these lines, which were all of the cart."""
    state.taken = TakenLines(t, copies(lines))


def filled(state: Visitor) -> None:
    """Notes that the cart is not empty now."""
    state.taken = None
    if state.ordered is not None:
        state.ordered.empty = False


def emptied_before(state: Visitor, t: int) -> list[Line]:
    """The lines of the cart that an order at `t` (ms) bought, if the cart was already empty by then."""
    taken = state.taken
    return taken.lines if taken is not None and t - taken.at <= TAKEN_LASTS else []


def is_kept(state: Visitor, id: str) -> Kept | None:
    """The kept order, if it has this id. An id of nobody means the latest order."""
    kept = state.ordered
    return kept if kept is not None and kept.id == id else None


def cancel(state: Visitor, id: str) -> Kept | None:
    """Applies order.cancelled: takes the order out of the record. Returns the kept order, if it is that one."""
    kept, gone = is_kept(state, id), take_back(state.orders, id)
    _let_go(state, gone, unpaid=False)
    if kept is None or (gone and all(order.at != kept.at for order in gone)):
        return None
    kept.cancelled = True
    return kept


def known(state: Visitor, id: str) -> OrderEntry | Gone | None:
    """The order in the record, else the latest one of this id that left it."""
    found = [order for order in state.orders if order.id == id]
    if found:
        return max(found, key=lambda order: order.at)
    return max(
        (each for each in state.gone if each.id == id), key=lambda each: each.at, default=None
    )


def unpay(state: Visitor, found: OrderEntry | Gone | None, window: tuple[int, int]) -> None:
    """Takes an unpaid order out of the record, if its time is in the window, and marks it as unpaid."""
    if found is None or not window[0] <= found.at < window[1]:
        return
    if isinstance(found, Gone):
        found.unpaid = True
    else:
        state.orders.remove(found)
        _let_go(state, [found], unpaid=True)


def _let_go(state: Visitor, orders: list[OrderEntry], unpaid: bool) -> None:
    state.gone += [Gone(order.id, order.at, unpaid) for order in orders if not order.recurring]
    del state.gone[:-KEPT_GONE]
