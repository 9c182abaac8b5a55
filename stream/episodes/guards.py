"""The guards: nine questions that may hold a due step back. The first refusal counts.

Source: docs/semantics.md, 7. To add a guard, add its function and its line in GUARDS.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from stream.durations import MINUTE
from stream.episodes import life, numbering
from stream.episodes import quiet_hours as clock
from stream.outputs.reasons import Closing, Guarded, NotAsked
from stream.recipes.recipe import WELCOME, Recipe, Recipes
from stream.state.person import Episode, FiredStep, Person

LOWER_PRIORITY_WITHIN: Final = 5 * MINUTE


class Due(Struct, frozen=True):
    """A step that is due at `at` (ms), with everything that the guards need."""

    person: Person
    episode: Episode
    recipe: Recipe
    recipes: Recipes
    at: int

    @property
    def episodes(self) -> list[Episode]:
        """The person's episodes that the recipe may know of."""
        return [each for each in self.person.episodes if self.recipe.sees(each.recipe)]

    @property
    def fired(self) -> list[FiredStep]:
        """The person's fired steps that the recipe may know of."""
        return [each for each in self.person.fired if self.recipe.sees(each.recipe)]

    def is_own(self, step: FiredStep) -> bool:
        """Whether a fired step belongs to this episode."""
        own = self.episode
        return (step.recipe, step.origin, step.key_time) == (
            own.recipe,
            own.origin,
            own.key_time,
        )


class Refusal(Struct, frozen=True):
    """A guard's refusal. `until`: the time (ms) to which the step is deferred; None: it is passed over ·
    `closes`: the reason for closing the whole episode, if it closes."""

    reason: Guarded | NotAsked
    until: int | None = None
    closes: Closing | None = None


def channels(due: Due) -> list[str]:
    """The recipe's channels that reach the person and that its consent allows."""
    left = life.shows_channels(due.episode, due.recipe.consented(due.person.consent))
    reach = due.person.reach
    return left if reach is None else [channel for channel in left if channel in reach]


def expired(due: Due) -> Refusal | None:
    since = due.episode.opened_at
    if due.episode.cart is not None:
        since = max(since, due.episode.cart.changed_at)
    if due.at - since > due.recipe.expires:
        return Refusal("expired", closes="expired")
    return None


def ordered(due: Due) -> Refusal | None:
    after = due.at - due.recipe.ordered_within
    if any(after < order.at <= due.at for order in due.person.placed):
        return Refusal("ordered")
    return None


def unreachable(due: Due) -> Refusal | None:
    reach = due.person.reach
    if due.recipe.reach == "any":
        return None
    if reach is None:
        reachable = due.person.customer is not None
    else:
        named = life.shows_channels(due.episode, due.recipe.channels)
        reachable = any(channel in reach for channel in named)
    return None if reachable else Refusal("unreachable")


def consent(due: Due) -> Refusal | None:
    return None if channels(due) else Refusal("consent")


def cooldown(due: Due) -> Refusal | None:
    after = max(due.at - due.recipe.cooldown, due.person.last_recorded)
    for step in due.person.fired:
        if due.recipe.owns(step.recipe) and after < step.at and not due.is_own(step):
            return Refusal("cooldown")
    return None


def cap(due: Due) -> Refusal | None:
    if not due.recipe.capped:
        return None
    capped = [step.at for step in due.fired if _is_capped(step, due.recipes)]
    for limit in due.recipes.policy.caps:
        window = [at for at in capped if due.at - limit.per < at]
        if len(window) >= limit.max:
            return Refusal("cap", min(window) + limit.per if limit.then == "defer" else None)
    return None


def _is_capped(step: FiredStep, recipes: Recipes) -> bool:
    recipe = recipes.known(step.recipe)
    return recipe is None or recipe.capped


def lower_priority(due: Due) -> Refusal | None:
    def is_higher(name: str) -> bool:
        recipe = due.recipes.known(name)
        return recipe is not None and recipe.priority < due.recipe.priority

    if due.episode.course is not None:
        return _after_higher(due, is_higher)
    for step in due.fired:
        if step.at >= due.at - LOWER_PRIORITY_WITHIN and is_higher(step.recipe):
            return Refusal("lower_priority")
    for other in due.episodes:
        soon = due.at < other.due <= due.at + LOWER_PRIORITY_WITHIN
        if other.open and soon and is_higher(other.recipe):
            return Refusal("lower_priority")
    return None


def _after_higher(due: Due, is_higher: Callable[[str], bool]) -> Refusal | None:
    """Defers a life step to 5 minutes after the latest step of a higher priority that is near."""
    at, within = due.at, LOWER_PRIORITY_WITHIN
    near = [step.at for step in due.fired if at - within < step.at and is_higher(step.recipe)]
    near += [
        other.due
        for other in due.episodes
        if other.open and at < other.due <= at + within and is_higher(other.recipe)
    ]
    return Refusal("lower_priority", max(near) + within) if near else None


def holdout(due: Due) -> Refusal | None:
    return Refusal("holdout") if due.recipe.held_out(due.person.id) else None


def quiet_hours(due: Due) -> Refusal | None:
    policy = due.recipes.policy
    if policy.quiet is None:
        return None
    place = clock.zone(due.person.zone) if due.person.zone is not None else None
    place = place or clock.zone(policy.zone)
    until = clock.over(policy.quiet, place, due.at) if place is not None else None
    return None if until is None else Refusal("quiet", until)


GUARDS: Final[tuple[tuple[str, Callable[[Due], Refusal | None]], ...]] = (
    ("expired", expired),
    ("ordered", ordered),
    ("unreachable", unreachable),
    ("consent", consent),
    ("cooldown", cooldown),
    ("cap", cap),
    ("lower_priority", lower_priority),
    ("holdout", holdout),
    ("quiet", quiet_hours),
)


_LIFE: Final = GUARDS[1:]
_AT_ONCE: Final = _LIFE[:-1]
"""A welcome that is sent at once is sent in quiet hours too."""


def guards_of(due: Due) -> tuple[tuple[str, Callable[[Due], Refusal | None]], ...]:
    """The guards that apply to a step, in order."""
    if due.episode.course is None:
        return GUARDS
    at_once = False
    if due.recipe.kind == WELCOME:
        step = due.episode.step
        at_once = numbering.offset(due.person, due.episode, due.recipe, step) == 0
    return _AT_ONCE if at_once else _LIFE


def answer(due: Due) -> tuple[Refusal | None, bool]:
    """The first refusal, None if the step passes all guards; and whether the step reached the holdout.

    A step of a recipe that is not enabled is refused before all guards.
    """
    if not due.recipe.enabled:
        return Refusal("disabled"), False
    reached = False
    for _, guard in guards_of(due):
        reached = reached or guard is holdout
        found = guard(due)
        if found is not None:
            return found, reached
    return None, reached
