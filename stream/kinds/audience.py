"""Audience episodes: they open when a person enters an audience. Source: docs/semantics-life.md, 12."""

from typing import Final

from stream.durations import DAY
from stream.episodes import life, lifecycle
from stream.episodes.life import Occurrence
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import AUDIENCE, Recipe, Recipes
from stream.state.life_record import Course
from stream.state.person import Person

DEFAULTS: Final = Recipe(
    AUDIENCE, AUDIENCE, steps=(0,), cooldown=30 * DAY, valid_for=DAY, priority=75
)


def entered(person: Person, name: str, at: int, recipes: Recipes, out: Outputs) -> None:
    """Opens the episodes of an audience that the person enters at `at` (ms)."""
    for recipe in recipes.of[AUDIENCE]:
        if recipe.audience == name:
            begin(person, recipe, at, out)


def begin(person: Person, recipe: Recipe, at: int, out: Outputs) -> None:
    """Opens the recipe's episode for a member of its audience, as if it entered at `at` (ms)."""
    if recipe.when.holds(lifecycle.known(person, 0.0, frozenset(), None)):
        here = Occurrence(at, "", [])
        life.begin(person, recipe, recipe.audience, at, Course(base=at), here, out)


def left(person: Person, names: list[str], at: int, recipes: Recipes, out: Outputs) -> None:
    """Closes the episodes of the audiences that the person leaves, in this order."""
    episodes = life.of_kind(person, AUDIENCE, recipes)
    if not episodes:
        return
    for name in names:
        for episode in episodes:
            if episode.open and episode.origin == name:
                life.close(person, episode, "left", None, None, at, recipes, out)
