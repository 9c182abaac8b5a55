"""A person's state in its bounds. Source: docs/semantics.md, "Bounds of our own"."""

from stream import limits
from stream.state import bought
from stream.state.person import Person, by_time


def trim_visitors(person: Person) -> None:
    """After a fact that brings one visitor and no more."""
    if len(person.visitors) > limits.MOST_VISITORS:
        del person.visitors[min(person.visitors, key=lambda id: person.visitors[id].last_active)]


def trim(person: Person, at: int) -> None:
    """After a fact, which brings one visitor, one cart and few episodes: keeps the state in its bounds."""
    if person.bought:
        bought.lapse(person.bought, at)
    trim_visitors(person)
    if len(person.carts) > limits.MOST_CARTS:
        del person.carts[min(person.carts, key=lambda id: person.carts[id].changed_at)]
    while len(person.bought) > limits.MOST_CARTS:
        del person.bought[min(person.bought, key=lambda id: _bought_at(person, id))]
    for gone in (person.cancelled, person.unpaid):
        while len(gone) > limits.MOST_ORDERS:
            gone.remove(min(gone, key=by_time))
    if len(person.episodes) > limits.MOST_REMEMBERED:
        finished = [each for each in person.episodes if not each.open]
        finished.sort(key=lambda each: each.fed_at, reverse=True)
        for each in finished[limits.MOST_REMEMBERED :]:
            person.episodes.remove(each)
    lines = 0
    for cart in person.carts.values():
        lines += len(cart.lines)
    if lines > limits.MOST_LINES:
        _trim_known(person)
    if person.bought and sum(map(len, person.bought.values())) > limits.MOST_LINES:
        _trim_bought(person)


def _bought_at(person: Person, cart_id: str) -> int:
    return max(line.order_at for line in person.bought[cart_id])


def _trim_known(person: Person) -> None:
    """Of known carts the lines go that have no room beside those of later carts."""
    room = limits.MOST_LINES
    for cart in sorted(person.carts.values(), key=lambda cart: cart.changed_at, reverse=True):
        room -= len(cart.lines)
        if room < 0:
            cart.lines = []


def _trim_bought(person: Person) -> None:
    """Of bought lines those go that have no room beside those of later carts."""
    room = limits.MOST_LINES
    for id in sorted(person.bought, key=lambda id: _bought_at(person, id), reverse=True):
        room -= len(person.bought[id])
        if room < 0:
            del person.bought[id]
