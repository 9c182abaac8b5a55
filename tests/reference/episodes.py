"""Section 6: what a visitor's summary opens, keeps and closes."""

from typing import Any

from tests.reference.browse import sub_kind, subject, worth_a_reminder
from tests.reference.outputs import Outputs
from tests.reference.person import Episode, Person
from tests.reference.recipes import BROWSE, FUNNEL, Recipe, Recipes, context, holds
from tests.reference.times import DAY


class Feeding:
    """One idle fact `at` with the summary of `visitor`, as this section looks at it."""

    def __init__(self, person: Person, visitor: str, summary: dict[str, Any], at: int) -> None:
        self.person, self.visitor, self.summary, self.at = person, visitor, summary, at
        cart, checkout = summary["cart"], summary["checkout"]
        last_order = person.last_order()
        self.changed_at: int = -1 if cart["changed_at"] is None else cart["changed_at"]
        self.cart_id: str = cart["id"]
        self.checkout = checkout if checkout and checkout.started_at > last_order else None
        self.old = bool(person.orders) and self.changed_at <= last_order and not self.checkout
        self.contents = [] if self.old else cart["contents"]
        self.cart = cart if self.contents else None
        self.outdated = any(
            last_order < changed_at and self.changed_at < changed_at
            for changed_at, contents in person.carts.get(self.cart_id, [])[-1:]
            if contents != self.contents
        )
        self.views, self.open_search = summary["views"], summary["open_search"]
        self.subject = subject(self.views)
        self.sub_kind = sub_kind(self.views, self.open_search)

    def remember_cart(self) -> None:
        """The newest cart under each id is the known one."""
        known = self.person.carts.setdefault(self.cart_id, [])
        if not known or known[-1][0] <= self.changed_at:
            known.append((self.changed_at, self.summary["cart"]["contents"]))

    def kind(self) -> str | None:
        if self.checkout:
            return "payment-failed" if self.checkout.failed else "checkout-abandonment"
        return "cart-abandonment" if self.contents else None

    def browses(self) -> bool:
        """The conditions of a browse episode."""
        added_at = self.summary["cart"]["added_at"]
        return (
            not self.contents
            and self.checkout is None
            and not any(each.recipe.kind in FUNNEL for each in self.person.open_episodes())
            and (added_at is None or self.at - added_at >= DAY)
            and worth_a_reminder(self.views, self.open_search)
        )

    def may_open(self, recipe: Recipe, origin: str, key_time: int) -> bool:
        person, browse = self.person, recipe.kind == BROWSE
        known = context(
            person.visits(),
            len(person.orders),
            person.traits,
            self.cart,
            self.subject if browse else None,
            self.sub_kind if browse else None,
            message=None,
        )
        if not holds(recipe.when, known):
            return False
        for each in person.episodes:
            if each.recipe.name == recipe.name and each.origin == origin:
                if each.key_time == key_time:
                    return False
                if self.contents and not each.lifted and each.contents == self.contents:
                    return False
        return True

    def feed(self, episode: Episode) -> None:
        episode.fed_at, episode.fed_by = self.at, self.visitor
        episode.cart, episode.contents = self.cart, self.contents
        if episode.recipe.kind == BROWSE:
            episode.subject, episode.sub_kind = self.subject, self.sub_kind
        else:
            episode.changed_at = self.changed_at

    def open(self, recipe: Recipe, origin: str, key_time: int) -> None:
        episode = Episode(recipe, self.person.id, origin, key_time, opened=self.at)
        self.feed(episode)
        self.person.episodes.append(episode)


def idle(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    """The funnel first, then the browse episode; planning comes after."""
    if not feeding.outdated:
        _funnel(feeding, recipes, out)
    _replaced(feeding, out)
    _browse(feeding, recipes, out)
    feeding.remember_cart()


def _funnel(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    person, kind, at = feeding.person, feeding.kind(), feeding.at
    here = [
        episode
        for episode in person.episodes
        if episode.recipe.kind in FUNNEL and episode.origin == feeding.cart_id
    ]
    for episode in here:
        if episode.is_open and episode.recipe.kind == kind:
            feeding.feed(episode)
        elif episode.is_open and kind is not None:
            episode.close("superseded", at, out)
        elif episode.is_open and not feeding.old:
            episode.close("emptied", at, out)
        if not feeding.contents and not episode.is_open:
            episode.lifted = True
    if kind is None:
        return
    key_time = feeding.checkout.started_at if feeding.checkout else feeding.changed_at
    for recipe in recipes.of(kind):
        has_one = any(each.is_open and each.recipe.name == recipe.name for each in here)
        if not has_one and feeding.may_open(recipe, feeding.cart_id, key_time):
            for browse in person.open_episodes():
                if browse.recipe.kind == BROWSE:
                    browse.close("superseded", at, out)
            feeding.open(recipe, feeding.cart_id, key_time)


def _replaced(feeding: Feeding, out: Outputs) -> None:
    for episode in feeding.person.open_episodes():
        if episode.recipe.kind in FUNNEL and episode.fed_by == feeding.visitor:
            if episode.origin != feeding.cart_id:
                episode.close("replaced", feeding.at, out)


def _browse(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    person, start = feeding.person, feeding.summary["visit_start"]
    if feeding.contents or feeding.checkout:
        for episode in person.open_episodes():
            if episode.recipe.kind == BROWSE and episode.origin == feeding.visitor:
                episode.close("superseded", feeding.at, out)
        return
    if not feeding.browses():
        return
    for recipe in recipes.of(BROWSE):
        mine = [each for each in person.open_episodes() if each.recipe.name == recipe.name]
        for episode in mine:
            if episode.origin == feeding.visitor and episode.key_time == start:
                feeding.feed(episode)
            elif start > episode.key_time:
                episode.close("replaced", feeding.at, out)
        if not any(each.is_open for each in mine):
            if feeding.may_open(recipe, feeding.visitor, start):
                feeding.open(recipe, feeding.visitor, start)
