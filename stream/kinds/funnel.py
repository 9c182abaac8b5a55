"""Funnel episodes: carts, checkouts and payments left behind. Source: docs/semantics.md, 6.

A cart is in at most one kind: the first one in the registry that returns a key time for it. Every enabled recipe of
that kind opens an episode of its own. `stream/episodes/steps.py` plans and decides the steps; the guards beside it in
`guards.py` may hold a step back.
"""

from msgspec import structs

from stream import limits
from stream.episodes import lifecycle
from stream.episodes.visible_summary import VisibleSummary
from stream.kinds import registry
from stream.outputs.outputs import Outputs
from stream.recipes.conditions import ALWAYS
from stream.recipes.recipe import Recipe, Recipes
from stream.state import cart as carts
from stream.state.facts import CartSummary, Idle
from stream.state.person import Episode, Person


def look(person: Person, fact: Idle, seen: VisibleSummary, recipes: Recipes, out: Outputs) -> None:
    """Opens, keeps, feeds or closes the episodes about an idle visitor's cart."""
    at, id = fact.at, seen.cart.id
    opened = _open_ones(person)
    for episode in opened:
        if episode.visitor == fact.visitor and episode.cart_id != id:
            if _goes_on(person, episode, seen):
                episode.cart_id = id
            elif seen.cart.changed_at != carts.NEVER:
                lifecycle.close(person, episode, "replaced", at, recipes, out)
    if seen.stale:
        return
    kind, key_time = _stage(seen)
    for episode in opened:
        if episode.cart_id != id or episode.cart is None:
            continue
        if episode.kind == kind:
            _feed(person, episode, fact, seen)
        elif kind is not None:
            lifecycle.close(person, episode, "superseded", at, recipes, out)
        elif not seen.old:
            lifecycle.close(person, episode, "emptied", at, recipes, out)
    if not seen.lines and not seen.old:
        _known_empty(person, id)
    if kind is not None:
        for recipe in recipes.of[kind]:
            open_episode(person, recipe, key_time, fact, seen)


def _goes_on(person: Person, episode: Episode, seen: VisibleSummary) -> bool:
    """Whether the episode's cart continues under a new id, with the same contents."""
    id = seen.cart.id
    return (
        not seen.stale
        and seen.contents == episode.contents != ""
        and not _has_open(person, episode.recipe, id)
    )


def _has_open(person: Person, recipe: str, id: str) -> bool:
    for each in person.episodes:
        if each.cart is not None and each.cart_id == id and each.recipe == recipe:
            return True
    return False


def _open_ones(person: Person) -> list[Episode]:
    """The person's open episodes about carts."""
    return [each for each in person.episodes if each.cart is not None]


def _stage(seen: VisibleSummary) -> tuple[str | None, int]:
    """(kind of the cart, its key time in ms); (None, NEVER) if nothing was left behind."""
    for kind, stage in registry.STAGES:
        key_time = stage(seen)
        if key_time is not None:
            return kind, key_time
    return None, carts.NEVER


def _known_empty(person: Person, id: str) -> None:
    """Notes that the cart is known to be empty: its former contents may open an episode again."""
    for episode in person.episodes:
        if episode.is_about(id) and id not in episode.emptied:
            episode.emptied = [*episode.emptied, id]


def open_episode(
    person: Person, recipe: Recipe, key_time: int, fact: Idle, seen: VisibleSummary
) -> None:
    """Opens an episode about the cart, unless one is open or remembered, or the recipe is not for this person."""
    id = seen.cart.id
    if _has_open(person, recipe.alias, id):
        return
    if lifecycle.is_remembered(person, recipe, id, key_time, seen.contents):
        return
    if recipe.when != ALWAYS and not recipe.when.holds(
        lifecycle.known(person, carts.value(seen.lines), seen.categories, None)
    ):
        return
    if sum(recipe.sees(each.recipe) for each in _open_ones(person)) >= limits.MOST_OPEN:
        return
    episode = Episode(recipe.alias, recipe.kind, id, key_time, fact.at, fact.visitor, fact.at)
    _feed(person, episode, fact, seen)
    person.episodes.append(episode)


def _feed(person: Person, episode: Episode, fact: Idle, seen: VisibleSummary) -> None:
    episode.visitor = fact.visitor
    episode.fed_at = fact.at
    episode.cart_id = seen.cart.id
    cart = seen.cart if seen.whole else structs.replace(seen.cart, lines=seen.lines)
    episode.looked_at = seen.looked_at
    episode.cart = _fitting(person, episode, cart)
    episode.checkout = seen.checkout
    episode.contents = seen.contents
    if episode.emptied:
        episode.emptied = [id for id in episode.emptied if id != episode.cart_id]
    episode.evidence = seen.evidence


def _fitting(person: Person, episode: Episode, cart: CartSummary) -> CartSummary:
    """The cart, with as many lines as fit beside the person's other open episodes.

    Drops the episode's category looked at if that alone does not fit.
    """
    room = limits.LARGEST_CARTS
    for other in person.episodes:
        if other is not episode and other.cart is not None:
            room -= sum(map(limits.size, other.cart.lines)) + len(other.looked_at or "")
    if len(episode.looked_at or "") > room:
        episode.looked_at = None
    room -= len(episode.looked_at or "")
    kept = 0
    for line in cart.lines:
        room -= limits.size(line)
        kept += room >= 0
    return cart if kept == len(cart.lines) else structs.replace(cart, lines=cart.lines[:kept])
