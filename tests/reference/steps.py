"""Section 7: the guards of a due step."""

from dataclasses import dataclass
from typing import Any

from tests.reference.life import Life
from tests.reference.outputs import Outputs, snapshot
from tests.reference.person import Episode, Person
from tests.reference.reach import channels_of, reachable, wanted
from tests.reference.recipes import BROWSE, FUNNEL, Recipe, Recipes, context
from tests.reference.times import DAY, MINUTE, is_quiet, quiet_until, zone

_NEAR = 5 * MINUTE
_LOOKS = ("variant_id", "name", "category", "price", "currency", "url", "image")


@dataclass
class Verdict:
    outcome: str
    reason: str | None = None
    until: int | None = None
    reached: bool = False
    """Whether it reached guard 8."""


def step(person: Person, episode: Episode, due: int, recipes: Recipes, out: Outputs) -> None:
    """Decides the episode's next step."""
    recipe, number, id_ = episode.recipe, episode.decided + 1, episode.id()
    if episode.due is None:
        episode.close("expired", due, out)
        return
    joined: list[Episode] = []
    if recipe.enabled:
        verdict = judge(person, episode, due, recipes)
    else:
        verdict = Verdict("refused", "disabled")
    if verdict.reached and not episode.watched:
        episode.watched = True
        _watch(person, episode, due)
    if verdict.outcome == "closed":
        episode.close("expired", due, out)
        return
    if verdict.outcome == "deferred":
        episode.due = verdict.until
    else:
        if verdict.outcome == "fired":
            joined = _joined(person, episode, due)
            _fire(person, episode, due, joined, out)
        episode.decided += 1
        episode.due = None
        episode.is_open = episode.decided < len(episode.steps)
        if episode.is_open and episode.is_life:
            Life(person, due, recipes, out).plan(episode)
        elif episode.is_open:
            person.plan_next(episode, due)
    out.decision(
        id_,
        recipe,
        number,
        person.id,
        episode.fed_by,
        verdict.outcome,
        due,
        verdict.reason,
        verdict.until,
    )
    for other in joined:
        life = Life(person, due, recipes, out)
        life.pass_over(other, "joined")
        life.plan(other)


def _watch(person: Person, episode: Episode, due: int) -> None:
    recipe = episode.recipe
    if recipe.attribution and not recipe.shadow:
        about = {
            "trigger_id": episode.id(),
            "recipe": recipe.name,
            "version": recipe.version,
            "group": "held" if recipe.held_out(person.id) else "treated",
            "arm": recipe.arm(person.id),
            "at": due,
        }
        person.watch(about, due + recipe.attribution, None)


def _joined(person: Person, episode: Episode, due: int) -> list[Episode]:
    """Other episodes of a replenishment recipe, due in [D, D + cooldown), by product."""
    recipe = episode.recipe
    return sorted(
        [
            other
            for other in person.open_episodes()
            if recipe.kind == "replenishment"
            and other is not episode
            and other.recipe.is_same(recipe)
            and recipe.is_same(other.recipe)
            and other.due is not None
            and due <= other.due < due + recipe.cooldown
        ],
        key=lambda other: other.origin,
    )


def judge(person: Person, episode: Episode, due: int, recipes: Recipes) -> Verdict:
    """The verdict of the guards in order; the first refusal decides."""
    recipe, ordered = episode.recipe, person.orders.times()
    since = episode.opened
    if recipe.kind in FUNNEL and episode.changed_at is not None:
        since = max(since, episode.changed_at)
    if due - since > recipe.expires and not episode.is_life:
        return Verdict("closed", "expired")
    if any(due - recipe.ordered_within < at <= due for at in ordered):
        return Verdict("refused", "ordered")
    if recipe.reach == "known" and not reachable(person, wanted(episode)):
        return Verdict("refused", "unreachable")
    if not channels_of(person, episode):
        return Verdict("refused", "consent")
    for other in person.episodes:
        if other is not episode and recipe.is_same(other.recipe):
            for _, at in other.fired:
                if due - recipe.cooldown < at <= due and at > max(ordered, default=-1):
                    return Verdict("refused", "cooldown")
    capped = _cap(person, recipe, due, recipes) if recipe.capped else None
    if capped:
        return capped
    near = _near_of_life(person, episode, due) if episode.is_life else []
    if near:
        return Verdict("deferred", "lower_priority", max(near) + _NEAR)
    for other in person.episodes:
        if not recipe.sees(other.recipe):
            continue
        if other is not episode and other.recipe.priority < recipe.priority and not episode.is_life:
            fired = any(due - _NEAR <= at <= due for _, at in other.fired)
            waits = other.is_open and other.due is not None and due < other.due <= due + _NEAR
            if fired or waits:
                return Verdict("refused", "lower_priority")
    if recipe.held_out(person.id):
        return Verdict("refused", "holdout", reached=True)
    at_once = recipe.kind == "welcome" and episode.steps[episode.decided] == 0
    if recipes.quiet and not at_once:
        where = zone(person.zone, recipes.zone)
        if is_quiet(due, recipes.quiet, where):
            until = quiet_until(due, recipes.quiet, where)
            return Verdict("deferred", "quiet", until, reached=True)
    return Verdict("fired", reached=True)


def _near_of_life(person: Person, episode: Episode, due: int) -> list[int]:
    """Times in (D - 5m, D + 5m] at which steps of higher priority fired or are due."""
    found = []
    for other in person.episodes:
        if not episode.recipe.sees(other.recipe):
            continue
        if other is not episode and other.recipe.priority < episode.recipe.priority:
            found += [at for _, at in other.fired if due - _NEAR < at <= due]
            if other.is_open and other.due is not None and due < other.due <= due + _NEAR:
                found.append(other.due)
    return found


def _cap(person: Person, recipe: Recipe, due: int, recipes: Recipes) -> Verdict | None:
    seen = [each for each in person.episodes if recipe.sees(each.recipe)]
    counted = [at for episode in seen if episode.recipe.capped for _, at in episode.fired]
    for cap in recipes.caps:
        window = [at for at in counted if due - cap["per"] < at <= due]
        if len(window) >= cap["max"]:
            if cap["then"] == "drop":
                return Verdict("refused", "cap")
            return Verdict("deferred", "cap", min(window) + cap["per"])
    return None


def _fire(person: Person, episode: Episode, due: int, joined: list[Episode], out: Outputs) -> None:
    recipe, cart = episode.recipe, episode.cart()
    message = len(episode.fired) + 1
    offer = None
    last = person.last_offer
    if recipe.shadow and recipe.name in person.shadow_offers:
        last = max(last or 0, person.shadow_offers[recipe.name])
    if last is None or due - last >= 30 * DAY:
        known = context(
            person.visits(),
            len(person.orders.record),
            person.traits,
            cart,
            episode.subject,
            episode.sub_kind,
            message,
        )
        known |= _known_of_life(episode) | {"spent": person.spent()}
        offer = recipe.offer(known)
    if offer is not None and recipe.shadow:
        person.shadow_offers[recipe.name] = due
    elif offer is not None:
        person.last_offer = due
    value: Any = cart["value"] if cart else 0
    if recipe.kind == BROWSE and not cart and episode.subject:
        value = episode.subject.get("price", 0)
    customer = person.id.removeprefix("customer:") if person.id.startswith("customer:") else None
    data = {
        "trigger_id": episode.id(),
        "recipe": recipe.name,
        "version": recipe.version,
        "step": episode.decided + 1,
        "steps": len(episode.steps),
        "message": message,
        "sub_kind": episode.sub_kind,
        "person": person.id,
        "customer": customer,
        "visitor": episode.fed_by,
        "channels": channels_of(person, episode),
        "cart": snapshot(cart),
        "value": value,
        "offer": offer,
        "arm": recipe.arm(person.id),
        "not_before": due,
        "valid_until": due + recipe.valid_for,
        "in the shadow": recipe.shadow,
    }
    data |= _shown_of_life(episode, joined)
    episode.fired.append((episode.decided, due))
    episode.published.append(data)
    out.fired(data, due)


def _known_of_life(episode: Episode) -> dict[str, Any]:
    """The context of offers' conditions for a life episode."""
    if not episode.is_life:
        return {}
    if episode.recipe.kind == "post-purchase" and episode.about is not None:
        lines = episode.about.items
        return {
            "cart_value": episode.about.value or 0,
            "category": [line.get("category") for line in lines],
        }
    if episode.line is not None:
        price = episode.line.get("price", 0)
        return {"cart_value": price, "category": [episode.line.get("category")]}
    return {}


def _shown_of_life(episode: Episode, joined: list[Episode]) -> dict[str, Any]:
    """The trigger data that only the life kinds have."""
    kind, order, line = episode.recipe.kind, episode.about, episode.line
    if kind == "post-purchase" and order is not None:
        named = {
            each["currency"].lower(): each["currency"]
            for each in reversed(order.items)
            if each.get("currency")
        }
        only = next(iter(named.values())) if len(named) == 1 else None
        shown = {"id": order.id, "currency": order.currency or only, "items": order.items}
        return {"value": order.value, "order": shown | {"value": order.value}}
    if kind == "replenishment" and line is not None:
        return {
            "value": line.get("price", 0),
            "product": _product(line),
            "also": [_product(other.line) for other in joined if other.line is not None],
        }
    return {"audience": episode.origin} if kind == "audience" else {}


def _product(line: dict[str, Any]) -> dict[str, Any]:
    return {"id": line["product_id"]} | {
        name: line[name] for name in _LOOKS if line.get(name) not in (None, "")
    }
