"""Applies a new document to every person when it comes into force. Source: docs/semantics-life.md, 14.

The stage does so once for each person, before anything else of that time.
"""

from stream.episodes import life, lifecycle, numbering, steps
from stream.kinds import audience, membership, replenishment
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import is_shadow, name_of
from stream.recipes.recipe import AUDIENCE, Recipe, Recipes
from stream.stages import moments
from stream.state.cart import NEVER
from stream.state.person import Episode, Person


def turn(person: Person, at: int, before: Recipes, now: Recipes, out: Outputs) -> bool:
    """Applies the change from `before` to `now` at `at` (ms) to a person, then fires what is due.

    Returns False if that forgot the person. Does nothing if the change was applied before a crash.
    """
    keep = now.policy.keep
    if keep != before.policy.keep and person.forgotten_at(keep) <= at:
        moments.forget(person, at, before, now, out)
        return False
    looked = NEVER if person.in_time is None else person.in_time.looked
    if max(looked, person.applied) < at:
        _look(person, at, before, now, out)
    return moments.fire(person, at, now, out, since=at)


def _look(person: Person, at: int, before: Recipes, now: Recipes, out: Outputs) -> None:
    _episodes(person, at, before, now, out)
    _forget_shadows(person, before, now)
    if person.life is not None:
        membership.forget_names(person, now.audiences)
        replenishment.dropped(person, now)
        person.life.bound = NEVER
    membership.look(person, at, now, out, before)
    belongs = () if person.life is None else person.life.audiences
    for recipe in now.of[AUDIENCE]:
        if recipe.existing and recipe.audience in belongs and not _was_there(recipe, before):
            audience.begin(person, recipe, at, out)
    if person.life is not None or any(each.open for each in person.episodes):
        person.of_time().looked = at


def _was_there(recipe: Recipe, before: Recipes) -> bool:
    former = before.by_alias.get(recipe.alias)
    return former is not None and former.kind == recipe.kind


def _episodes(person: Person, at: int, before: Recipes, now: Recipes, out: Outputs) -> None:
    """Closes the episodes that the document does not continue, then plans the others again."""
    opened = sorted(person.open_episodes(), key=lambda each: life.rank(each, before))
    left: list[tuple[Episode, Recipe]] = []
    for episode in opened:
        recipe, former = now.by_alias.get(episode.recipe), before.by_alias.get(episode.recipe)
        if recipe is not None and _goes_on(episode, recipe):
            if former is not None:
                numbering.go_on(person, episode, former, recipe)
            if episode.step <= numbering.last(person, episode, recipe):
                left.append((episode, recipe))
                continue
        lifecycle.close(person, episode, "disabled", at, before, out)
    for episode, recipe in left:
        _plan(person, episode, recipe, at, now, out)


def _goes_on(episode: Episode, recipe: Recipe) -> bool:
    of_another = recipe.kind == AUDIENCE and recipe.audience != episode.origin
    return recipe.kind == episode.kind and not of_another


def _plan(
    person: Person, episode: Episode, recipe: Recipe, at: int, now: Recipes, out: Outputs
) -> None:
    course = episode.course
    if course is None:
        if not person.is_active:
            steps.plan(person, episode, now, at)
    elif course.base != NEVER:
        life.plan(person, episode, recipe, at, out)
    else:  # it waits for its delivery
        course.ends = max(episode.opened_at + recipe.expires, at)


def _forget_shadows(person: Person, before: Recipes, now: Recipes) -> None:
    """Clears the entries of a recipe's earlier shadow, if the recipe went live and is a shadow again."""

    def is_anew(alias: str) -> bool:
        again = alias in now.by_alias and alias not in before.by_alias
        return is_shadow(alias) and again and name_of(alias) in before.by_alias

    person.episodes = [each for each in person.episodes if not is_anew(each.recipe)]
    person.fired = [each for each in person.fired if not is_anew(each.recipe)]
    if person.life is not None:
        person.life.welcomed = [each for each in person.life.welcomed if not is_anew(each)]
    if person.in_time is not None:
        offered = person.in_time.offered
        person.in_time.offered = {each: at for each, at in offered.items() if not is_anew(each)}
