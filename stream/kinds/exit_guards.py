"""The guards of an exit candidate, in the order of docs/semantics.md, 5. The first refusal counts.

To add a guard, add its function, its name in OnsiteRefusal and its line in EXIT_GUARDS.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from stream.durations import SECOND
from stream.kinds import onsite
from stream.outputs.reasons import OnsiteRefusal
from stream.recipes.recipe import Recipe
from stream.state.cart import NEVER
from stream.state.checkout import open_checkout
from stream.state.visitor import PAYMENT, Visitor

AFTER_VISIT_START: Final = 10 * SECOND
AFTER_LOOK: Final = 3 * SECOND


class ExitCandidate(NamedTuple):
    """An accepted signal at `at` (ms) with a score that is high enough, under one recipe."""

    state: Visitor
    recipe: Recipe
    at: int


def too_soon(it: ExitCandidate) -> bool:
    start, look = it.state.visit_start, it.state.last_look
    return it.at - start < AFTER_VISIT_START or (look != NEVER and it.at - look < AFTER_LOOK)


def paying(it: ExitCandidate) -> bool:
    checkout = open_checkout(it.state, it.at)
    at_payment = checkout is not None and checkout.stage == PAYMENT and not checkout.failed
    return at_payment or it.state.page == "payment"


def ordered(it: ExitCandidate) -> bool:
    return onsite.has_ordered(it.state)


def already(it: ExitCandidate) -> bool:
    fired = it.state.fired
    return onsite.POPPED_UP in fired or any(it.recipe.owns(each) for each in fired)


def cooldown(it: ExitCandidate) -> bool:
    last = onsite.last_shown(it.state, it.recipe)
    return last != NEVER and it.at - it.recipe.cooldown < last


def consent(it: ExitCandidate) -> bool:
    return not it.recipe.consented(it.state.consent)


def holdout(it: ExitCandidate) -> bool:
    return it.recipe.held_out(it.state.person)


EXIT_GUARDS: Final[tuple[tuple[OnsiteRefusal, Callable[[ExitCandidate], bool]], ...]] = (
    ("too_soon", too_soon),
    ("paying", paying),
    ("ordered", ordered),
    ("already", already),
    ("cooldown", cooldown),
    ("consent", consent),
    ("holdout", holdout),
)


def refusal(candidate: ExitCandidate) -> OnsiteRefusal | None:
    """The name of the first guard that refuses, None if the candidate passes all."""
    return next((name for name, refuses in EXIT_GUARDS if refuses(candidate)), None)
