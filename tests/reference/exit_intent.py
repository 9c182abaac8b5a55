"""Section 5: exit intent, decided at the signal itself."""

from typing import Any

from tests.reference.browse import subject
from tests.reference.cart import value as value_of
from tests.reference.outputs import Outputs, snapshot
from tests.reference.recipes import EXIT, Recipe, Recipes, context, holds
from tests.reference.times import DAY, MINUTE, SECOND, trigger_id
from tests.reference.visitor import Visitor

_SIGNALS = {
    "pointer_top": (0.55, 5 * SECOND, 500),
    "close_shortcut": (0.80, 5 * SECOND, 0),
    "back": (0.60, 10 * SECOND, 0),
    "tab_hidden": (0.50, 15 * SECOND, 5000),
    "scroll_up": (0.35, 8 * SECOND, 0),
    "window_blur": (0.25, 8 * SECOND, 0),
    "idle": (0.30, 30 * SECOND, 0),
    "landing_return": (0.30, 20 * SECOND, 0),
}


def signal(visitor: Visitor, body: dict[str, Any], at: int, recipes: Recipes, out: Outputs) -> None:
    """Processes an exit.signal: accepts it, scores the visit, decides each exit recipe."""
    if body.get("form_focus") or body.get("held_ms", 10**15) < _SIGNALS[body["signal"]][2]:
        return
    if visitor.last_active is None or at - visitor.last_active >= 30 * MINUTE:
        return
    visitor.signals[body["signal"]] = at
    if strength(visitor, at) >= 0.7:
        for recipe in recipes.of(EXIT):
            candidate(visitor, recipe, _refusal(visitor, recipe, at), at, out)


def strength(visitor: Visitor, at: int) -> float:
    calm = 1.0
    for name, seen in visitor.signals.items():
        weight, half_life, _ = _SIGNALS[name]
        calm *= 1 - weight * 2 ** (-(at - seen) / half_life)
    if visitor.cart.lines:
        calm *= 1 - 0.35
    if len(visitor.views) >= 2:
        calm *= 1 - 0.20
    return round(1 - calm, 6)


def candidate(visitor: Visitor, recipe: Recipe, reason: str | None, at: int, out: Outputs) -> None:
    cart = None
    if visitor.cart.lines:
        cart = visitor.cart.snapshot()
        cart["value"] = value_of(cart["lines"])
    seen = subject(visitor.views)
    known = context(
        visitor.visits, len(visitor.orders.record), visitor.traits, cart, seen, None, message=1
    )
    known["spent"] = max(visitor.traits.get("value", 0), visitor.orders.worth())
    if not holds(recipe.when, known):
        return
    person, start = visitor.person(), visitor.visit_start
    id_ = trigger_id(recipe.name, person, visitor.id, start, 1)
    channels = left_by_consent(recipe.channels, recipe, visitor.consent)
    told = any(recipe.is_same(each) and why == reason for each, why in visitor.refused)
    if reason in (None, "holdout") and not told:
        _watch(visitor, recipe, id_, at)
    if reason:
        if not told:
            visitor.refused.append((recipe, reason))
            out.decision(id_, recipe, 1, person, visitor.id, "refused", at, reason)
        return
    offer = None
    last = visitor.last_offer
    if recipe.shadow and recipe.name in visitor.shadow_offers:
        last = max(last or 0, visitor.shadow_offers[recipe.name])
    if last is None or at - last >= 30 * DAY:
        offer = recipe.offer(known)
    if offer is not None and recipe.shadow:
        visitor.shadow_offers[recipe.name] = at
    elif offer is not None:
        visitor.last_offer = at
    visitor.fired.append(recipe)
    visitor.exits.append((recipe, at))
    if cart:
        value = cart["value"]
    else:
        value = seen.get("price", 0) if seen else 0
    data = {
        "trigger_id": id_,
        "recipe": recipe.name,
        "version": recipe.version,
        "step": 1,
        "steps": 1,
        "message": 1,
        "person": person,
        "customer": visitor.customer,
        "visitor": visitor.id,
        "channels": channels,
        "cart": snapshot(cart),
        "value": value,
        "offer": offer,
        "arm": recipe.arm(person),
        "not_before": at,
        "valid_until": at + recipe.valid_for,
        "in the shadow": recipe.shadow,
    }
    visitor.published.append(data)
    out.fired(data, at)
    out.decision(id_, recipe, 1, person, visitor.id, "fired", at)


def _watch(visitor: Visitor, recipe: Recipe, id_: str, at: int) -> None:
    """Reports the visit's first candidate that reaches guard 8 to the person."""
    held_before = any(recipe.is_same(each) and why == "holdout" for each, why in visitor.refused)
    if held_before or not recipe.attribution or recipe.shadow:
        return
    person = visitor.person()
    about = {
        "trigger_id": id_,
        "recipe": recipe.name,
        "version": recipe.version,
        "group": "held" if recipe.held_out(person) else "treated",
        "arm": recipe.arm(person),
        "at": at,
    }
    visitor.watches[recipe.name] = about, at + recipe.attribution
    visitor.to_tell.append((person, (about, at + recipe.attribution)))


def ordered_in_this_visit(visitor: Visitor) -> bool:
    ordered = any(time >= visitor.visit_start for time in visitor.orders.times())
    return ordered or visitor.page == "confirmation"


def last_refusals(visitor: Visitor, recipe: Recipe, at: int) -> str | None:
    own = [fired for each, fired in visitor.exits if recipe.is_same(each)]
    if any(at - recipe.cooldown < fired <= at for fired in own):
        return "cooldown"
    if not left_by_consent(recipe.channels, recipe, visitor.consent):
        return "consent"
    return "holdout" if recipe.held_out(visitor.person()) else None


def _refusal(visitor: Visitor, recipe: Recipe, at: int) -> str | None:
    look = visitor.last_look
    if at - visitor.visit_start < 10 * SECOND or (look is not None and at - look < 3 * SECOND):
        return "too_soon"
    checkout = visitor.open_checkout(at)
    paying = checkout is not None and checkout.stage == "payment" and not checkout.failed
    if paying or visitor.page == "payment":
        return "paying"
    if ordered_in_this_visit(visitor):
        return "ordered"
    seen = [each for each in visitor.fired if recipe.sees(each)]
    if any(each.kind == "welcome-popup" or each.name == recipe.name for each in seen):
        return "already"
    return last_refusals(visitor, recipe, at)


def left_by_consent(channels: list[str], recipe: Recipe, consent: dict[str, bool]) -> list[str]:
    """Guard 4: the channels that the recipe may use."""
    if recipe.consent == "granted":
        return [channel for channel in channels if consent.get(channel) is True]
    return [channel for channel in channels if consent.get(channel) is not False]


def cancel(visitor: Visitor, reason: str, order: str | None, at: int, out: Outputs) -> None:
    """Cancels the visitor's valid exit triggers after its own order or consent."""
    for fired in list(visitor.published):
        if at >= fired["valid_until"]:
            continue
        if reason == "consent" and not withdrawn(fired["channels"], visitor.consent):
            continue
        visitor.published.remove(fired)
        out.cancelled(fired, reason, order, at)


def withdrawn(channels: list[str], consent: dict[str, bool]) -> bool:
    return all(consent.get(channel) is False for channel in channels)
