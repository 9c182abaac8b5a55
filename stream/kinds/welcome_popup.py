"""The welcome popup, for a visitor that browses and is not subscribed. Source: docs/semantics-life.md, 12.

The visitors stage decides it, at each page, product, category and search.
"""

from typing import Final

from stream.durations import DAY, MINUTE, SECOND
from stream.kinds import onsite
from stream.kinds.onsite import OFFERS, Candidate
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import OnsiteRefusal
from stream.recipes.conditions import Range, When
from stream.recipes.recipe import POPUP, Recipe, Recipes
from stream.state.checkout import open_checkout
from stream.state.visitor import Visitor

DEFAULTS: Final = Recipe(
    POPUP,
    POPUP,
    steps=(0,),
    cooldown=30 * DAY,
    valid_for=10 * MINUTE,
    priority=90,
    channels=("onsite",),
    capped=False,
    reach="any",
    when=When((Range("visits", max=1),)),
    offers=OFFERS,
    after=15 * SECOND,
    looks=2,
)

PASSED: Final = ("paying", "ordered", "already", "cooldown", "consent", "holdout")
PAYING: Final = frozenset(("checkout", "payment"))


def looked(state: Visitor, event: str, t: int, recipes: Recipes, out: Outputs) -> None:
    """Decides each popup recipe for which the event at `t` (ms) makes the visitor a candidate."""
    if state.is_known or state.subscribed:
        return
    why = {"passed": list(PASSED), "visit_start": state.visit_start, "looks": state.looks}
    candidate = Candidate(state, t, [event], why, out)
    for recipe in recipes.of[POPUP]:
        if state.looks >= recipe.looks and t - state.visit_start >= recipe.after:
            candidate.decide(recipe, _refusal(state, recipe, t))


def _refusal(state: Visitor, recipe: Recipe, t: int) -> OnsiteRefusal | None:
    """The first reason against the candidate, in the order of docs/semantics-life.md, 12. None: it fires."""
    if open_checkout(state, t) is not None or state.page in PAYING:
        return "paying"
    if onsite.has_ordered(state):
        return "ordered"
    if any(recipe.sees(each) for each in state.fired):
        return "already"
    return onsite.refusal(state, recipe, t)
