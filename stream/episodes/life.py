"""Life episodes: how they open, plan and pass over steps, and close. Source: docs/semantics-life.md, 12.

Their steps count from a base of their own, whether or not a visitor is active. Their kinds in
stream/kinds say what opens and closes one.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from stream import limits
from stream.episodes import lifecycle, numbering
from stream.outputs import decisions, triggers
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import CancelReason, Closing, Passed
from stream.recipes.aliases import name_of
from stream.recipes.recipe import OUTLAST_ORDERS, POST_PURCHASE, REPLENISHMENT, Recipe, Recipes
from stream.state import trimming
from stream.state.cart import NEVER
from stream.state.life_record import Course, mark_of, remember
from stream.state.orders import OrderEntry
from stream.state.person import Episode, Person
from stream.state.whole_order import size

LATEST: Final = 10**16
"""The latest base (ms), whatever the quantity."""


class Occurrence(NamedTuple):
    """The cause for which life episodes open and close: a fact at `at` (ms), or a moment.

    `visitor`, `evidence`: those of the event behind it. Without an event: "" and an empty list.
    """

    at: int
    visitor: str
    evidence: list[str]


def begin(
    person: Person,
    recipe: Recipe,
    origin: str,
    key_time: int,
    course: Course,
    here: Occurrence,
    out: Outputs,
) -> None:
    """Opens an episode and plans its first step, unless one is open for this origin or had this key time."""
    if person.left or _stands_against(person, recipe, origin, key_time):
        return
    seen = [each for each in person.episodes if recipe.sees(each.recipe)]
    if sum(each.open and each.course is not None for each in seen) >= limits.MOST_LIFE:
        return
    episode = Episode(
        recipe.alias,
        recipe.kind,
        origin,
        key_time,
        here.at,
        here.visitor,
        here.at,
        evidence=here.evidence,
        course=course,
    )
    _fit(seen, course)
    person.episodes.append(episode)
    plan(person, episode, recipe, here.at, out)


def _stands_against(person: Person, recipe: Recipe, origin: str, key_time: int) -> bool:
    for each in person.episodes:
        if each.origin == origin and recipe.owns(each.recipe):
            if each.key_time == key_time:
                return True
            if each.open and recipe.kind != POST_PURCHASE:
                return True
    life = person.life
    if life is None or not life.memory:
        return False
    return any(mark_of(name, origin, key_time) in life.memory for name in recipe.aliases)


def _fit(episodes: Iterable[Episode], course: Course) -> None:
    """Keeps as many lines of an order as fit beside the orders of other open episodes."""
    if course.order is None or not course.order.lines:
        return
    room = limits.LARGEST_LIFE - size(course.order.lines)
    for each in episodes:
        if each.course is not None and each.course.order is not None:
            room -= size(each.course.order.lines)
    if room < 0:
        course.order.lines = []


def plan(person: Person, episode: Episode, recipe: Recipe, now: int, out: Outputs) -> None:
    """Plans the next step at the base plus its offset, at a distance from the last one that fired.

    It refuses at once each step whose time is before the opening. An episode that waits for its base refuses none.
    """
    course = episode.course
    assert course is not None, "it is a life episode"
    if course.base == NEVER:
        episode.due = NEVER
        return
    while episode.step <= numbering.last(person, episode, recipe):
        offset = numbering.offset(person, episode, recipe, episode.step)
        due = course.base + offset
        if episode.fired_step:
            fired = numbering.offset(person, episode, recipe, episode.fired_step)
            due = max(due, episode.fired_at + offset - fired)
        if due >= episode.opened_at:
            episode.due = max(due, now)
            return
        _pass_over(person, episode, recipe, "past", now, out)
    lifecycle.finish(person, episode)


def _pass_over(
    person: Person, episode: Episode, recipe: Recipe, reason: Passed, at: int, out: Outputs
) -> None:
    decision = lifecycle.decision(person, episode, recipe.version, at)
    decision.outcome, decision.reason = "refused", reason
    decisions.publish(decision, out)
    episode.step += 1


def joined(person: Person, episode: Episode, recipe: Recipe, at: int) -> list[Episode]:
    """The other replenishment episodes that the step fired at `at` (ms) includes, by product."""
    if recipe.kind != REPLENISHMENT:
        return []
    found = [
        each
        for each in person.episodes
        if each.open
        and each is not episode
        and each.recipe == recipe.alias
        and at <= each.due < at + recipe.cooldown
    ]
    return sorted(found, key=lambda each: each.origin)


def join(
    person: Person, episodes: Iterable[Episode], recipe: Recipe, at: int, out: Outputs
) -> None:
    """Passes over the next steps of episodes that another step included."""
    for each in episodes:
        _pass_over(person, each, recipe, "joined", at, out)
        plan(person, each, recipe, at, out)


def close(
    person: Person,
    episode: Episode,
    reason: Closing,
    cancels: CancelReason | None,
    order_id: str | None,
    at: int,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Closes an episode, if it is open. `cancels`: the reason to cancel its valid triggers; None: they stay."""
    if episode.open:
        lifecycle.close(person, episode, reason, at, recipes, out)
    if cancels is not None:
        triggers.cancel_all(episode.published, at, cancels, order_id, out)
        episode.published = []


def of_kind(person: Person, kind: str, recipes: Recipes) -> list[Episode]:
    """The life episodes of a kind, finished ones too, ordered by priority, recipe and origin."""
    found = [each for each in person.episodes if each.kind == kind and each.course is not None]
    return sorted(found, key=lambda each: rank(each, recipes)) if len(found) > 1 else found


def rank(episode: Episode, recipes: Recipes) -> tuple[int, str, str, int]:
    """The sort key of an episode: by priority, recipe and origin."""
    recipe = recipes.by_alias.get(episode.recipe)
    priority = recipe.priority if recipe else 0
    return priority, name_of(episode.recipe), episode.origin, episode.key_time


def tidy(person: Person, at: int, recipes: Recipes) -> None:
    """Reduces finished episodes to their memory, once none of their triggers can be cancelled any more.

    Only episodes that an order opened are remembered: the order may come again at its own time. Others
    open at the time of their fact, and cannot open twice.
    """
    if person.fired:
        trimming.forget_fired(person, at - recipes.remembers)
    ended = [each for each in person.episodes if not each.open]
    for each in ended:
        if each.published and all(sent.valid_until <= at for sent in each.published):
            each.published = []
        past = each.key_time < at or each.kind in OUTLAST_ORDERS
        if each.published or not past:
            continue
        if each.course is None:
            each.sub_kind = each.looked_at = None
            each.opened_at, each.fired_at = each.fed_at, NEVER
            continue
        person.episodes.remove(each)
        if each.kind in OUTLAST_ORDERS:
            remember(person.of_life(), mark_of(each.recipe, each.origin, each.key_time))


def shows_channels(episode: Episode, channels: Iterable[str]) -> list[str]:
    """The recipe's channels that the episode may use: after a subscription only those that it named."""
    course = episode.course
    if course is None or not course.channels:
        return list(channels)
    return [channel for channel in channels if channel in course.channels]


def cancel_taken_out(
    person: Person, kind: str, gone: list[OrderEntry], at: int, recipes: Recipes, out: Outputs
) -> None:
    """Closes the episodes of a kind whose order left the record, and cancels their triggers."""
    taken = {(order.id, order.at) for order in gone}
    for episode in of_kind(person, kind, recipes):
        course = episode.course
        if course is not None and (course.order_id, course.order_at) in taken:
            close(person, episode, "cancelled", "cancelled", course.order_id, at, recipes, out)
