"""Semantics of life, 12: episodes of the four kinds that follow a customer's life."""

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

from tests.reference import audiences
from tests.reference.orders import Order
from tests.reference.outputs import Outputs
from tests.reference.person import Episode, Person, Purchase
from tests.reference.reading import nobody
from tests.reference.recipes import Recipe, Recipes, context, holds
from tests.reference.times import DAY

Line = dict[str, Any]
_KNOWN = ("customer:", "email:", "phone:")


def _when(person: Person, recipe: Recipe, value: float | None, categories: list[Any]) -> bool:
    known = context(
        person.visits(), len(person.orders.record), person.traits, None, None, None, None
    )
    known |= {"cart_value": value or 0, "category": categories, "spent": person.spent()}
    return holds(recipe.when, known)


class Life:
    """Opens and closes a person's life episodes for one fact or one time `at`."""

    def __init__(
        self, person: Person, at: int, recipes: Recipes, out: Outputs, fed_by: str | None = None
    ) -> None:
        self.person, self.at, self.recipes, self.out = person, at, recipes, out
        self.fed_by = fed_by

    def open(self, recipe: Recipe, origin: str, key_time: int, **course: Any) -> None:
        person = self.person
        if person.left:
            return
        for each in person.episodes:
            if recipe.is_same(each.recipe) and each.origin == origin:
                if each.key_time == key_time:
                    return
                if each.is_open and recipe.kind != "post-purchase":
                    return
        episode = Episode(recipe, person.id, origin, origin, key_time, self.at)
        episode.fed_at, episode.fed_by = self.at, course.pop("fed_by", self.fed_by) or ""
        for name, value in course.items():
            setattr(episode, name, value)
        person.episodes.append(episode)
        self.plan(episode)

    def plan(self, episode: Episode) -> None:
        steps = episode.steps
        episode.due = None
        while episode.is_open and episode.base is not None:
            offset = steps[episode.decided]
            due = episode.base + offset
            if episode.fired:
                step, at = episode.fired[-1]
                due = max(due, at + offset - steps[step])
            if due >= episode.opened:
                episode.due = max(due, self.at)
                return
            self.pass_over(episode, "past")

    def pass_over(self, episode: Episode, reason: str) -> None:
        number = episode.decided + 1
        self.out.decision(
            episode.id(),
            episode.recipe,
            number,
            self.person.id,
            episode.fed_by,
            "refused",
            self.at,
            reason,
        )
        episode.decided = number
        episode.is_open = number < len(episode.steps)
        episode.due = None

    def _told_by(self, order: Order) -> str:
        """The visitor of an order that a key sent is that of the order's event."""
        by_a_key = self.fed_by is not None and self.fed_by.startswith("~~")
        return order.visitor if by_a_key else self.fed_by or ""

    def _of(self, kind: str) -> list[Episode]:
        return sorted(
            [each for each in self.person.episodes if each.recipe.kind == kind],
            key=lambda each: each.order(),
        )

    # Subscriptions

    def subscribed(self, channels: list[str]) -> None:
        person = self.person
        if not person.id.startswith(_KNOWN) and not {"push", "messenger"} & set(channels):
            return
        for recipe in self.recipes.of("welcome"):
            had = any(recipe.is_same(each.recipe) for each in person.episodes)
            if not had and _when(person, recipe, 0, []):
                self.open(recipe, "welcome", self.at, base=self.at, channels=channels)

    # Orders

    def entered(self, order: Order) -> None:
        """A new order of the record."""
        self._products_come(order, order.items)
        if order.counts:
            self._buys(order, order.items)
        if not order.opened:
            return
        categories = [line.get("category") for line in order.items]
        for recipe in self.recipes.of("post-purchase"):
            if not _when(self.person, recipe, order.value, categories):
                continue
            course: dict[str, Any] = {"about": replace(order), "base": order.time}
            course["fed_by"] = self._told_by(order)
            if recipe.start == "delivered":
                course |= {"base": None, "waits_until": self.at + recipe.expires}
            self.open(recipe, order.id, order.time, **course)
        self._replenish(order, order.items, self._told_by(order))

    def brought(self, order: Order, parts: Order) -> None:
        """A repetition added parts to an order of the record."""
        for episode in self._of("post-purchase"):
            about = episode.about
            if (
                episode.is_open
                and about is not None
                and (about.id, about.time) == (order.id, order.time)
            ):
                about.value = about.value if parts.value is None else parts.value
                about.currency = about.currency if parts.currency is None else parts.currency
                about.items = about.items or parts.items
        if parts.items:
            self._products_come(order, parts.items)
            if order.counts:
                self._buys(order, parts.items)
            if order.opened:
                self._replenish(order, parts.items, self._told_by(parts))

    def _products_come(self, order: Order, lines: list[Line]) -> None:
        for line in lines:
            for name in (("category", line.get("category")), ("product", line["product_id"])):
                if name in self.recipes.named():
                    known = self.person.bought_at
                    known[name] = max(known.get(name, -1), order.day)
        products = {line["product_id"] for line in lines}
        for episode in self._of("replenishment"):
            if episode.origin in products and episode.ordered_at < order.time:
                self._ends(episode, "converted", "ordered", order.id)

    def _ends(self, episode: Episode, reason: str, cancels: str, order: str) -> None:
        if episode.is_open:
            episode.close(reason, self.at, self.out)
        episode.cancel(cancels, order, self.at, self.out)

    def _buys(self, order: Order, lines: list[Line]) -> None:
        if not self.recipes.replenishes:
            return
        person = self.person
        for product, own in _by_product(lines).items():
            person.bought_number += 1
            units = max(1, round(sum(line["quantity"] for line in own), 6))
            person.purchases.append(
                Purchase(
                    product, order.id, order.time, order.day, person.bought_number, units, own[0]
                )
            )
        _keep_last(person)

    def _replenish(self, order: Order, lines: list[Line], fed_by: str) -> None:
        for recipe in self.recipes.of("replenishment"):
            for product in _by_product(lines):
                mine = [
                    each
                    for each in self.person.purchases_of(product)
                    if (each.order_id, each.time) == (order.id, order.time)
                ]
                if mine:
                    self._open_for(recipe, mine[0], order.time, order.value, fed_by)

    def _open_for(
        self,
        recipe: Recipe,
        purchase: Purchase,
        key_time: int,
        value: float | None,
        fed_by: str = "",
        ahead: bool = False,
    ) -> None:
        life = recipe.life_of(purchase.product, purchase.line.get("category"))
        if life is None:
            return
        if not _when(self.person, recipe, value, [purchase.line.get("category")]):
            return
        base = self._base(purchase, life, recipe.lead)
        if ahead and base <= self.at:
            return
        course = {
            "base": base,
            "line": purchase.line,
            "about": Order(purchase.order_id, purchase.time),
            "fed_by": fed_by,
        }
        self.open(recipe, purchase.product, key_time, **course)

    def _base(self, purchase: Purchase, life: int, lead: int) -> int:
        groups: list[list[Purchase]] = []
        for each in self.person.purchases_of(purchase.product):
            if groups and each.day - groups[-1][0].day < DAY:
                groups[-1].append(each)
            else:
                groups.append([each])
        k = next(n for n, group in enumerate(groups) if purchase in group)
        units = [sum(Fraction(str(each.units)) for each in group) for group in groups]
        days = [group[0].day for group in groups]
        u = (2 * life + days[k] - days[0]) / (2 + sum(units[:k], Fraction(0)))
        end = days[k] + floor(units[k] * u + Fraction(1, 2))
        return max(end - lead, (days[k] + end) // 2)

    def taken_out(self, orders: list[Order]) -> None:
        person = self.person
        gone = {(order.id, order.time) for order in orders}
        for kind in ("post-purchase", "replenishment"):
            for episode in self._of(kind):
                about = episode.about
                if about is not None and (about.id, about.time) in gone:
                    self._ends(episode, "cancelled", "cancelled", about.id)
        lost = {each.product for each in person.purchases if (each.order_id, each.time) in gone}
        person.purchases = [
            each for each in person.purchases if (each.order_id, each.time) not in gone
        ]
        for recipe in self.recipes.of("replenishment"):
            for product in sorted(lost):
                left = person.purchases_of(product)
                has_open = any(
                    each.is_open and recipe.is_same(each.recipe) and each.origin == product
                    for each in person.episodes
                )
                if left and not has_open:
                    value = next(
                        (
                            order.value
                            for order in person.orders.record
                            if (order.id, order.time) == (left[-1].order_id, left[-1].time)
                        ),
                        None,
                    )
                    self._open_for(recipe, left[-1], self.at, value, ahead=True)

    def delivered(self, order_id: str) -> None:
        times = [each.time for each in self.person.orders.record if each.id == order_id]
        for episode in self._of("post-purchase"):
            if not episode.is_open or episode.base is not None or episode.origin != order_id:
                continue
            if nobody(order_id) and episode.key_time != max(times, default=None):
                continue
            episode.base, episode.waits_until = self.at, None
            self.plan(episode)

    # Audiences

    def look(self, former: Recipes | None = None) -> None:
        left, entered = audiences.look(self.person, self.at, self.recipes, self.out, former)
        for name in left:
            for episode in self._of("audience"):
                if episode.is_open and episode.origin == name:
                    episode.close("left", self.at, self.out)
        for name in entered:
            for recipe in self.recipes.of("audience"):
                if recipe.audience == name:
                    self.enters(recipe)

    def enters(self, recipe: Recipe) -> None:
        if _when(self.person, recipe, 0, []):
            self.open(recipe, recipe.audience, self.at, base=self.at, fed_by="")


def _by_product(lines: list[Line]) -> dict[str, list[Line]]:
    """Lines by product id, without subscription renewals, in order of first lines."""
    own = [line for line in lines if not line.get("renews", False)]
    own.sort(key=lambda line: (line["product_id"], line["variant_id"]))
    found: dict[str, list[Line]] = {}
    for line in own:
        found.setdefault(line["product_id"], []).append(line)
    return found


def _keep_last(person: Person) -> None:
    kept: list[Purchase] = []
    products = {each.product for each in person.purchases}
    last = {product: person.purchases_of(product)[-1].day for product in products}
    for product in sorted(products, key=lambda each: (last[each], each))[-100:]:
        kept += person.purchases_of(product)[-5:]
    person.purchases = kept
