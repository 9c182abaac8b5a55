"""What may refuse an exit candidate, in the order of the page; the first is the reason.

Source: docs/semantics.md, 5. To add a guard is to add a function, its name in ExitRefusal and its line in EXIT_GUARDS.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from stream.durations import SECOND
from stream.outputs.reasons import ExitRefusal
from stream.recipes.recipe import Recipe
from stream.state.cart import NEVER
from stream.state.checkout import open_checkout
from stream.state.visitor import PAYMENT, Visitor

AFTER_VISIT_START: Final = 10 * SECOND
AFTER_LOOK: Final = 3 * SECOND


class Candidate(NamedTuple):
    """An accepted signal at `at` (ms) with a score that is high enough, under one recipe.

    `channels`: those of the recipe that consent leaves.
    """

    state: Visitor
    recipe: Recipe
    channels: list[str]
    at: int


def too_soon(it: Candidate) -> bool:
    start, look = it.state.visit_start, it.state.last_look
    return it.at - start < AFTER_VISIT_START or (look != NEVER and it.at - look < AFTER_LOOK)


def paying(it: Candidate) -> bool:
    checkout = open_checkout(it.state, it.at)
    at_payment = checkout is not None and checkout.stage == PAYMENT and not checkout.failed
    return at_payment or it.state.page == "payment"


def ordered(it: Candidate) -> bool:
    start = it.state.visit_start
    return it.state.page == "confirmation" or any(
        order.at >= start and not order.recurring for order in it.state.orders
    )


def already(it: Candidate) -> bool:
    return it.recipe.name in it.state.fired


def cooldown(it: Candidate) -> bool:
    last = it.state.exits.get(it.recipe.name, NEVER)
    return last != NEVER and it.at - it.recipe.cooldown < last


def consent(it: Candidate) -> bool:
    return not it.channels


def holdout(it: Candidate) -> bool:
    return it.recipe.held_out(it.state.person)


EXIT_GUARDS: Final[tuple[tuple[ExitRefusal, Callable[[Candidate], bool]], ...]] = (
    ("too_soon", too_soon),
    ("paying", paying),
    ("ordered", ordered),
    ("already", already),
    ("cooldown", cooldown),
    ("consent", consent),
    ("holdout", holdout),
)


def refusal(candidate: Candidate) -> ExitRefusal | None:
    """The first guard that refuses, None if all let the candidate pass."""
    return next((name for name, refuses in EXIT_GUARDS if refuses(candidate)), None)
