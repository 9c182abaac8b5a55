"""Applies an order to a person: marks lines as bought, and ends episodes. Source: docs/semantics.md, 6.

An order comes at its time, or later if a login or a key hands it over. It ends the episodes that were fed before it, and
those without any line that still counts.
"""

from typing import NamedTuple

from msgspec import structs

from stream import limits
from stream.episodes import lifecycle, watches
from stream.episodes.visible_summary import count
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import OUTLAST_ORDERS, Recipes
from stream.state import bought
from stream.state import cart as carts
from stream.state.facts import Unordered
from stream.state.orders import (
    CURRENCY,
    LINED,
    OLD,
    OWN,
    HandedOrder,
    OrderEntry,
    enter_order,
    repeated,
    take_back,
)
from stream.state.person import Episode, Person
from stream.state.whole_order import WholeOrder, brought


class Entered(NamedTuple):
    """An order of the record, after it was entered.

    `is_new`: it was entered now, or is not recurring any more · `parts`: the parts that a repetition added to it.
    """

    entry: OrderEntry
    is_new: bool
    parts: WholeOrder | None = None


def place(person: Person, placed: HandedOrder, now: int, recipes: Recipes, out: Outputs) -> Entered:
    """Applies an order, made now or handed over. A recurring one is only counted. A repeated one adds lines."""
    known = repeated(person.orders, placed.id, placed.at)
    first = person.orders[0] if len(person.orders) >= limits.MOST_ORDERS else None
    entry, entered = enter_order(person.orders, known, placed.id, placed.at, placed.recurring)
    if first is not None and first is not known and first is not person.orders[0]:
        person.of_life().spent += first.value or 0.0
    is_new = entered or known is None
    done = _note(person, placed, known, Entered(entry, is_new))
    if is_new:
        watches.placed(person, entry)
    if not placed.recurring:
        _end(person, placed, entry, entered, now, recipes, out)
    return done


def _note(person: Person, placed: HandedOrder, known: OrderEntry | None, done: Entered) -> Entered:
    """Enters an order in the record. Of a repetition, only parts that the record lacks."""
    order, entry = placed.whole or WholeOrder(), done.entry
    if not done.is_new:
        return done._replace(parts=supplement(entry, order))
    entry.value = order.value
    if known is not None and known.value is not None:
        entry.value = known.value
        if order.value not in (None, known.value):
            entry.whole = WholeOrder(order.value)
    entry.day = order.day
    own = order.whose == person.id or (order.whose.startswith("visitor:") and not order.withheld)
    opens = own and person.is_known and not person.left and not placed.recurring
    entry.marks = OWN * opens + OLD * order.old + LINED * bool(order.lines)
    entry.marks += CURRENCY * (order.currency is not None)
    return done


def supplement(entry: OrderEntry, order: WholeOrder) -> WholeOrder | None:
    """Adds the parts of a repetition that an order of the record lacks. Returns them, None if there are none."""
    parts = brought(
        order,
        value=entry.value is None,
        currency=not entry.marks & CURRENCY,
        lines=not entry.marks & LINED,
    )
    if parts is not None:
        entry.value = parts.value if entry.value is None else entry.value
        entry.marks |= LINED * bool(parts.lines) | CURRENCY * (parts.currency is not None)
    return parts


def _end(
    person: Person,
    placed: HandedOrder,
    entry: OrderEntry,
    entered: bool,
    now: int,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Marks the order's lines as bought, and ends the episodes that this ends."""
    _buy(person, placed, entry, now)
    for episode in person.episodes:
        if episode.kind in OUTLAST_ORDERS:
            continue
        if entered and episode.fed_at <= placed.at:
            _convert(person, episode, placed.id, now, recipes, out)
            episode.contents = ""
        elif not _recount(person, episode, now):
            _convert(person, episode, placed.id, now, recipes, out)
            if entered:
                episode.contents = ""


def _buy(person: Person, placed: HandedOrder, entry: OrderEntry, now: int) -> None:
    if placed.cart_id is not None:
        cart = person.carts.get(placed.cart_id)
        contents = bought.carried(placed.contents, cart, entry.at)
        bought.add(person.bought, placed.cart_id, contents, entry, now)


def _convert(
    person: Person, episode: Episode, order_id: str, now: int, recipes: Recipes, out: Outputs
) -> None:
    if episode.open:
        lifecycle.close(person, episode, "converted", now, recipes, out)
    triggers.cancel_all(episode.published, now, "ordered", order_id, out)
    episode.published = []


def _recount(person: Person, episode: Episode, now: int) -> bool:
    """Removes lines that no longer count from an open funnel episode. Returns False if none counts any more."""
    cart = episode.cart
    if cart is None:
        return True
    lines, checkout, _ = count(person, cart, episode.checkout, now)
    if not lines and checkout is None:
        return False
    if len(lines) < len(cart.lines):
        episode.cart = structs.replace(cart, lines=lines)
        episode.contents = carts.fingerprint(lines)
    return True


def cancel(person: Person, fact: Unordered) -> list[OrderEntry]:
    """Takes an order and its bought lines out of the record. Returns the entries that left.

    The order still counts as the last one, unless it was unpaid.
    """
    recorded = any(order.id == fact.order_id for order in person.orders)
    taken = gone = take_back(person.orders, fact.order_id, fact.unpaid)
    if fact.unpaid is None:
        person.cancelled += [order for order in gone if not order.recurring]
    else:
        gone = gone if recorded else _unpaid(person, fact.order_id, fact.unpaid)
        person.unpaid += gone
    for order in gone:
        bought.take_back(person.bought, order)
    watches.taken_out(person, taken)
    return taken


def _unpaid(person: Person, id: str, window: tuple[int, int]) -> list[OrderEntry]:
    """The latest order of this id that left the record before, if its time is in the window and it still counts."""
    found = [order for order in person.cancelled + person.unpaid if order.id == id]
    latest = max(found, key=lambda order: order.at, default=None)
    if latest not in person.cancelled or not window[0] <= latest.at < window[1]:
        return []
    person.cancelled.remove(latest)
    return [latest]
