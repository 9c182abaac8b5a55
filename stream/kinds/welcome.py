"""Welcome: a person has joined a list. Source: docs/semantics-life.md, 12.

A person has one episode of such a recipe ever. It uses the channels of the subscription.
"""

from typing import Final

from stream.durations import DAY
from stream.episodes import life, lifecycle
from stream.episodes.life import Occurrence
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import WELCOME, Recipe, Recipes
from stream.state.life_record import Course
from stream.state.person import Person

DEFAULTS: Final = Recipe(
    WELCOME,
    WELCOME,
    steps=(0, DAY, 3 * DAY),
    cooldown=0,
    valid_for=DAY,
    priority=50,
    ordered_within=7 * DAY,
    capped=False,
)

OF_A_VISITOR: Final = frozenset(("push", "messenger"))
"""The channels that reach an unknown visitor."""


def subscribed(
    person: Person, channels: list[str], here: Occurrence, recipes: Recipes, out: Outputs
) -> None:
    """Opens the episodes of a subscription that is not old: made now, or handed over by a login."""
    if person.left or not (person.is_known or OF_A_VISITOR & set(channels)):
        return
    for recipe in recipes.of[WELCOME]:
        welcomed = person.life.welcomed if person.life is not None else []
        if any(recipe.owns(each) for each in welcomed):
            continue
        if recipe.when.holds(lifecycle.known(person, 0.0, frozenset(), None)):
            person.of_life().welcomed.append(recipe.alias)
            course = Course(base=here.at, channels=channels)
            life.begin(person, recipe, WELCOME, here.at, course, here, out)
