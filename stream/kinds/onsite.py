"""Decides onsite candidates, which exit intent and the popup share. Source: docs/semantics.md, 5.

They depend on the visitor's own state only. A candidate fires at once, or is refused for the first reason that
applies. Each reason is published once a visit.
"""

from math import fsum
from typing import Any, Final

from stream.durations import DAY
from stream.outputs import decisions, snapshots, triggers
from stream.outputs.decisions import Decision
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import OnsiteRefusal
from stream.recipes.conditions import Known, Offer, Range, When, first_offer
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import POPUP, Recipe
from stream.state.cart import NEVER, value
from stream.state.facts import OnsiteDecided, number
from stream.state.in_time import Attributed, VisitorInTime
from stream.state.view import View
from stream.state.visitor import Published, Visitor

_NO_ORDERS: Final = Range("orders", max=0)
OFFERS: Final = (
    Offer("free-shipping", When((Range("visits", max=1), _NO_ORDERS))),
    Offer("percent-10", When((_NO_ORDERS,))),
    Offer("loyal-gift", When((Range("orders", min=1),))),
)
OFFER_EVERY: Final = 30 * DAY
HELD: Final = "holdout"
POPPED_UP: Final = "|"
"""An entry of `Visitor.fired` that marks that one of its recipes was a popup. No recipe has this name."""


def in_time(state: Visitor) -> VisitorInTime:
    """The visitor's record of watches and shadows, created if there is none."""
    if state.in_time is None:
        state.in_time = VisitorInTime()
    return state.in_time


class Candidate:
    """One moment at which a recipe may show something. `why`: field of the trigger · `evidence`: ids of events."""

    def __init__(
        self, state: Visitor, t: int, evidence: list[str], why: dict[str, Any], out: Outputs
    ) -> None:
        self._state = state
        self._t = t
        self._evidence = evidence
        self._why = why
        self._out = out
        self._shown: View | None = None
        self._known: Known | None = None

    @property
    def known(self) -> Known:
        """The values that the recipe's conditions check."""
        if self._known is None:
            self._shown = self._state.subject()
            self._known = _known(self._state, self._shown)
        return self._known

    def decide(self, recipe: Recipe, reason: OnsiteRefusal | None) -> None:
        """Publishes the decision: refused for `reason`, or fired if there is none.

        Does nothing if `when` does not hold, or if the visit has this reason already.
        """
        state = self._state
        if reason is not None and any(
            _mark(name, reason) in state.refused for name in recipe.aliases
        ):
            return
        if not recipe.when.holds(self.known):
            return
        id = trigger_id(recipe.name, state.person, state.id, state.visit_start, 1)
        decision = Decision(
            id,
            recipe.name,
            recipe.version,
            1,
            state.person,
            state.id,
            "fired",
            self._t,
            evidence=self._evidence,
            shadow=recipe.is_shadow,
        )
        if reason is None or reason == HELD:
            self._watch(recipe, id)
        if reason is not None:
            state.refused.append(_mark(recipe.alias, reason))
            decision.outcome, decision.reason = "refused", reason
            decisions.publish(decision, self._out)
            return
        decisions.publish(decision, self._out)
        self._fire(recipe, id)

    def _fire(self, recipe: Recipe, id: str) -> None:
        state, t = self._state, self._t
        offer = self._offer(recipe)
        state.fired.append(recipe.alias)
        if recipe.kind == POPUP and not recipe.is_shadow:
            state.fired.append(POPPED_UP)
        state.exits[recipe.alias] = t
        until, channels = t + recipe.valid_for, recipe.consented(state.consent)
        state.published = [each for each in state.published if t < each.valid_until]
        state.published.append(Published(id, recipe.alias, state.person, 1, channels, until))
        fired = self._trigger(recipe, id, channels, offer)
        triggers.fire(fired, self._out, shadow=recipe.is_shadow)

    def _watch(self, recipe: Recipe, id: str) -> None:
        """Opens a watch at the person, for the first candidate of a visit that reaches the holdout."""
        state, t = self._state, self._t
        if not recipe.attribution or recipe.is_shadow or _mark(recipe.name, HELD) in state.refused:
            return
        held, arm = recipe.held_out(state.person), recipe.arm(state.person)
        until = t + recipe.attribution
        about = Attributed(recipe.name, recipe.version, id, held, arm, t, until)
        in_time(state).sent[recipe.name] = about
        place: dict[str, Any] = {"at": t, "visitor": state.id, "person": state.person}
        self._out.add_fact(OnsiteDecided(n=number(state), about=about, **place))

    def _offer(self, recipe: Recipe) -> str | None:
        """The offer, at most one in 30 days. A shadow's offers count for itself only."""
        state, t, own = self._state, self._t, NEVER
        if recipe.is_shadow and state.in_time is not None:
            own = state.in_time.offered.get(recipe.alias, NEVER)
        last = max(state.offered_at, own)
        if last != NEVER and t - last < OFFER_EVERY:
            return None
        offer = first_offer(recipe.offers, self.known)
        if offer is not None:
            if recipe.is_shadow:
                in_time(state).offered[recipe.alias] = t
            else:
                state.offered_at = t
        return offer

    def _trigger(
        self, recipe: Recipe, id: str, channels: list[str], offer: str | None
    ) -> triggers.Fired:
        state, shown = self._state, self._shown
        lines = list(state.cart.lines.values())
        cart = None
        worth: float | None = (shown.price if shown else None) or 0.0
        if lines:
            worth = value(lines)
            cart = snapshots.CartSnapshot(
                state.cart.id,
                snapshots.cart_items(lines),
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
            product=snapshots.product(shown),
            value=worth,
            offer=offer,
            arm=recipe.arm(state.person),
            not_before=self._t,
            valid_until=self._t + recipe.valid_for,
            why=self._why,
            evidence=self._evidence,
        )


def _mark(alias: str, reason: str) -> str:
    """The entry of `Visitor.refused` for a published refusal."""
    return f"{alias}|{reason}"


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
        spent=_spent(state),
    )


def _spent(state: Visitor) -> float:
    """The amount that the visitor has spent: as given by the shop, else the sum of its orders."""
    worths = [order.whole.value for order in state.orders if order.whole is not None]
    return max(state.traits_value, fsum([worth for worth in worths if worth is not None]))


def has_ordered(state: Visitor) -> bool:
    """Whether the visitor ordered in this visit."""
    return state.page == "confirmation" or any(
        order.at >= state.visit_start and not order.recurring for order in state.orders
    )


def last_shown(state: Visitor, recipe: Recipe) -> int:
    """When the recipe last fired (ms), NEVER if it did not."""
    return max(state.exits.get(name, NEVER) for name in recipe.aliases)


def refusal(state: Visitor, recipe: Recipe, t: int) -> OnsiteRefusal | None:
    """The first reason that applies, of those that exits and popups check last. None if none applies."""
    last = last_shown(state, recipe)
    if last != NEVER and t - recipe.cooldown < last:
        return "cooldown"
    if not recipe.consented(state.consent):
        return "consent"
    return "holdout" if recipe.held_out(state.person) else None
