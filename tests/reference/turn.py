"""Semantics of life, 14: effects of a new document on a person."""

from tests.reference.life import Life
from tests.reference.outputs import Outputs
from tests.reference.person import Episode, Person
from tests.reference.recipes import Recipe, Recipes


def turn(person: Person, at: int, former: Recipes, recipes: Recipes, out: Outputs) -> None:
    """Replaces the former recipes by `recipes` from `at` on."""
    for episode in sorted(person.open_episodes(), key=lambda each: each.order()):
        _goes_on(person, episode, at, recipes, out)
    for recipe in recipes.all:
        before = _of(former, recipe)
        if recipe.shadow and before is not None and not before.shadow:
            _remembers_nothing(person, recipe)
    for kept in (person.viewed, person.bought_at):
        for name in set(kept) - recipes.named():
            del kept[name]
    if not recipes.replenishes:
        person.purchases = []
    life = Life(person, at, recipes, out)
    was_in = list(person.audiences)
    life.look(former)
    for recipe in recipes.of("audience"):
        before = _of(former, recipe)
        new = before is None or (before.kind, before.mode) != (recipe.kind, recipe.mode)
        if recipe.existing and new and {recipe.audience} & set(was_in) & set(person.audiences):
            life.enters(recipe)


def _of(recipes: Recipes, recipe: Recipe) -> Recipe | None:
    return next((each for each in recipes.all if each.name == recipe.name), None)


def _goes_on(person: Person, episode: Episode, at: int, recipes: Recipes, out: Outputs) -> None:
    """Closes the episode, or sets its remaining steps and plans the next one."""
    was, recipe = episode.recipe, _of(recipes, episode.recipe)
    same = recipe is not None and all(
        getattr(recipe, name) == getattr(was, name) for name in ("kind", "mode", "audience")
    )
    decided = episode.steps[: episode.decided]
    left: list[int] = []
    if recipe is not None:
        left = [each for each in recipe.steps if not decided or each > decided[-1]]
    if recipe is None or not same or not left:
        episode.close("disabled", at, out)
        return
    episode.recipe, episode.steps = recipe, decided + left
    if not episode.is_life:
        episode.due = None
        person.plan_next(episode, at)
    elif episode.base is not None:
        Life(person, at, recipes, out).plan(episode)
    else:
        episode.waits_until = max(episode.opened + recipe.expires, at)


def _remembers_nothing(person: Person, shadow: Recipe) -> None:
    person.episodes = [
        each
        for each in person.episodes
        if not (each.recipe.shadow and each.recipe.name == shadow.name)
    ]
    person.shadow_offers.pop(shadow.name, None)
