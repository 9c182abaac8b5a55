"""Keeps a person's state within its bounds. Source: docs/semantics.md, "Bounds of our own"."""

from typing import Final

from stream import limits
from stream.recipes.recipe import BROWSE
from stream.state import bought
from stream.state.person import Person, by_time

FEW: Final = 2
"""A person with at most this many episodes keeps all its finished browse episodes."""


def forget_fired(person: Person, before: int) -> None:
    """Drops the steps that fired before a time (ms). They are in the order in which they fired."""
    if person.fired and person.fired[0].at < before:
        person.fired = [step for step in person.fired if step.at >= before]


def trim_visitors(person: Person) -> None:
    """Drops visitors beyond the bound. Call it after a fact that adds at most one visitor."""
    if len(person.visitors) > limits.MOST_VISITORS:
        del person.visitors[min(person.visitors, key=lambda id: person.visitors[id].last_active)]


def trim(person: Person, at: int) -> None:
    """Drops what exceeds the bounds. Call it after every fact: a fact adds at most a visitor, a cart and few episodes."""
    trim_visitors(person)
    if person.bought:
        _trim_bought(person, at)
    _trim_carts(person, at)
    for gone in (person.cancelled, person.unpaid):
        while len(gone) > limits.MOST_ORDERS:
            gone.remove(min(gone, key=by_time))
    if len(person.episodes) > FEW:
        _trim_browsing(person, at)
    if len(person.episodes) > limits.MOST_REMEMBERED:
        finished = [each for each in person.episodes if not each.open]
        finished.sort(key=lambda each: each.fed_at, reverse=True)
        for each in finished[limits.MOST_REMEMBERED :]:
            person.episodes.remove(each)


def _trim_browsing(person: Person, at: int) -> None:
    """Keeps the latest finished browse episode of a visitor: an earlier visit does not come again."""
    latest: dict[tuple[str, str], int] = {}
    for each in person.episodes:
        if each.kind == BROWSE:
            visits = each.recipe, each.origin
            latest[visits] = max(each.key_time, latest.get(visits, each.key_time))
    person.episodes = [
        each
        for each in person.episodes
        if each.kind != BROWSE
        or each.open
        or each.key_time == latest[each.recipe, each.origin]
        or any(published.valid_until > at for published in each.published)
    ]


def _trim_carts(person: Person, at: int) -> None:
    """Drops the oldest known carts beyond the bound, and carts that were empty long before the last order.

    Older carts lose their lines where there is no room.
    """
    if len(person.carts) > limits.MOST_CARTS:
        del person.carts[min(person.carts, key=lambda id: person.carts[id].changed_at)]
    lines, long_empty = 0, False
    for cart in person.carts.values():
        lines += len(cart.lines)
        long_empty = long_empty or not (cart.lines or cart.changed_at > at - limits.EMPTY_FOR)
    if long_empty:
        last = min(person.last_order, at - limits.EMPTY_FOR)
        carts = person.carts.items()
        person.carts = {id: cart for id, cart in carts if cart.lines or cart.changed_at > last}
    if lines <= limits.MOST_LINES:
        return
    room = limits.MOST_LINES
    for cart in sorted(person.carts.values(), key=lambda cart: cart.changed_at, reverse=True):
        room -= len(cart.lines)
        if room < 0:
            cart.lines = []


def _trim_bought(person: Person, at: int) -> None:
    """Drops bought lines that have lapsed, and those of older carts beyond the bound."""
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
