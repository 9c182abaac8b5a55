"""Exit intent, decided at the exit.signal itself from the visitor's own state. Source: docs/semantics.md, 5.

A signal is accepted or not; the accepted ones of the visit, each fading with its age, make the score;
a score high enough makes a candidate for each exit recipe, which is refused by the first reason or fires.
"""

from typing import Final

from stream.durations import DAY, SECOND
from stream.events.types import ExitSignal
from stream.kinds.exit_guards import EXIT_GUARDS, Candidate, refusal
from stream.kinds.exit_score import THRESHOLD, accepted, score
from stream.outputs import decisions, triggers
from stream.outputs.decisions import Decision
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import ExitRefusal
from stream.recipes.conditions import Known, Offer, Range, When, first_offer
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import EXIT, Recipe, Recipes
from stream.state.cart import NEVER, value
from stream.state.view import View
from stream.state.visitor import Published, Signal, Visitor

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

OFFER_EVERY: Final = 30 * DAY


def signalled(state: Visitor, event: ExitSignal, t: int, recipes: Recipes, out: Outputs) -> None:
    """An exit.signal at `t`: if it is accepted and the score is high enough, decides each exit recipe."""
    if not accepted(state, event, t):
        return
    state.signals[event.signal] = Signal(t, event.id)
    reached = score(state, t)
    if reached < THRESHOLD:
        return
    shown = known = None
    for recipe in recipes.of[EXIT]:
        channels = recipe.consented(state.consent)
        reason = refusal(Candidate(state, recipe, channels, t))
        if reason is not None and _mark(recipe, reason) in state.refused:
            continue
        if known is None:
            shown = state.subject()
            known = _known(state, shown)
        if recipe.when.holds(known):
            _decide(state, recipe, known, shown, channels, reason, reached, t, out)


def _mark(recipe: Recipe, reason: str) -> str:
    """What stands in `refused` of a visit in which this was told."""
    return f"{recipe.name}|{reason}"


def _known(state: Visitor, shown: View | None) -> Known:
    lines = list(state.cart.lines.values())
    if lines:
        categories = frozenset(line.category for line in lines if line.category is not None)
    else:
        categories = frozenset([shown.category] if shown and shown.category is not None else [])
    return Known(
        visits=state.visits,
        orders=max(len(state.orders), state.traits_orders),
        cart_value=value(lines) or 0.0,
        traits_value=state.traits_value,
        message=1,
        categories=categories,
    )


def _decide(
    state: Visitor,
    recipe: Recipe,
    known: Known,
    shown: View | None,
    channels: list[str],
    reason: ExitRefusal | None,
    reached: float,
    t: int,
    out: Outputs,
) -> None:
    """A candidate: refused for a reason that was not told in this visit yet, or fired."""
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
    if reason is not None:
        state.refused.append(_mark(recipe, reason))
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
    fired = _trigger(state, recipe, id, known, shown, channels, offer, reached, t, evidence)
    triggers.fire(fired, out)


def _trigger(
    state: Visitor,
    recipe: Recipe,
    id: str,
    known: Known,
    shown: View | None,
    channels: list[str],
    offer: str | None,
    reached: float,
    t: int,
    evidence: list[str],
) -> triggers.Fired:
    lines = list(state.cart.lines.values())
    cart = None
    worth: float | None = (shown.price if shown else None) or 0.0
    if lines:
        worth = value(lines)
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
            "passed": [name for name, _ in EXIT_GUARDS],
            "score": reached,
            "signals": {name: signal.at for name, signal in state.signals.items()},
            "visit_start": state.visit_start,
            "products": state.products,
        },
        evidence=evidence,
    )
