"""Funnel episodes: carts, checkouts and payments left behind. Source: docs/semantics.md, 6.

One cart is at one stage of the funnel, the first in the registry that gives it a key time, or at none;
every enabled recipe of that kind has an episode of its own on it. When a step of it is due is `steps`,
what may still hold it back is `guards`.
"""

from msgspec import structs

from stream import limits
from stream.episodes import lifecycle
from stream.episodes.visible_summary import Seen
from stream.kinds import registry
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipe, Recipes
from stream.state import cart as carts
from stream.state.facts import CartSummary, Idle
from stream.state.person import Episode, KnownCart, Person


def look(person: Person, fact: Idle, seen: Seen, recipes: Recipes, out: Outputs) -> None:
    """An idle visitor's cart: opens, keeps, feeds or closes what is about it."""
    at, id = fact.at, seen.cart.id
    for episode in _open_ones(person):
        if episode.visitor == fact.visitor and episode.origin != id:
            lifecycle.close(person, episode, "replaced", at, recipes, out)
    known = person.carts.get(id)
    if seen.is_older_than(known):
        return
    if known is None or seen.cart.changed_at >= known.changed_at:
        person.carts[id] = KnownCart(seen.cart.changed_at, seen.given_contents)
    kind, key_time = _stage(seen)
    for episode in _open_ones(person):
        if episode.origin != id:
            continue
        if episode.kind == kind:
            _feed(person, episode, fact, seen)
        elif kind is not None:
            lifecycle.close(person, episode, "superseded", at, recipes, out)
        elif not seen.old:
            lifecycle.close(person, episode, "emptied", at, recipes, out)
    if not seen.lines:
        _forget_contents(person, id)
    if kind is not None:
        for recipe in recipes.of[kind]:
            _open(person, recipe, key_time, fact, seen)


def _open_ones(person: Person) -> list[Episode]:
    """Open episodes about a cart."""
    return [each for each in person.episodes if each.cart is not None]


def _stage(seen: Seen) -> tuple[str | None, int]:
    """The kind of what is left behind, with its key time."""
    for kind, stage in registry.STAGES:
        key_time = stage(seen)
        if key_time is not None:
            return kind, key_time
    return None, carts.NEVER


def _forget_contents(person: Person, id: str) -> None:
    """The cart is known empty: what it held when an episode on it ended may start one again."""
    for episode in person.episodes:
        if episode.origin == id and not episode.open:
            episode.contents = ""


def _open(person: Person, recipe: Recipe, key_time: int, fact: Idle, seen: Seen) -> None:
    id, opened = seen.cart.id, _open_ones(person)
    if any(each.recipe == recipe.name and each.origin == id for each in opened):
        return
    if lifecycle.is_remembered(person, recipe, id, key_time, seen.contents):
        return
    categories = frozenset(line.category for line in seen.lines if line.category is not None)
    if not recipe.when.holds(lifecycle.known(person, carts.value(seen.lines), categories, None)):
        return
    if len(opened) >= limits.MOST_OPEN:
        return
    episode = Episode(recipe.name, recipe.kind, id, key_time, fact.at, fact.visitor, fact.at)
    _feed(person, episode, fact, seen)
    person.episodes.append(episode)


def _feed(person: Person, episode: Episode, fact: Idle, seen: Seen) -> None:
    episode.visitor = fact.visitor
    episode.fed_at = fact.at
    episode.cart = _fitting(person, episode, seen.cart)
    episode.contents = seen.contents
    episode.evidence = seen.evidence


def _fitting(person: Person, episode: Episode, cart: CartSummary) -> CartSummary:
    """The cart with the lines that have room beside the carts of the person's other open episodes."""
    room = limits.LARGEST_CARTS
    for other in person.episodes:
        if other is not episode and other.cart is not None:
            room -= sum(map(limits.size, other.cart.lines))
    kept = 0
    for line in cart.lines:
        room -= limits.size(line)
        kept += room >= 0
    return cart if kept == len(cart.lines) else structs.replace(cart, lines=cart.lines[:kept])
