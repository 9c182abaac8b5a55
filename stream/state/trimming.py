"""Keeps a person's state within its bounds. Source: docs/semantics.md, "Bounds of our own"."""

from stream import limits
from stream.state import bought
from stream.state.person import Person, by_time


def trim_visitors(person: Person) -> None:
    """To be called after a fact that brings at most one visitor."""
    if len(person.visitors) > limits.MOST_VISITORS:
        del person.visitors[min(person.visitors, key=lambda id: person.visitors[id].last_active)]


def trim(person: Person, at: int) -> None:
    """To be called after every fact, which brings at most one visitor, one cart and few episodes."""
    trim_visitors(person)
    if person.bought:
        _trim_bought(person, at)
    _trim_carts(person)
    for gone in (person.cancelled, person.unpaid):
        while len(gone) > limits.MOST_ORDERS:
            gone.remove(min(gone, key=by_time))
    if len(person.episodes) > limits.MOST_REMEMBERED:
        finished = [each for each in person.episodes if not each.open]
        finished.sort(key=lambda each: each.fed_at, reverse=True)
        for each in finished[limits.MOST_REMEMBERED :]:
            person.episodes.remove(each)


def _trim_carts(person: Person) -> None:
    """Drops the oldest of too many known carts, and the lines of older carts that have no room."""
    if len(person.carts) > limits.MOST_CARTS:
        del person.carts[min(person.carts, key=lambda id: person.carts[id].changed_at)]
    lines = 0
    for cart in person.carts.values():
        lines += len(cart.lines)
    if lines <= limits.MOST_LINES:
        return
    room = limits.MOST_LINES
    for cart in sorted(person.carts.values(), key=lambda cart: cart.changed_at, reverse=True):
        room -= len(cart.lines)
        if room < 0:
            cart.lines = []


def _trim_bought(person: Person, at: int) -> None:
    """Drops bought lines that have lapsed, and those of older carts that have no room."""
    bought.lapse(person.bought, at)
    while len(person.bought) > limits.MOST_CARTS:
        del person.bought[min(person.bought, key=lambda id: _bought_at(person, id))]
    if sum(map(len, person.bought.values())) <= limits.MOST_LINES:
        return
    room = limits.MOST_LINES
    for id in sorted(person.bought, key=lambda id: _bought_at(person, id), reverse=True):
        room -= len(person.bought[id])
        if room < 0:
            del person.bought[id]


def _bought_at(person: Person, cart_id: str) -> int:
    return max(line.order_at for line in person.bought[cart_id])
