"""The compiled part of the people stage (`stream/native/_people.c`), if it was built.

It applies the three frequent facts, with the same states byte for byte. `stream/stages/waiting.py` and
`stream/stages/person_facts.py` define the behaviour, and are used alone if no compiler is available.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple, get_args

from stream import limits
from stream.episodes import lifecycle, steps, visible_summary
from stream.episodes.orders import Entered
from stream.episodes.visible_summary import VisibleSummary
from stream.events.records import Block
from stream.kinds import browse_abandonment, funnel, membership, registry
from stream.outputs import audience_changes, triggers
from stream.outputs.outputs import Outputs
from stream.outputs.reasons import CancelReason, Closing
from stream.recipes.conditions import ALWAYS
from stream.recipes.recipe import AUDIENCE, BROWSE, CART, CHECKOUT, PAYMENT, Recipe, Recipes
from stream.stages import joined_orders, life_facts
from stream.state import bought, cart, facts, orders, trimming
from stream.state.life_record import Course, Interest, Life
from stream.state.orders import OrderEntry
from stream.state.person import NO_ORDER, Episode, FiredStep, Person, PersonVisitor
from stream.state.view import View, ViewSummary
from stream.state.visitor import Checkout, Published
from stream.state.whole_order import WholeOrder


class PeopleBackend(NamedTuple):
    """The compiled functions. Each takes what it works with, in the order of `_people.c`."""

    add: Callable[..., int]
    """Adds facts, or blocks of them, to those that wait. Returns the position."""
    apply: Callable[..., tuple[int, int]]
    """Applies waiting facts before a time. Returns (how many were taken, how many of them without Python)."""
    fire_all: Callable[..., None]
    """Goes through persons whose timers have come: sets those that came too early, and calls Python for the others."""
    deadline: Callable[[Person, int], int]
    """Like Person.deadline."""
    unkeyed: Callable[[Block], list[bytes]]
    """The values of a block's records that have no key: watermark records."""


_CONSTANTS: Final = {
    "NEVER": cart.NEVER,
    "NO_ORDER": NO_ORDER,
    "FEW": trimming.FEW,
    "MOST_VISITORS": limits.MOST_VISITORS,
    "MOST_CARTS": limits.MOST_CARTS,
    "MOST_LINES": limits.MOST_LINES,
    "MOST_ORDERS": limits.MOST_ORDERS,
    "MOST_REMEMBERED": limits.MOST_REMEMBERED,
    "MOST_OPEN": limits.MOST_OPEN,
    "LARGEST_CARTS": limits.LARGEST_CARTS,
    "EMPTY_FOR": limits.EMPTY_FOR,
    "BOUGHT_FOR": bought.LASTS,
    "BOUGHT_AFTER_ORDER": bought.AFTER_ORDER,
    "CLOSED_AFTER_ORDER": visible_summary.AFTER_ORDER,
    "AFTER_ADDING": browse_abandonment.AFTER_ADDING,
    "DWELL": browse_abandonment.DWELL,
    "LOOKED_AT": browse_abandonment.LOOKED_AT,
    "DISTINCT": browse_abandonment.DISTINCT,
    "SAME_CATEGORY": browse_abandonment.SAME_CATEGORY,
    "OLD": orders.OLD,
    "OWN": orders.OWN,
    "LINED": orders.LINED,
    "CURRENCY": orders.CURRENCY,
}
"""The constants that `_persons.h` repeats. `configure` refuses other values."""

_TYPES: Final = (
    Person,
    PersonVisitor,
    Episode,
    Course,
    Life,
    bought.KnownCart,
    bought.BoughtLine,
    OrderEntry,
    facts.Idle,
    facts.Active,
    facts.Summary,
    facts.CartSummary,
    cart.Line,
    Checkout,
    ViewSummary,
    View,
    Recipe,
    VisibleSummary,
    facts.WatermarkRecord,
    Interest,
    facts.Ordered,
    WholeOrder,
    Entered,
    Published,
    FiredStep,
    Outputs,
)
"""The types whose fields are read and written in place, in the order of `_person_slots.h`."""

_FUNCTIONS: Final = (
    Person.deadline,
    trimming.trim,
    steps.plan_all,
    VisibleSummary,
    visible_summary.remember,
    cart.fingerprint,
    funnel.look,
    funnel.open_episode,
    browse_abandonment.look,
    lifecycle.close,
    membership.viewed,
    life_facts.settle,
    life_facts.tidy,
    membership.change,
    triggers.cancel_all,
    joined_orders.joined,
    life_facts.placed,
)
"""What is called for all that is rare, in the order of `_persons.h`."""

_REPLACED: Final[Closing] = "replaced"
_CONVERTED: Final[Closing] = "converted"
_ORDERED: Final[CancelReason] = "ordered"
_KINDS: Final = (PAYMENT, CHECKOUT, CART, BROWSE)


def _row(recipe: Recipe) -> tuple[str, Recipe, bool]:
    """(alias, recipe, whether it is plain: live, and it opens for everybody)."""
    return recipe.alias, recipe, not recipe.is_shadow and recipe.when == ALWAYS


def prepared(recipes: Recipes) -> tuple[object, ...]:
    """What `apply` needs of the recipes in force."""
    rows = tuple(tuple(map(_row, recipes.of[kind])) for kind in _KINDS)
    audiences = recipes.audiences
    looked_at = audiences if audiences.named else None, audiences.near, audiences.prepared
    published = None if recipes.of[AUDIENCE] else audience_changes.fixed(audiences.places)
    told = recipes.policy.keep, recipes.follows, recipes, recipes.by_alias, rows
    return *told, *looked_at, published, recipes.remembers, recipes.replenishes


_DECIDING: Final = [*(kind for kind, _ in registry.STAGES), *registry.AT_IDLE]
REPEATED: Final = [*_KINDS[:3], browse_abandonment.look] == _DECIDING
"""Whether `_looks.h` repeats all kinds that decide at an idle fact. If the registry has another one, Python decides."""


def _configure(compiled: Any) -> None:
    """Passes the constants and types to the C code. Raises an error if it was compiled with others."""
    compiled.configure(
        constants=_CONSTANTS,
        types=_TYPES,
        facts=get_args(facts.AnyFact),
        functions=_FUNCTIONS,
        kinds=_KINDS,
        words=(*browse_abandonment.SUB_KINDS, _REPLACED, _CONVERTED, _ORDERED),
        heap=(heappush, heappop),
    )


def _built() -> PeopleBackend | None:
    """The compiled backend, None if there is none. Raises ImportError if it is of another release."""
    try:
        from stream.native import _people  # noqa: PLC0415 - it is not everywhere
    except ImportError:  # pragma: no cover - where there was no compiler
        return None
    if not REPEATED:
        return None
    try:
        _configure(_people)
    except (AttributeError, TypeError, ValueError) as fault:
        raise ImportError(f"{_people.__file__} is of another release: run make install") from fault
    return PeopleBackend(
        _people.add, _people.apply, _people.fire_all, _people.deadline, _people.unkeyed
    )


COMPILED: Final = _built()
"""The compiled backend; None if it was not built."""
