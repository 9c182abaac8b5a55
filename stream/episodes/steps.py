"""The steps of episodes: plans and decides them. Source: docs/semantics.md, 6 to 8.

A cart reminder is decided here: `plan` sets when it is due, `decide` asks the guards, `_fire` publishes
the trigger.
"""

from msgspec import UNSET

from stream.episodes import guards, life, lifecycle, numbering, watches
from stream.episodes.guards import Due
from stream.outputs import decisions, snapshots, triggers
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import name_of
from stream.recipes.conditions import OFFER_EVERY, first_offer
from stream.recipes.recipe import AUDIENCE, Recipes
from stream.state import trimming
from stream.state.cart import NEVER
from stream.state.person import Episode, FiredStep, Person
from stream.state.visitor import Published


def plan(person: Person, episode: Episode, recipes: Recipes, now: int) -> None:
    """Plans the next step: at the anchor plus its offset, but not too soon after the last one that fired."""
    recipe = recipes.by_alias.get(episode.recipe)
    if recipe is None or episode.step > numbering.last(person, episode, recipe):
        episode.due = now
        return
    offset = numbering.offset(person, episode, recipe, episode.step)
    due = person.anchor + offset
    if episode.fired_step:
        fired = numbering.offset(person, episode, recipe, episode.fired_step)
        due = max(due, episode.fired_at + offset - fired)
    episode.due = max(due, now)


def plan_all(person: Person, recipes: Recipes, now: int) -> None:
    """Plans all episodes after an idle or moved fact, unless a visitor is still active."""
    if not person.is_active:
        for episode in person.episodes:
            if episode.open and episode.course is None:
                plan(person, episode, recipes, now)


def unplan(person: Person) -> None:
    """Removes all planned times. A visitor is active, so nothing is due until all are idle."""
    for episode in person.episodes:
        if episode.course is None:
            episode.due = NEVER


def next_due(person: Person, at: int, recipes: Recipes) -> Episode | None:
    """The first episode whose step, or whose wait for a delivery, is due at `at` (ms) or before."""
    due = [each for each in person.episodes if each.open and NEVER < each.wakes <= at]
    return min(due, key=lambda each: _order(each, recipes)) if due else None


def _order(episode: Episode, recipes: Recipes) -> tuple[int, int, str, str, int]:
    recipe = recipes.by_alias.get(episode.recipe)
    rank = recipe.priority if recipe else 0
    return episode.wakes, rank, name_of(episode.recipe), episode.origin, episode.key_time


def decide(person: Person, episode: Episode, recipes: Recipes, out: Outputs) -> None:
    """Decides the due step: fires it, passes it over, defers it, or closes the episode."""
    at = episode.wakes
    recipe = recipes.by_alias.get(episode.recipe)
    if episode.due == NEVER:
        lifecycle.close(person, episode, "expired", at, recipes, out)
        return
    last = 0 if recipe is None else numbering.last(person, episode, recipe)
    if recipe is None or episode.step > last:
        lifecycle.close(person, episode, "disabled", at, recipes, out)
        return
    due = Due(person, episode, recipe, recipes, at)
    refusal, reached = guards.answer(due)
    decision = lifecycle.decision(person, episode, recipe.version, at)
    if reached:
        watches.reached(due, decision.trigger_id, fires=refusal is None)
    joined: list[Episode] = []
    if refusal is None:
        decision.outcome = "fired"
        decisions.publish(decision, out)
        joined = life.joined(person, episode, recipe, at)
        _fire(due, decision.trigger_id, joined, out)
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
    if episode.step > last:
        lifecycle.finish(person, episode)
    elif episode.course is not None:
        life.plan(person, episode, recipe, at, out)
    else:
        plan(person, episode, recipes, at)
    life.join(person, joined, recipe, at, out)


def _fire(due: Due, id: str, joined: list[Episode], out: Outputs) -> None:
    person, episode, recipe, at = due.person, due.episode, due.recipe, due.at
    until = at + recipe.valid_for
    published = Published(id, recipe.alias, person.id, episode.step, guards.channels(due), until)
    trigger = _life_trigger(due, published, joined) if episode.course else _trigger(due, published)
    trigger.steps = numbering.last(person, episode, recipe)
    if trigger.offer is not None and recipe.is_shadow:
        person.of_time().offered[recipe.alias] = at
    elif trigger.offer is not None:
        person.offered_at = at
    episode.messages += 1
    episode.fired_step = episode.step
    episode.fired_at = at
    episode.published = [each for each in episode.published if at < each.valid_until]
    episode.published.append(published)
    trimming.forget_fired(person, at - due.recipes.remembers)
    person.fired.append(FiredStep(at, recipe.alias, episode.origin, episode.key_time))
    triggers.fire(trigger, out, shadow=recipe.is_shadow)


def _offer(due: Due, cart_value: float | None, categories: frozenset[str]) -> str | None:
    """The first offer of the recipe whose conditions hold, at most one in 30 days."""
    person, episode = due.person, due.episode
    last = person.offered_at
    if due.recipe.is_shadow and person.in_time is not None:
        last = max(last, person.in_time.offered.get(due.recipe.alias, NEVER))
    if last != NEVER and due.at - last < OFFER_EVERY:
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
        snapshot = snapshots.snapshot(cart.id, lines, cart.currency, cart.url)
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


def _life_trigger(due: Due, published: Published, joined: list[Episode]) -> triggers.Fired:
    """The trigger of a life step. Each kind shows what it is about: an order, a product, an audience."""
    episode, recipe, course = due.episode, due.recipe, due.episode.course
    assert course is not None, "it is a life episode"
    shown, line = course.order, course.line
    value = 0.0 if line is None else line.price or 0.0
    lines = shown.lines if shown is not None else [] if line is None else [line]
    named = frozenset([each.category for each in lines if each.category is not None])
    known_value = shown.value if shown is not None else value
    fired = triggers.build(
        recipe,
        published,
        due.at,
        message=episode.messages + 1,
        sub_kind=None,
        visitor=episode.visitor or None,
        cart=None,
        shown=None,
        offer=_offer(due, known_value, named),
        why=_why(due) | {"base": course.base},
        evidence=episode.evidence,
    )
    fired.product = UNSET
    fired.value = shown.value if shown is not None else value
    if shown is not None:
        fired.order = snapshots.order_snapshot(course.order_id, shown)
    if line is not None:
        fired.product = snapshots.ordered_product(line)
        others = [each.course.line for each in joined if each.course and each.course.line]
        fired.also = [snapshots.ordered_product(each) for each in others]
    if recipe.kind == AUDIENCE:
        fired.audience = episode.origin
    return fired


def _why(due: Due) -> dict[str, object]:
    """The `why` of a trigger: the guards that it passed, and the facts behind them."""
    person, episode = due.person, due.episode
    return {
        "passed": [name for name, _ in guards.guards_of(due)],
        "last_active": person.anchor,
        "opened_at": episode.opened_at,
        "key_time": episode.key_time,
        "last_order": max((order.at for order in person.placed), default=None),
        "orders": person.order_count,
        "visits": person.visits,
        "contacts": person.reach or [],
        "fired_before": sum(due.at - step.at <= due.recipes.memory for step in due.fired),
    }
