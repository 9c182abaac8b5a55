"""Section 6: the episodes that a visitor's summary opens, keeps and closes."""

from typing import Any

from tests.reference.browse import sub_kind, subject, worth_a_reminder
from tests.reference.cart import contents, value
from tests.reference.counting import count
from tests.reference.outputs import Outputs
from tests.reference.person import Episode, Person
from tests.reference.recipes import BROWSE, FUNNEL, Recipe, Recipes, context, holds
from tests.reference.times import DAY


class Feeding:
    """One idle fact `at`, with the summary of `visitor`."""

    def __init__(self, person: Person, visitor: str, summary: dict[str, Any], at: int) -> None:
        self.person, self.visitor, self.summary, self.at = person, visitor, summary, at
        cart = summary["cart"]
        self.cart_id: str = cart["id"]
        self.given: list[dict[str, Any]] = cart["lines"]
        self.changed_at: int | None = cart["changed_at"]
        self.last_order = person.orders.last_time()
        self.stale = self._stale()
        self.counted = count(
            person.orders,
            person.bought,
            self.cart_id,
            self.given,
            self.changed_at,
            summary["checkout"],
            at,
        )
        self.lines, self.checkout = self.counted.lines, self.counted.checkout
        self.contents = contents(self.lines)
        self.views = summary["views"]
        looks = (self.views, summary["on_screen"], summary["open_search"])
        self.worth_a_reminder = worth_a_reminder(*looks)
        self.subject, self.sub_kind = subject(self.views), sub_kind(*looks)

    def _stale(self) -> bool:
        """Whether the cart is older than the known one of this id and differs from it."""
        changed_at, known = self.person.carts.get(self.cart_id, (-1, []))
        if changed_at <= self.last_order or contents(known) == contents(self.given):
            return False
        return self.changed_at is None or self.changed_at < changed_at

    def known_empty(self) -> bool:
        """Whether the cart is known to be empty by this summary."""
        known = self.changed_at is not None and self.changed_at > self.last_order
        return known and not self.given and not self.stale

    def remember(self) -> None:
        """Records the cart, and purchases under its id."""
        person, bought = self.person, self.person.bought
        if not self.stale:
            bought.not_shown(self.cart_id, self.given, self.changed_at, self.last_order)
            last = person.orders.last()
            if self.given and self.counted.old and last is not None:
                bought.add(self.cart_id, self.given, last)
        bought.shown(self.cart_id, self.given, self.at)
        changed_at, _ = person.carts.get(self.cart_id, (-1, []))
        if self.changed_at is not None and changed_at <= self.changed_at:
            person.carts[self.cart_id] = self.changed_at, self.given

    def browses(self) -> bool:
        """The conditions of a browse episode."""
        added_at = self.summary["cart"]["added_at"]
        return (
            self.counted.nothing()
            and not any(
                each.recipe.kind in FUNNEL and not each.recipe.shadow
                for each in self.person.open_episodes()
            )
            and (added_at is None or self.at - added_at >= DAY)
            and self.worth_a_reminder
        )

    def may_open(self, recipe: Recipe, origin: str, key_time: int) -> bool:
        person, browse = self.person, recipe.kind == BROWSE
        known = context(
            person.visits(),
            len(person.orders.record),
            person.traits,
            {"lines": self.lines, "value": value(self.lines)} if self.lines else None,
            self.subject,
            self.sub_kind if browse else None,
            message=None,
        )
        if not holds(recipe.when, known):
            return False
        for each in person.episodes:
            if recipe.is_same(each.recipe) and origin in (each.origin, each.cart_id):
                lifted = each.is_open or each.lifted or origin in each.lifted_under
                same = bool(self.contents) and each.contents() == self.contents
                if each.key_time == key_time or (same and not lifted):
                    return False
        return True

    def feed(self, episode: Episode) -> None:
        episode.fed_at, episode.fed_by = self.at, self.visitor
        episode.lines, episode.checkout = self.lines, self.checkout
        episode.subject = self.subject
        if episode.recipe.kind == BROWSE:
            episode.sub_kind = self.sub_kind
        else:
            episode.changed_at = self.changed_at

    def open(self, recipe: Recipe, origin: str, key_time: int) -> None:
        episode = Episode(recipe, self.person.id, origin, origin, key_time, opened=self.at)
        self.feed(episode)
        self.person.episodes.append(episode)


def idle(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    """Updates the funnel episodes, then the browse episode; planning follows."""
    _new_cart_id(feeding, out)
    if not feeding.stale:
        _funnel(feeding, recipes, out)
    _browse(feeding, recipes, out)
    feeding.remember()


def _new_cart_id(feeding: Feeding, out: Outputs) -> None:
    """Episodes last fed by this visitor under another cart id continue under the new one, or close."""
    if feeding.changed_at is None:
        return
    for episode in feeding.person.open_episodes():
        elsewhere = episode.recipe.kind in FUNNEL and episode.cart_id != feeding.cart_id
        if not elsewhere or episode.fed_by != feeding.visitor:
            continue
        taken = any(
            episode.recipe.is_same(each.recipe) and each.cart_id == feeding.cart_id
            for each in feeding.person.open_episodes()
        )
        same = bool(feeding.contents) and feeding.contents == episode.contents()
        if same and not feeding.stale and not taken:
            episode.cart_id = feeding.cart_id
        else:
            episode.close("replaced", feeding.at, out)


def _funnel(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    person, kind, at = feeding.person, feeding.counted.kind(), feeding.at
    for episode in person.open_episodes():
        if episode.recipe.kind not in FUNNEL or episode.cart_id != feeding.cart_id:
            continue
        if episode.recipe.kind == kind:
            feeding.feed(episode)
        elif kind is not None:
            episode.close("superseded", at, out)
        elif not feeding.counted.old:
            episode.close("emptied", at, out)
    if feeding.known_empty():
        for episode in person.episodes:
            if not episode.is_open:
                episode.lifted_under.add(feeding.cart_id)
    if kind is None:
        return
    checkout, key_time = feeding.checkout, feeding.changed_at
    if checkout is not None:
        key_time = checkout.started_at
    assert key_time is not None
    for recipe in recipes.of(kind):
        has_one = any(
            recipe.is_same(each.recipe) and each.cart_id == feeding.cart_id
            for each in person.open_episodes()
        )
        if not has_one and feeding.may_open(recipe, feeding.cart_id, key_time):
            for browse in person.open_episodes():
                if browse.recipe.kind == BROWSE and not recipe.shadow:
                    browse.close("superseded", at, out)
            feeding.open(recipe, feeding.cart_id, key_time)


def _browse(feeding: Feeding, recipes: Recipes, out: Outputs) -> None:
    person, start = feeding.person, feeding.summary["visit_start"]
    if not feeding.counted.nothing():
        for episode in person.open_episodes():
            if episode.recipe.kind == BROWSE and episode.origin == feeding.visitor:
                episode.close("superseded", feeding.at, out)
        return
    if not feeding.browses():
        return
    for recipe in recipes.of(BROWSE):
        mine = [each for each in person.open_episodes() if recipe.is_same(each.recipe)]
        for episode in mine:
            if episode.origin == feeding.visitor and episode.key_time == start:
                feeding.feed(episode)
            elif start > episode.key_time:
                episode.close("replaced", feeding.at, out)
        if not any(each.is_open for each in mine):
            if feeding.may_open(recipe, feeding.visitor, start):
                feeding.open(recipe, feeding.visitor, start)
