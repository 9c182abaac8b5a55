"""Renumbers an episode's steps when a new document changes them. Source: docs/semantics-life.md, 14.

The new steps whose offset is above that of the last decided step remain. Their numbers continue from that step.
"""

from typing import Final

from stream.recipes.recipe import Recipe
from stream.state.in_time import NO_OFFSET, Renumbered
from stream.state.life_record import mark_of
from stream.state.person import Episode, Person

_ITS_OWN: Final = Renumbered()


def found(person: Person, episode: Episode) -> Renumbered:
    """The episode's renumbering. Do not change the result."""
    if person.in_time is None or not person.in_time.steps:
        return _ITS_OWN
    return person.in_time.steps.get(_mark(episode), _ITS_OWN)


def of(person: Person, episode: Episode) -> Renumbered:
    """The episode's renumbering, created if there is none. The caller may change it."""
    return person.of_time().steps.setdefault(_mark(episode), Renumbered())


def _mark(episode: Episode) -> int:
    return mark_of(episode.recipe, episode.origin, episode.key_time)


def forget(person: Person, episode: Episode) -> None:
    """Drops the renumbering of a finished episode."""
    if person.in_time is not None and person.in_time.steps:
        person.in_time.steps.pop(_mark(episode), None)


def offset(person: Person, episode: Episode, recipe: Recipe, number: int) -> int:
    """The offset (ms) of a step of the recipe. For a step decided before: that of the last one that fired."""
    known = found(person, episode)
    if number <= known.number:
        return known.fired
    return _left(recipe, known)[number - known.number - 1]


def last(person: Person, episode: Episode, recipe: Recipe) -> int:
    """The number of the episode's last step."""
    known = found(person, episode)
    return known.number + len(_left(recipe, known))


def _left(recipe: Recipe, known: Renumbered) -> tuple[int, ...]:
    if known.offset == NO_OFFSET:
        return recipe.steps
    return tuple(step for step in recipe.steps if step > known.offset)


def go_on(person: Person, episode: Episode, before: Recipe, now: Recipe) -> None:
    """Renumbers the remaining steps of an episode for a new document."""
    decided = episode.step - 1
    if before.steps == now.steps or not decided:
        return
    reached = found(person, episode).offset
    if decided > found(person, episode).number:
        reached = offset(person, episode, before, decided)
    fired = NO_OFFSET
    if episode.fired_step:
        fired = offset(person, episode, before, episode.fired_step)
    known = of(person, episode)
    known.number, known.offset, known.fired = decided, reached, fired
