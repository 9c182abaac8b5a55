"""Replenishment: a product that was bought is nearly used up. Source: docs/semantics-life.md, 12."""

from typing import Final

from stream.durations import DAY
from stream.episodes import life, lifecycle
from stream.episodes.life import LATEST, Occurrence
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import REPLENISHMENT, Recipe, Recipes
from stream.state import purchases
from stream.state.life_record import Course, Purchase, Purchases
from stream.state.orders import OWN, OrderEntry
from stream.state.person import Person
from stream.state.whole_order import OrderLine, WholeOrder

DEFAULTS: Final = Recipe(
    REPLENISHMENT,
    REPLENISHMENT,
    steps=(0, 7 * DAY),
    cooldown=3 * DAY,
    valid_for=3 * DAY,
    priority=70,
    lead=3 * DAY,
)


def ordered(
    person: Person,
    order: OrderEntry,
    whole: WholeOrder,
    here: Occurrence,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Opens episodes for the products of an order that was entered, or of lines that a repetition added."""
    if not whole.lines:
        return
    _bring(person, order, whole.lines, here, recipes, out)
    if not recipes.replenishes or not order.marks & OWN:
        return
    bought = purchases.products(whole.lines)
    day = order.at if order.day < 0 else order.day
    kept = person.of_life()
    purchases.enter(kept, order.id, order.at, day, bought)
    if not order.opens:
        return
    for recipe in recipes.of[REPLENISHMENT]:
        for product in bought:
            one = purchases.of_order(kept.purchases.get(product), order.id, order.at)
            if one is not None:
                everything = kept.purchases[product]
                _open(person, recipe, product, everything, one, order.at, order.worth, here, out)


def _bring(
    person: Person,
    order: OrderEntry,
    lines: list[OrderLine],
    here: Occurrence,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Closes the episodes of products that a later order contains."""
    brought = {line.product_id for line in lines}
    for episode in life.of_kind(person, REPLENISHMENT, recipes):
        course = episode.course
        if course is not None and episode.origin in brought and course.order_at < order.at:
            life.close(person, episode, "converted", "ordered", order.id, here.at, recipes, out)


def _open(
    person: Person,
    recipe: Recipe,
    product: str,
    kept: Purchases,
    one: Purchase,
    key_time: int,
    value: float | None,
    here: Occurrence,
    out: Outputs,
    ahead: bool = False,
) -> None:
    """Opens an episode for a purchase, if the recipe has a life for the product.

    `ahead`: only if its base is in the future.
    """
    line = kept.lines[one.line]
    lasts = _life(recipe, line)
    if lasts is None:
        return
    categories = frozenset([] if line.category is None else [line.category])
    if not recipe.when.holds(lifecycle.known(person, value, categories, None)):
        return
    day, end = purchases.used_up(kept, one, lasts)
    base = min(max(end - recipe.lead, (day + end) // 2), LATEST)
    if ahead and base <= here.at:
        return
    course = Course(base=base, order_id=one.order_id, order_at=one.ordered_at, line=line)
    life.begin(person, recipe, product, key_time, course, here, out)


def _life(recipe: Recipe, line: OrderLine) -> int | None:
    """How long (ms) a unit lasts. None if the recipe has no life for the product."""
    names = [line.product_id]
    if line.category is not None:
        names.append(f"category:{line.category}")
    return next((recipe.life[name] for name in [*names, "*"] if name in recipe.life), None)


def taken_out(
    person: Person, gone: list[OrderEntry], here: Occurrence, recipes: Recipes, out: Outputs
) -> None:
    """Closes the episodes of orders that left the record. Opens episodes for the purchases that remain."""
    life.cancel_taken_out(person, REPLENISHMENT, gone, here.at, recipes, out)
    kept = person.life
    if kept is None or not kept.purchases:
        return
    products = {id for order in gone for id in purchases.take_back(kept, order.id, order.at)}
    alone = Occurrence(here.at, "", [])
    for recipe in recipes.of[REPLENISHMENT]:
        for product in sorted(products & kept.purchases.keys()):
            left = kept.purchases[product]
            one = left.all[-1]
            value = next(
                (
                    each.worth
                    for each in person.orders
                    if (each.id, each.at) == (one.order_id, one.ordered_at)
                ),
                None,
            )
            _open(person, recipe, product, left, one, here.at, value, alone, out, ahead=True)


def dropped(person: Person, recipes: Recipes) -> None:
    """Drops the person's purchases if no replenishment recipe is in force."""
    if person.life is not None and person.life.purchases and not recipes.replenishes:
        person.life.purchases = {}
