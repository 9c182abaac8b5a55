"""Applies one event to its visitor. Source: docs/semantics.md, 4.

The order is the same for all events: announce a change of person, apply the event, announce
presence, send the event's own fact, send its claims.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from stream.events.owner import customer_of, is_pseudo, keys_of
from stream.events.types import (
    TAGS,
    CategoryViewed,
    Event,
    PageViewed,
    PaymentFailed,
    ProductViewed,
    SearchPerformed,
)
from stream.kinds import registry
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_claims, announce_facts, orders_placed, persons
from stream.stages.engaged_events import ENGAGED
from stream.stages.judgement import ATTENDED, ELSEWHERE, IGNORED, LATE
from stream.stages.other_events import NOTED, Occasion, elsewhere
from stream.state.visitor import IDLE, NOTHING, Visitor

CODES: Final[Mapping[type, str]] = {kind: chr(65 + place) for place, kind in enumerate(TAGS)}
"""A letter for each type, written before an event's id: two types may use the same id."""

KEPT_AS: Final = {LATE: "late", IGNORED: "ignored"}


def apply(
    state: Visitor,
    event: Any,
    kind: type,
    verdict: int,
    late: bool,
    t: int,
    recipes: Recipes,
    out: Outputs,
) -> None:
    changed, keys = False, _NO_KEYS
    if event.customer is not UNSET or event.keys is not UNSET or is_pseudo(state.id):
        keys = keys_of(event)
        if verdict == ELSEWHERE:
            when = Occasion(t, late, False, keys)
            elsewhere(state, event, f"customer:{customer_of(event)}", when, out)
            return
        changed = persons.follow(state, event, kind, late, t, out)
    elif kind is _CART:
        keys = keys_of(event)
    fold = ENGAGED.get(kind)
    if fold is None:
        NOTED[kind](state, event, Occasion(t, late, changed, keys), recipes, out)
        return
    unpaid = None
    if kind is PaymentFailed:
        unpaid = orders_placed.unpaid(state, event, verdict == ATTENDED, t, out)
    if verdict == ATTENDED:
        state.engage(t)
        fold(state, event, t)
        sent = state.sent
        if sent == IDLE or (sent == NOTHING and state.is_known):
            announce_facts.active(state, t, out)
        if recipes.popups[0] and kind in LOOKS:
            for looked in registry.AT_LOOK:
                looked(state, event.id, t, recipes, out)
    else:
        _change(state, event, kind, unpaid is not None and unpaid.refilled, changed, t, out)
    if changed or keys:
        announce_claims.bind(state, keys, changed, t, out)
    if unpaid is not None:
        _claim_back(state, keys, unpaid, t, out)


LOOKS: Final = frozenset((PageViewed, ProductViewed, CategoryViewed, SearchPerformed))
"""The events that show something to a visitor. Each may open a popup."""

_NO_KEYS: Final[list[str]] = []
_CART: Final = next(kind for kind, tag in TAGS.items() if tag == "cart.updated")


def _change(
    state: Visitor,
    event: Event,
    kind: type,
    refilled: bool,
    changed: bool,
    t: int,
    out: Outputs,
) -> None:
    """Applies an unattended change. It neither starts nor extends a visit, and shows no presence."""
    if ENGAGED[kind](state, event, t) or refilled:
        state.last_change = t
        state.idle_pending = True
    if changed:
        announce_facts.presence(state, t, out)


def _claim_back(
    state: Visitor, keys: list[str], unpaid: orders_placed.Unpaid, t: int, out: Outputs
) -> None:
    every = [*keys, *announce_claims.own_keys(state), *unpaid.keys]
    announce_claims.unordered(state, state.person, every, unpaid.id, unpaid.window, t, out)
