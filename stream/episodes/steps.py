"""Steps of episodes: when the next is due, and what becomes of it. Source: docs/semantics.md, 6 to 8.

All waiting is here: a cart reminder is due when `plan` says, passes the `guards`, and `_fire` sends it.
"""

from stream.episodes import guards, lifecycle
from stream.episodes.guards import Due
from stream.outputs import decisions, triggers
from stream.outputs.outputs import Outputs
from stream.recipes.conditions import OFFER_EVERY, first_offer
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.person import FORGET_AFTER, Episode, FiredStep, Person
from stream.state.visitor import Published


def plan(person: Person, episode: Episode, recipes: Recipes, now: int) -> None:
    """Plans the next step anew: at the anchor plus its offset, kept apart from the last that fired."""
    recipe = recipes.by_name.get(episode.recipe)
    if recipe is None or episode.step > len(recipe.steps):
        episode.due = now
        return
    offset = recipe.steps[episode.step - 1]
    due = person.anchor + offset
    if episode.fired_step:
        due = max(due, episode.fired_at + offset - recipe.steps[episode.fired_step - 1])
    episode.due = max(due, now)


def plan_all(person: Person, recipes: Recipes, now: int) -> None:
    """After an idle or moved fact: nothing is due while one visitor is active, else all is planned."""
    if not person.is_active:
        for episode in person.episodes:
            if episode.open:
                plan(person, episode, recipes, now)


def unplan(person: Person) -> None:
    """A visitor is active: nothing is due until all are idle."""
    for episode in person.episodes:
        episode.due = NEVER


def fire(person: Person, until: int, recipes: Recipes, out: Outputs) -> bool:
    """Fires the person's deadlines at or before `until` in their order; False if that forgot the person."""
    forget_at = person.applied + FORGET_AFTER
    limit = min(until, forget_at)
    while True:
        due = [each for each in person.episodes if each.open and NEVER < each.due <= limit]
        if not due:
            break
        _decide(person, min(due, key=lambda each: _order(each, recipes)), recipes, out)
    if forget_at > until:
        return True
    for episode in person.open_episodes():
        lifecycle.close(person, episode, "forgotten", forget_at, recipes, out)
    return False


def _order(episode: Episode, recipes: Recipes) -> tuple[int, int, str, str]:
    recipe = recipes.by_name.get(episode.recipe)
    return episode.due, recipe.priority if recipe else 0, episode.recipe, episode.origin


def _decide(person: Person, episode: Episode, recipes: Recipes, out: Outputs) -> None:
    """Decides the step that is due: fired, passed over, deferred, or the episode closed."""
    at = episode.due
    recipe = recipes.by_name.get(episode.recipe)
    if recipe is None or episode.step > len(recipe.steps):
        lifecycle.close(person, episode, "disabled", at, recipes, out)
        return
    due = Due(person, episode, recipe, recipes, at)
    refusal = guards.refusal(due)
    decision = lifecycle.decision(person, episode, recipe.version, at)
    if refusal is None:
        decision.outcome = "fired"
        decisions.publish(decision, out)
        _fire(due, decision.trigger_id, out)
    elif refusal.closes is not None:
        lifecycle.close(person, episode, refusal.closes, at, recipes, out)
        return
    elif refusal.until is not None:
        decision.outcome, decision.reason = "deferred", refusal.reason
        decision.until = episode.due = refusal.until
        decisions.publish(decision, out)
        return
    else:
        decision.outcome, decision.reason = "refused", refusal.reason
        decisions.publish(decision, out)
    episode.step += 1
    if episode.step > len(recipe.steps):
        lifecycle.finish(episode)
    else:
        plan(person, episode, recipes, at)


def _fire(due: Due, id: str, out: Outputs) -> None:
    person, episode, recipe, at = due.person, due.episode, due.recipe, due.at
    until = at + recipe.valid_for
    published = Published(id, recipe.name, person.id, episode.step, guards.channels(due), until)
    trigger = _trigger(due, published)
    if trigger.offer is not None:
        person.offered_at = at
    episode.messages += 1
    episode.fired_step = episode.step
    episode.fired_at = at
    episode.published = [each for each in episode.published if at < each.valid_until]
    episode.published.append(published)
    person.fired = [each for each in person.fired if at - each.at <= due.recipes.memory]
    person.fired.append(FiredStep(at, recipe.name, episode.origin, episode.key_time))
    triggers.fire(trigger, out)


def _offer(due: Due, cart_value: float | None, categories: frozenset[str]) -> str | None:
    """At most one offer in 30 days, the first of the recipe's that holds."""
    person, episode = due.person, due.episode
    if person.offered_at != NEVER and due.at - person.offered_at < OFFER_EVERY:
        return None
    known = lifecycle.known(person, cart_value, categories, episode.sub_kind, episode.messages + 1)
    return first_offer(due.recipe.offers, known)


def _trigger(due: Due, published: Published) -> triggers.Fired:
    episode, cart = due.episode, due.episode.cart
    lines = cart.lines if cart is not None else []
    categories = [line.category for line in lines] if lines else [episode.looked_at]
    named = frozenset([each for each in categories if each is not None])
    snapshot = None
    if cart is not None:
        snapshot = triggers.snapshot(cart.id, lines, cart.currency, cart.url)
    return triggers.build(
        due.recipe,
        published,
        due.at,
        message=episode.messages + 1,
        sub_kind=episode.sub_kind,
        visitor=episode.visitor,
        cart=snapshot,
        shown=episode.product,
        offer=_offer(due, snapshot.value if snapshot is not None else 0.0, named),
        why=_why(due),
        evidence=episode.evidence,
    )


def _why(due: Due) -> dict[str, object]:
    """The guards passed and the facts behind them."""
    person, episode = due.person, due.episode
    return {
        "passed": [name for name, _ in guards.GUARDS],
        "last_active": person.anchor,
        "opened_at": episode.opened_at,
        "key_time": episode.key_time,
        "last_order": max((order.at for order in person.placed), default=None),
        "orders": person.order_count,
        "visits": person.visits,
        "contacts": person.reach or [],
        "fired_before": len(person.fired),
    }
