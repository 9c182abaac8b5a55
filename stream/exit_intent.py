"""Exit intent, decided at the exit.signal itself from the visitor's own state. Source: docs/semantics.md, 5.

A signal is accepted or not; the accepted ones of the visit, each fading with its age, make the score;
a score high enough makes a candidate for each exit recipe, which is refused by the first reason or fires.
"""

from typing import Final

from msgspec import UNSET, Struct

from stream import decisions, triggers
from stream.browse_abandonment import subject
from stream.cart import NEVER, value
from stream.conditions import Known, Offer, Range, When, first_offer
from stream.decisions import Decision
from stream.durations import DAY, SECOND
from stream.events import ExitSignal
from stream.ids import trigger_id
from stream.outputs import Outputs
from stream.recipe import EXIT, Recipe, Recipes
from stream.visitor import PAYMENT, VISIT_GAP, Published, Signal, Visitor, open_checkout

_NO_ORDERS: Final = Range("orders", max=0)
_OFFERS: Final = (
    Offer("free-shipping", When((Range("visits", max=1), _NO_ORDERS))),
    Offer("percent-10", When((_NO_ORDERS,))),
    Offer("loyal-gift", When((Range("orders", min=1),))),
)
DEFAULTS: Final = Recipe(
    EXIT,
    EXIT,
    steps=(0,),
    cooldown=7 * DAY,
    valid_for=30 * SECOND,
    priority=100,
    channels=("onsite",),
    capped=False,
    reach="any",
    offers=_OFFERS,
)

THRESHOLD: Final = 0.7
CART_WEIGHT: Final = 0.35
PRODUCTS_WEIGHT: Final = 0.20
AFTER_VISIT_START: Final = 10 * SECOND
AFTER_LOOK: Final = 3 * SECOND
OFFER_EVERY: Final = 30 * DAY


class Sort(Struct, frozen=True):
    """Weight, half-life (ms) and the least time held (ms), if one is given."""

    weight: float
    half_life: int
    least_held: int = 0


SORTS: Final = {
    "pointer_top": Sort(0.55, 5 * SECOND, 500),
    "close_shortcut": Sort(0.80, 5 * SECOND),
    "back": Sort(0.60, 10 * SECOND),
    "tab_hidden": Sort(0.50, 15 * SECOND, 5_000),
    "scroll_up": Sort(0.35, 8 * SECOND),
    "window_blur": Sort(0.25, 8 * SECOND),
    "idle": Sort(0.30, 30 * SECOND),
    "landing_return": Sort(0.30, 20 * SECOND),
}


def signalled(state: Visitor, event: ExitSignal, t: int, recipes: Recipes, out: Outputs) -> None:
    """An exit.signal at `t`: if it is accepted and the score is high enough, decides each exit recipe."""
    if not _accepted(state, event, t):
        return
    state.signals[event.signal] = Signal(t, event.id)
    reached = score(state, t)
    if reached < THRESHOLD:
        return
    known = _known(state)
    for recipe in recipes.of[EXIT]:
        if recipe.when.holds(known):
            _decide(state, recipe, known, reached, t, out)


def _accepted(state: Visitor, event: ExitSignal, t: int) -> bool:
    if event.form_focus is True:
        return False
    if event.held_ms is not UNSET and event.held_ms < SORTS[event.signal].least_held:
        return False
    return state.last_active != NEVER and t - state.last_active < VISIT_GAP


def score(state: Visitor, t: int) -> float:
    """S = 1 - P of the page: how likely it is that this visitor leaves now."""
    stays = 1.0
    for name, signal in state.signals.items():
        sort = SORTS[name]
        stays *= 1 - sort.weight * 2.0 ** ((signal.at - t) / sort.half_life)
    if state.cart.lines:
        stays *= 1 - CART_WEIGHT
    if len(state.views) >= 2:
        stays *= 1 - PRODUCTS_WEIGHT
    return round(1 - stays, 6)


def _known(state: Visitor) -> Known:
    lines = list(state.cart.lines.values())
    shown = subject(list(state.views.values()))
    if lines:
        categories = frozenset(line.category for line in lines if line.category is not None)
    else:
        categories = frozenset([shown.category] if shown and shown.category is not None else [])
    return Known(
        visits=state.visits,
        orders=max(len(state.orders), state.traits_orders),
        cart_value=value(lines),
        traits_value=state.traits_value,
        message=1,
        categories=categories,
    )


def _decide(
    state: Visitor, recipe: Recipe, known: Known, reached: float, t: int, out: Outputs
) -> None:
    id = trigger_id(recipe.name, state.person, state.id, state.visit_start, 1)
    evidence = [signal.event for signal in state.signals.values()]
    decision = Decision(
        id,
        recipe.name,
        recipe.version,
        1,
        state.person,
        state.id,
        "fired",
        t,
        evidence=evidence,
    )
    channels = recipe.consented(state.consent)
    reason = _refusal(state, recipe, channels, t)
    if reason is not None:
        mark = f"{recipe.name}|{reason}"
        if mark not in state.refused:
            state.refused.append(mark)
            decision.outcome = "refused"
            decision.reason = reason
            decisions.publish(decision, out)
        return
    offer = None
    if state.offered_at == NEVER or t - state.offered_at >= OFFER_EVERY:
        offer = first_offer(recipe.offers, known)
    if offer is not None:
        state.offered_at = t
    state.fired.append(recipe.name)
    state.exits[recipe.name] = t
    until = t + recipe.valid_for
    state.published = [each for each in state.published if t < each.valid_until]
    state.published.append(Published(id, recipe.name, state.person, 1, channels, until))
    decisions.publish(decision, out)
    triggers.fire(_trigger(state, recipe, id, known, channels, offer, reached, t, evidence), out)


def _refusal(state: Visitor, recipe: Recipe, channels: list[str], t: int) -> str | None:
    """The first reason against the candidate, in the order of the page."""
    if t - state.visit_start < AFTER_VISIT_START or (
        state.last_look != NEVER and t - state.last_look < AFTER_LOOK
    ):
        return "too_soon"
    checkout = open_checkout(state, t)
    if checkout is not None and checkout.stage == PAYMENT and not checkout.failed:
        return "paying"
    if any(entry.at >= state.visit_start for entry in state.orders):
        return "ordered"
    if recipe.name in state.fired:
        return "already"
    last = state.exits.get(recipe.name, NEVER)
    if last != NEVER and t - recipe.cooldown < last:
        return "cooldown"
    if not channels:
        return "consent"
    if recipe.held_out(state.person):
        return "holdout"
    return None


def _trigger(
    state: Visitor,
    recipe: Recipe,
    id: str,
    known: Known,
    channels: list[str],
    offer: str | None,
    reached: float,
    t: int,
    evidence: list[str],
) -> triggers.Fired:
    lines = list(state.cart.lines.values())
    shown = subject(list(state.views.values()))
    cart = None
    worth = (shown.price if shown else None) or 0.0
    if lines:
        worth = known.cart_value
        cart = triggers.CartSnapshot(
            state.cart.id,
            triggers.cart_items(lines),
            worth,
            state.cart.currency,
            state.cart.url,
        )
    return triggers.Fired(
        trigger_id=id,
        recipe=recipe.name,
        version=recipe.version,
        step=1,
        steps=1,
        message=1,
        sub_kind=None,
        person=state.person,
        customer=state.customer,
        visitor=state.id,
        channels=channels,
        cart=cart,
        product=triggers.product(shown),
        value=worth,
        offer=offer,
        arm=recipe.arm(state.person),
        not_before=t,
        valid_until=t + recipe.valid_for,
        why={
            "passed": [
                "too_soon",
                "paying",
                "ordered",
                "already",
                "cooldown",
                "consent",
                "holdout",
            ],
            "score": reached,
            "signals": {name: signal.at for name, signal in state.signals.items()},
            "visit_start": state.visit_start,
            "products": len(state.views),
        },
        evidence=evidence,
    )
