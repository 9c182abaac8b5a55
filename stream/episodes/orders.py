"""What an order does to a person: what is bought, what ends, what is cancelled. Source: docs/semantics.md, 6.

An order comes at its time, or later: handed over by a login or a key. It ends what was fed before it, and
what holds nothing any more that counts.
"""

from msgspec import structs

from stream.episodes import lifecycle
from stream.episodes.visible_summary import count
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.state import bought
from stream.state import cart as carts
from stream.state.facts import Unordered
from stream.state.orders import HandedOrder, OrderEntry, enter_order, repeated, take_back
from stream.state.person import Episode, Person


def place(person: Person, placed: HandedOrder, now: int, recipes: Recipes, out: Outputs) -> None:
    """An order, of now or handed over: a recurring one is counted, a repeated one adds to what is bought."""
    known = repeated(person.orders, placed.id, placed.at)
    entered = enter_order(person.orders, placed.id, placed.at, placed.recurring)
    if placed.recurring:
        return
    entry = person.orders[-1] if entered or known is None else known
    _buy(person, placed, entry, now)
    for episode in person.episodes:
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
    """Lines that no longer count leave an open funnel episode; False if nothing of it counts."""
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


def cancel(person: Person, fact: Unordered) -> None:
    """An order leaves the record, with what was bought with it; it goes on to be the last, unless unpaid."""
    recorded = any(order.id == fact.order_id for order in person.orders)
    gone = take_back(person.orders, fact.order_id, fact.unpaid)
    if fact.unpaid is None:
        person.cancelled += [order for order in gone if not order.recurring]
    else:
        gone = gone if recorded else _unpaid(person, fact.order_id, fact.unpaid)
        person.unpaid += gone
    for order in gone:
        bought.take_back(person.bought, order)


def _unpaid(person: Person, id: str, window: tuple[int, int]) -> list[OrderEntry]:
    """Of orders that left the record before, the latest of this id, if it lies in the window and still counts."""
    found = [order for order in person.cancelled + person.unpaid if order.id == id]
    latest = max(found, key=lambda order: order.at, default=None)
    if latest not in person.cancelled or not window[0] <= latest.at < window[1]:
        return []
    person.cancelled.remove(latest)
    return [latest]
