"""The registry: one line for each kind of trigger.

To add a kind, add three things: a file of its name in this folder, with its DEFAULTS and the functions that decide;
a schema with examples in schemas/kinds; its line in REGISTRY. No other code names it, but for speed: the compiled people stage
(stream/native/_looks.h) repeats the kinds that decide at an idle fact. Until it repeats a new one, Python decides alone.

When each function of a kind is called:

- `stage`: at each idle fact, for the key time of the cart. The first kind that gives one has the cart.
- `at_idle`: at each idle fact, after the funnel.
- `at_signal`: at each exit.signal, in the visitors stage.
- `at_look`: at each page, product, category and search, in the visitors stage.
- `at_order`, `at_supplement`, `at_taking_out`, `at_delivery`, `at_subscription`: at facts about
  orders and subscriptions, in the people stage.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from stream.episodes.life import Occurrence
from stream.episodes.visible_summary import VisibleSummary
from stream.events.types import ExitSignal
from stream.kinds import (
    audience,
    browse_abandonment,
    cart_abandonment,
    checkout_abandonment,
    exit_intent,
    payment_failed,
    post_purchase,
    replenishment,
    welcome,
    welcome_popup,
)
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipe, Recipes
from stream.state.facts import Idle
from stream.state.orders import OrderEntry
from stream.state.person import Person
from stream.state.visitor import Visitor
from stream.state.whole_order import WholeOrder

Stage = Callable[[VisibleSummary], int | None]
AtIdle = Callable[[Person, Idle, VisibleSummary, Recipes, Outputs], None]
AtSignal = Callable[[Visitor, ExitSignal, int, Recipes, Outputs], None]
AtLook = Callable[[Visitor, str, int, Recipes, Outputs], None]
AtOrder = Callable[[Person, OrderEntry, WholeOrder, Occurrence, Recipes, Outputs], None]
"""Called with an order that entered the record, or with the parts that a repetition added to one."""
AtTakingOut = Callable[[Person, list[OrderEntry], Occurrence, Recipes, Outputs], None]
AtDelivery = Callable[[Person, str, Occurrence, Recipes, Outputs], None]
AtSubscription = Callable[[Person, list[str], Occurrence, Recipes, Outputs], None]


class Kind(Struct, frozen=True):
    """A kind: the defaults of its recipes, and the functions that decide it."""

    defaults: Recipe
    stage: Stage | None = None
    at_idle: AtIdle | None = None
    at_signal: AtSignal | None = None
    at_look: AtLook | None = None
    at_order: AtOrder | None = None
    at_supplement: AtOrder | None = None
    at_taking_out: AtTakingOut | None = None
    at_delivery: AtDelivery | None = None
    at_subscription: AtSubscription | None = None


REGISTRY: Final = (
    Kind(exit_intent.DEFAULTS, at_signal=exit_intent.signalled),
    Kind(payment_failed.DEFAULTS, stage=payment_failed.key_time),
    Kind(checkout_abandonment.DEFAULTS, stage=checkout_abandonment.key_time),
    Kind(cart_abandonment.DEFAULTS, stage=cart_abandonment.key_time),
    Kind(browse_abandonment.DEFAULTS, at_idle=browse_abandonment.look),
    Kind(welcome_popup.DEFAULTS, at_look=welcome_popup.looked),
    Kind(welcome.DEFAULTS, at_subscription=welcome.subscribed),
    Kind(
        post_purchase.DEFAULTS,
        at_order=post_purchase.ordered,
        at_supplement=post_purchase.supplemented,
        at_taking_out=post_purchase.taken_out,
        at_delivery=post_purchase.delivered,
    ),
    Kind(
        replenishment.DEFAULTS,
        at_order=replenishment.ordered,
        at_supplement=replenishment.ordered,
        at_taking_out=replenishment.taken_out,
    ),
    Kind(audience.DEFAULTS),
)

SHIPPED: Final = tuple(kind.defaults for kind in REGISTRY[:5])
"""The recipes that are in force without a recipes file. None of them follows a customer's life."""


KINDS: Final[Mapping[str, Recipe]] = {kind.defaults.kind: kind.defaults for kind in REGISTRY}
STAGES: Final = tuple((kind.defaults.kind, kind.stage) for kind in REGISTRY if kind.stage)
AT_IDLE: Final = tuple(kind.at_idle for kind in REGISTRY if kind.at_idle)
AT_LOOK: Final = tuple(kind.at_look for kind in REGISTRY if kind.at_look)
AT_ORDER: Final = tuple(kind.at_order for kind in REGISTRY if kind.at_order)
AT_SUPPLEMENT: Final = tuple(kind.at_supplement for kind in REGISTRY if kind.at_supplement)
AT_TAKING_OUT: Final = tuple(kind.at_taking_out for kind in REGISTRY if kind.at_taking_out)
AT_DELIVERY: Final = tuple(kind.at_delivery for kind in REGISTRY if kind.at_delivery)
AT_SUBSCRIPTION: Final = tuple(kind.at_subscription for kind in REGISTRY if kind.at_subscription)
AT_SIGNAL: Final = tuple(kind.at_signal for kind in REGISTRY if kind.at_signal)
