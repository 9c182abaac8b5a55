"""Post-purchase: a message after an order, or after its delivery. Source: docs/semantics-life.md, 12."""

from typing import Final

from msgspec import structs

from schemas import names_nobody
from stream.durations import DAY, HOUR
from stream.episodes import life, lifecycle
from stream.episodes.life import Occurrence
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import POST_PURCHASE, Recipe, Recipes
from stream.state.cart import NEVER
from stream.state.life_record import Course
from stream.state.orders import OrderEntry
from stream.state.person import Person
from stream.state.whole_order import WholeOrder, bring

DEFAULTS: Final = Recipe(
    POST_PURCHASE,
    POST_PURCHASE,
    steps=(HOUR, 14 * DAY),
    cooldown=HOUR,
    valid_for=2 * DAY,
    priority=60,
    expires=60 * DAY,
    capped=False,
)


def ordered(
    person: Person,
    order: OrderEntry,
    whole: WholeOrder,
    here: Occurrence,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Opens the episodes of an order that entered the record."""
    if not order.opens:
        return
    categories = frozenset([line.category for line in whole.lines if line.category is not None])
    for recipe in recipes.of[POST_PURCHASE]:
        if not recipe.when.holds(lifecycle.known(person, whole.value, categories, None)):
            continue
        course = Course(order_id=order.id, order_at=order.at)
        course.order = WholeOrder(whole.value, whole.currency, list(whole.lines))
        if recipe.base == "order":
            course.base = order.at
        else:
            course.ends = here.at + recipe.expires
        life.begin(person, recipe, order.id, order.at, course, here, out)


def supplemented(
    person: Person,
    order: OrderEntry,
    parts: WholeOrder,
    here: Occurrence,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Adds the new parts of a repeated order to the open episodes about it."""
    for episode in life.of_kind(person, POST_PURCHASE, recipes):
        course = episode.course
        if course is None or not episode.open or course.order is None:
            continue
        if (course.order_id, course.order_at) == (order.id, order.at):
            course.order = bring(course.order, structs.replace(parts, lines=list(parts.lines)))


def delivered(
    person: Person, order_id: str, here: Occurrence, recipes: Recipes, out: Outputs
) -> None:
    """Plans the episodes that wait for this delivery: the first one after their opening counts."""
    latest = max((each.at for each in person.orders if each.id == order_id), default=NEVER)
    for episode in life.of_kind(person, POST_PURCHASE, recipes):
        course, recipe = episode.course, recipes.by_alias.get(episode.recipe)
        if course is None or not episode.open or course.base != NEVER or recipe is None:
            continue
        if course.order_id != order_id or (names_nobody(order_id) and course.order_at != latest):
            continue
        course.base, course.ends = here.at, NEVER
        life.plan(person, episode, recipe, here.at, out)


def taken_out(
    person: Person, gone: list[OrderEntry], here: Occurrence, recipes: Recipes, out: Outputs
) -> None:
    """Closes the episodes about orders that left the record."""
    life.cancel_taken_out(person, POST_PURCHASE, gone, here.at, recipes, out)
