"""Funnel episodes: carts, checkouts and payments left behind. Source: docs/semantics.md, 6.

One cart is in one state: its payment failed, its checkout is open, it has something in it, or none of
these; every enabled recipe of that kind has an episode of its own on it. When a step of it is due is
`steps`, what may still hold it back is `guards`.
"""

from msgspec import structs

from stream import bounds, episodes
from stream import cart as carts
from stream.facts import CartSummary, Idle
from stream.outputs import Outputs
from stream.person import Episode, KnownCart, Person
from stream.recipe import CART, CHECKOUT, PAYMENT, Recipe, Recipes
from stream.visitor import Checkout


class Seen:
    """A summary's cart and checkout as this person's record lets them count.

    A checkout of at or before the last order counts as closed, a cart of then as empty unless its checkout
    is open; such an old cart closes nothing as emptied. What is kept of it is what was given: an order may
    be taken back.
    """

    def __init__(self, person: Person, fact: Idle) -> None:
        given, self.last_order = fact.summary.cart, person.last_order
        checkout = fact.summary.checkout
        opened = checkout is not None and checkout.started_at > self.last_order
        self.checkout: Checkout | None = checkout if opened else None
        self.old = given.changed_at <= self.last_order and not opened
        self.cart = given
        self.lines = [] if self.old else given.lines
        self.given_contents = carts.fingerprint(given.lines)
        self.contents = "" if self.old else self.given_contents

    @property
    def kind(self) -> str | None:
        if self.checkout is not None:
            return PAYMENT if self.checkout.failed else CHECKOUT
        return CART if self.lines else None

    @property
    def key_time(self) -> int:
        return self.cart.changed_at if self.checkout is None else self.checkout.started_at

    def is_older_than(self, known: KnownCart | None) -> bool:
        """The person is known to have had this cart later, with other contents."""
        return (
            known is not None
            and known.changed_at > self.last_order
            and self.cart.changed_at < known.changed_at
            and self.contents != known.contents
        )


def look(person: Person, fact: Idle, seen: Seen, recipes: Recipes, out: Outputs) -> None:
    """An idle visitor's cart: opens, keeps, feeds or closes what is about it."""
    at, id = fact.at, seen.cart.id
    for episode in person.open_episodes():
        if (
            episode.visitor == fact.visitor
            and episode.origin != id
            and not episodes.is_browse(episode)
        ):
            episodes.close(person, episode, "replaced", at, recipes, out)
    known = person.carts.get(id)
    if seen.is_older_than(known):
        return
    if known is None or seen.cart.changed_at >= known.changed_at:
        person.carts[id] = KnownCart(seen.cart.changed_at, seen.given_contents)
    for episode in person.open_episodes():
        if episode.origin != id or episodes.is_browse(episode):
            continue
        if episode.kind == seen.kind:
            _feed(person, episode, fact, seen)
        elif seen.kind is not None:
            episodes.close(person, episode, "superseded", at, recipes, out)
        elif not seen.old:
            episodes.close(person, episode, "emptied", at, recipes, out)
    if not seen.lines:
        _forget_contents(person, id)
    if seen.kind is not None:
        for recipe in recipes.of[seen.kind]:
            _open(person, recipe, fact, seen, recipes, out)


def _forget_contents(person: Person, id: str) -> None:
    """The cart is known empty: what it held when an episode on it ended may start one again."""
    for episode in person.episodes:
        if episode.origin == id and not episode.open and not episodes.is_browse(episode):
            episode.contents = ""


def _open(
    person: Person,
    recipe: Recipe,
    fact: Idle,
    seen: Seen,
    recipes: Recipes,
    out: Outputs,
) -> None:
    id = seen.cart.id
    for each in person.episodes:
        if each.open and each.recipe == recipe.name and each.origin == id:
            return
    if episodes.is_remembered(person, recipe, id, seen.key_time, seen.contents):
        return
    categories = frozenset(line.category for line in seen.lines if line.category is not None)
    if not recipe.when.holds(episodes.known(person, carts.value(seen.lines), categories, None)):
        return
    if len(person.open_episodes()) >= bounds.MOST_OPEN:
        return
    for each in person.open_episodes():
        if episodes.is_browse(each):
            episodes.close(person, each, "superseded", fact.at, recipes, out)
    episode = Episode(recipe.name, recipe.kind, id, seen.key_time, fact.at, fact.visitor, fact.at)
    _feed(person, episode, fact, seen)
    person.episodes.append(episode)


def _feed(person: Person, episode: Episode, fact: Idle, seen: Seen) -> None:
    episode.visitor = fact.visitor
    episode.fed_at = fact.at
    episode.cart = _fitting(person, episode, seen.cart)
    episode.contents = seen.contents
    episode.evidence = fact.summary.evidence


def _fitting(person: Person, episode: Episode, cart: CartSummary) -> CartSummary:
    """The cart with the lines that have room beside the carts of the person's other open episodes."""
    room = bounds.LARGEST_CARTS
    for other in person.episodes:
        if other is not episode and other.cart is not None:
            room -= sum(map(bounds.size, other.cart.lines))
    kept = 0
    for line in cart.lines:
        room -= bounds.size(line)
        kept += room >= 0
    return cart if kept == len(cart.lines) else structs.replace(cart, lines=cart.lines[:kept])
