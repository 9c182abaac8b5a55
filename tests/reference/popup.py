"""Semantics of life, 12: the welcome popup, decided at each view of a visitor."""

from tests.reference import exit_intent
from tests.reference.outputs import Outputs
from tests.reference.recipes import Recipe, Recipes
from tests.reference.visitor import Visitor


def look(visitor: Visitor, at: int, recipes: Recipes, out: Outputs) -> None:
    """Decides the popup after a page, product, category or search event."""
    for recipe in recipes.of("welcome-popup"):
        if not visitor.person().startswith("visitor:") or visitor.subscribed:
            return
        if at - visitor.visit_start >= recipe.after and visitor.looks >= recipe.looks:
            exit_intent.candidate(visitor, recipe, _refusal(visitor, recipe, at), at, out)


def _refusal(visitor: Visitor, recipe: Recipe, at: int) -> str | None:
    if visitor.open_checkout(at) is not None or visitor.page in ("checkout", "payment"):
        return "paying"
    if exit_intent.ordered_in_this_visit(visitor):
        return "ordered"
    if any(recipe.sees(each) for each in visitor.fired):
        return "already"
    return exit_intent.last_refusals(visitor, recipe, at)
