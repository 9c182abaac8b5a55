"""Opens, closes and remembers episodes of all kinds. Source: docs/semantics.md, 6.

The kinds say what opens one: `stream/kinds/funnel.py` for carts, checkouts and payments, and the kinds
that the registry calls.
"""

from stream.episodes import numbering
from stream.outputs import decisions, triggers
from stream.outputs.decisions import Decision
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import Closing
from stream.recipes.aliases import is_shadow, name_of
from stream.recipes.conditions import Known
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import Recipe, Recipes
from stream.state.cart import NEVER
from stream.state.life_record import Course
from stream.state.person import Episode, Person


def known(
    person: Person,
    cart_value: float | None,
    categories: frozenset[str],
    sub_kind: str | None,
    message: int = 0,
) -> Known:
    """The values that a recipe's conditions check, for this person and the subject of an episode."""
    return Known(
        person.visits,
        person.order_count,
        cart_value or 0.0,
        person.traits_value,
        message,
        sub_kind,
        categories,
        person.spent,
    )


def is_remembered(
    person: Person, recipe: Recipe, origin: str, key_time: int, contents: str
) -> bool:
    """Whether an episode of the recipe forbids another one for this cart id, or this visitor.

    Every episode forbids its key time, without end. A finished one forbids its contents until the cart is known to be
    empty.
    """
    for each in person.episodes:
        if origin not in (each.origin, each.cart_id) or not recipe.owns(each.recipe):
            continue
        if each.key_time == key_time:
            return True
        counts = not each.open and origin not in each.emptied
        if counts and each.contents == contents and contents != "":
            return True
    return False


def finish(person: Person, episode: Episode) -> None:
    """Finishes an episode: it is not fed any more and has no planned step. It stays, so that it is remembered."""
    numbering.forget(person, episode)
    episode.open = False
    episode.due = NEVER
    episode.cart = None
    episode.product = None
    episode.looked_at = None
    episode.checkout = None
    episode.evidence = []
    if episode.course is not None:
        episode.course = Course(order_id=episode.course.order_id, order_at=episode.course.order_at)


def decision(person: Person, episode: Episode, version: int, at: int) -> Decision:
    """The decision on the episode's next step. The caller sets its outcome."""
    name = name_of(episode.recipe)
    id = trigger_id(name, person.id, episode.origin, episode.key_time, episode.step)
    return Decision(
        id,
        name,
        version,
        episode.step,
        person.id,
        episode.visitor or None,
        "closed",
        at,
        evidence=episode.evidence,
        shadow=is_shadow(episode.recipe),
    )


def close(
    person: Person,
    episode: Episode,
    reason: Closing,
    at: int,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Closes an open episode with all its remaining steps, and publishes the decision."""
    recipe = recipes.by_alias.get(episode.recipe)
    closed = decision(person, episode, recipe.version if recipe else 0, at)
    closed.reason = reason
    last = numbering.last(person, episode, recipe) if recipe else episode.step
    closed.steps_left = last - episode.step + 1
    decisions.publish(closed, out)
    finish(person, episode)


def consent(
    person: Person,
    channels: list[str],
    granted: bool,
    now: int,
    out: Outputs,
    *,
    late: bool = False,
) -> None:
    """Applies a change of consent. Cancels triggers without a channel left. A late grant lifts no withdrawal."""
    for channel in channels:
        if not (granted and late and person.consent.get(channel) is False):
            person.consent[channel] = granted
    for episode in person.episodes:
        episode.published = triggers.cancel_withdrawn(episode.published, person.consent, now, out)
