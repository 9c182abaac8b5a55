"""The registry: one line for each kind of trigger there is.

A kind has a file of its name here, which holds its DEFAULTS and decides, a schema with examples in
schemas/kinds, and its line below; nothing else knows it. Three places decide: a stage of the funnel is
asked for the key time of what it sees in a cart, the first that gives one has the cart; `at_idle` is
called at each idle fact, after the funnel; `at_signal` at each exit.signal, in the visitors stage.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from stream.episodes.visible_summary import VisibleSummary
from stream.events.types import ExitSignal
from stream.kinds import (
    browse_abandonment,
    cart_abandonment,
    checkout_abandonment,
    exit_intent,
    payment_failed,
)
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipe, Recipes
from stream.state.facts import Idle
from stream.state.person import Person
from stream.state.visitor import Visitor

Stage = Callable[[VisibleSummary], int | None]
AtIdle = Callable[[Person, Idle, VisibleSummary, Recipes, Outputs], None]
AtSignal = Callable[[Visitor, ExitSignal, int, Recipes, Outputs], None]


class Kind(Struct, frozen=True):
    """What its recipes leave out, and where it is decided."""

    defaults: Recipe
    stage: Stage | None = None
    at_idle: AtIdle | None = None
    at_signal: AtSignal | None = None


REGISTRY: Final = (
    Kind(exit_intent.DEFAULTS, at_signal=exit_intent.signalled),
    Kind(payment_failed.DEFAULTS, stage=payment_failed.key_time),
    Kind(checkout_abandonment.DEFAULTS, stage=checkout_abandonment.key_time),
    Kind(cart_abandonment.DEFAULTS, stage=cart_abandonment.key_time),
    Kind(browse_abandonment.DEFAULTS, at_idle=browse_abandonment.look),
)

KINDS: Final[Mapping[str, Recipe]] = {kind.defaults.kind: kind.defaults for kind in REGISTRY}
STAGES: Final = tuple((kind.defaults.kind, kind.stage) for kind in REGISTRY if kind.stage)
AT_IDLE: Final = tuple(kind.at_idle for kind in REGISTRY if kind.at_idle)
AT_SIGNAL: Final = tuple(kind.at_signal for kind in REGISTRY if kind.at_signal)
