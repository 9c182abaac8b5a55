"""Exit intent, decided at each exit.signal from the visitor's own state. Source: docs/semantics.md, 5.

The accepted signals of the visit add up to a score; each fades with its age. If the score is high enough, each exit
recipe has a candidate. It is refused for the first guard that refuses it, or it fires.
"""

from typing import Any, Final

from stream.durations import DAY, SECOND
from stream.events.types import ExitSignal
from stream.kinds.exit_guards import EXIT_GUARDS, ExitCandidate, refusal
from stream.kinds.exit_score import THRESHOLD, accepted, score
from stream.kinds.onsite import OFFERS, Candidate
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import EXIT, Recipe, Recipes
from stream.state.visitor import Signal, Visitor

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
    offers=OFFERS,
)

PASSED: Final = [name for name, _ in EXIT_GUARDS]


def signalled(state: Visitor, event: ExitSignal, t: int, recipes: Recipes, out: Outputs) -> None:
    """Applies an exit.signal at `t` (ms). Decides each exit recipe if the score is high enough."""
    if not accepted(state, event, t):
        return
    state.signals[event.signal] = Signal(t, event.id)
    reached = score(state, t)
    if reached < THRESHOLD:
        return
    evidence = [signal.event for signal in state.signals.values()]
    why: dict[str, Any] = {
        "passed": PASSED.copy(),
        "score": reached,
        "signals": {name: signal.at for name, signal in state.signals.items()},
        "visit_start": state.visit_start,
        "products": state.products,
    }
    candidate = Candidate(state, t, evidence, why, out)
    for recipe in recipes.of[EXIT]:
        candidate.decide(recipe, refusal(ExitCandidate(state, recipe, t)))
