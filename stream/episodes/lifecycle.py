"""How any episode opens, is remembered and closes. Source: docs/semantics.md, 6.

What makes one open is its kind's subject: `funnel` for carts, checkouts and payments, and the kinds that
are looked at when a visitor is idle (`registry`).
"""

from stream.outputs import decisions, triggers
from stream.outputs.decisions import Decision
from stream.outputs.outputs import Outputs
from stream.recipes.conditions import Known
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import Recipe, Recipes
from stream.state.cart import NEVER
from stream.state.orders import enter_order
from stream.state.person import Episode, Person


def known(
    person: Person,
    cart_value: float,
    categories: frozenset[str],
    sub_kind: str | None,
    message: int = 0,
) -> Known:
    """What conditions are held against for this person and what is at hand."""
    return Known(
        person.visits,
        person.order_count,
        cart_value,
        person.traits_value,
        message,
        sub_kind,
        categories,
    )


def is_remembered(
    person: Person, recipe: Recipe, origin: str, key_time: int, contents: str
) -> bool:
    """A finished episode forbids its key time for ever, and its contents while they count."""
    for each in person.episodes:
        if each.open or each.origin != origin or each.recipe != recipe.name:
            continue
        if each.key_time == key_time or (each.contents == contents and contents != ""):
            return True
    return False


def finish(episode: Episode) -> None:
    """From here on the episode is fed no more and waits for nothing; what stays is its memory."""
    episode.open = False
    episode.due = NEVER
    episode.cart = None
    episode.product = None
    episode.evidence = []


def decision(person: Person, episode: Episode, version: int, at: int) -> Decision:
    """The decision on the episode's next step; the outcome is the caller's to say."""
    id = trigger_id(episode.recipe, person.id, episode.origin, episode.key_time, episode.step)
    return Decision(
        id,
        episode.recipe,
        version,
        episode.step,
        person.id,
        episode.visitor,
        "closed",
        at,
        evidence=episode.evidence,
    )


def close(
    person: Person,
    episode: Episode,
    reason: str,
    at: int,
    recipes: Recipes,
    out: Outputs,
) -> None:
    """Closes an open episode with all the steps it has left."""
    recipe = recipes.by_name.get(episode.recipe)
    closed = decision(person, episode, recipe.version if recipe else 0, at)
    closed.reason = reason
    closed.steps_left = len(recipe.steps) - episode.step + 1 if recipe else 1
    decisions.publish(closed, out)
    finish(episode)


def order(person: Person, id: str, order_at: int, now: int, recipes: Recipes, out: Outputs) -> None:
    """An order, of now or taken over at a login: ends all that was fed before it, and cancels."""
    if not enter_order(person.orders, id, order_at):
        return
    for episode in person.episodes:
        if episode.fed_at > order_at:
            continue
        if episode.open:
            close(person, episode, "converted", now, recipes, out)
        episode.contents = ""
        for published in episode.published:
            if now < published.valid_until:
                triggers.cancel(published, now, "ordered", id, out)
        episode.published = []


def consent(person: Person, channels: list[str], granted: bool, now: int, out: Outputs) -> None:
    """A consent that changed; triggers with no channel left are cancelled."""
    for channel in channels:
        person.consent[channel] = granted
    for episode in person.episodes:
        kept = []
        for published in episode.published:
            if now >= published.valid_until:
                continue
            if all(person.consent.get(channel) is False for channel in published.channels):
                triggers.cancel(published, now, "consent", None, out)
            else:
                kept.append(published)
        episode.published = kept
