"""One event that counts, applied to its visitor in the one order of all. Source: docs/semantics.md, 4.

A change of person is announced; the event is applied; presence follows; then the event's own fact; then its
claims.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from stream.events.owner import customer_of, is_pseudo, keys_of
from stream.events.types import TAGS, Event, PaymentFailed
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages import announce_claims, announce_facts, orders_placed, persons
from stream.stages.engaged_events import ENGAGED
from stream.stages.judgement import ATTENDED, ELSEWHERE, IGNORED, LATE
from stream.stages.other_events import NOTED, Occasion, elsewhere
from stream.state.visitor import IDLE, NOTHING, Visitor

CODES: Final[Mapping[type, str]] = {kind: chr(65 + place) for place, kind in enumerate(TAGS)}
"""A letter for each type, before the id of an event: events of two types may have the same id."""

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
        told = state.sent
        if told == IDLE or (told == NOTHING and state.is_known):
            announce_facts.active(state, t, out)
    else:
        _change(state, event, kind, unpaid is not None and unpaid.refilled, changed, t, out)
    if changed or keys:
        announce_claims.bind(state, keys, changed, t, out)
    if unpaid is not None:
        _claim_back(state, keys, unpaid, t, out)


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
    """An unattended change: it starts and extends no visit, and is no sign of presence."""
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
