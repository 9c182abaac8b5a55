"""The compiled part of the visitors stage (`stream/native/_visitors.c`), if it was built.

It applies the frequent events, with the same states byte for byte. `stream/state/visitor.py` and
`stream/stages/visitors.py` define the behaviour, and are used alone if no compiler is available.
"""

from collections.abc import Callable, Mapping
from struct import calcsize
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from schemas.nobody import NOBODY
from stream.events.decoding import typed
from stream.events.parts import Item, Order, Product
from stream.events.records import Record
from stream.events.types import (
    TAGS,
    ActivityPinged,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutAdvanced,
    CheckoutStarted,
    Event,
    ExitSignal,
    OrderPlaced,
    PageViewed,
    ProductViewed,
    SearchPerformed,
)
from stream.events.words import BOUND, KINDS_OF_PAGE, LONGEST_ID, SIGNALS, YEAR_2000
from stream.kinds import exit_intent, registry
from stream.kinds.exit_score import CART_WEIGHT, PRODUCTS_WEIGHT, SORTS, THRESHOLD
from stream.limits import LARGEST_CART, LARGEST_LINES, LONGEST_TEXT, MOST_ORDERS
from stream.outputs.outputs import Outputs
from stream.stages import joined_orders, own_facts
from stream.stages.applying import CODES
from stream.stages.engaged_events import ENGAGED
from stream.stages.orders_placed import KEPT_LINES, bound_lines
from stream.state import facts
from stream.state.cart import NEVER, Cart, Line
from stream.state.checkout import LASTS as CHECKOUT_LASTS
from stream.state.checkout import settle
from stream.state.in_time import VisitorInTime
from stream.state.kept import Gone, Kept, TakenLines
from stream.state.orders import OrderEntry
from stream.state.view import View, ViewSummary
from stream.state.visitor import (
    ACTIVE,
    FORGET_AFTER,
    IDLE,
    IDLE_AFTER,
    KEPT_IDS,
    KEPT_VIEWS,
    LATE_AFTER,
    NOTHING,
    VISIT_GAP,
    Checkout,
    Published,
    Signal,
    Visitor,
)
from stream.state.whole_order import OrderLine, WholeOrder, given_lines, worth
from stream.store.changelog import HEADER, RestoreFunctions
from stream.store.keyed import PackAll
from stream.store.last_field import packer

KINDS: Final[tuple[type, ...]] = (
    PageViewed,
    ProductViewed,
    CategoryViewed,
    SearchPerformed,
    ActivityPinged,
    ExitSignal,
    CartUpdated,
    CartItemAdded,
    CartItemRemoved,
    CheckoutStarted,
    CheckoutAdvanced,
    OrderPlaced,
)
"""The events that `run` handles. It applies the first six by itself, if they change only a visit.
For the others it does the part that all events share, and calls Python for the rest."""

SCORE_TOLERANCE: Final = 1e-6
"""Upper bound on |C score - rounded Python score|. Closer to the threshold than this, Python decides."""

_OBJECTS: Final[Mapping[str, Any]] = {
    "cart": Cart,
    "checkout": Checkout | None,
    "orders": list[OrderEntry],
    "signals": dict[str, Signal],
    "fired": list[str],
    "refused": list[str],
    "consent": dict[str, bool],
    "exits": dict[str, int],
    "published": list[Published],
    "taken": TakenLines | None,
    "ordered": Kept | None,
    "gone": list[Gone],
    "bound_pairs": dict[str, int],
    "subscription": list[str],
    "in_time": VisitorInTime | None,
}
"""The fields of a visitor that only Python reads and writes, in the order of `_visitor.h`."""

_CONSTANTS: Final = {
    "NEVER": NEVER,
    "YEAR_2000": YEAR_2000,
    "BOUND": BOUND,
    "LONGEST_ID": LONGEST_ID,
    "LONGEST_TEXT": LONGEST_TEXT,
    "KEPT_IDS": KEPT_IDS,
    "KEPT_VIEWS": KEPT_VIEWS,
    "NOTHING": NOTHING,
    "ACTIVE": ACTIVE,
    "IDLE": IDLE,
    "HEADER": HEADER.size,
    "ARMED": calcsize(">bq"),
    "MOST_ORDERS": MOST_ORDERS,
    "KEPT_LINES": KEPT_LINES,
    "LARGEST_LINES": LARGEST_LINES,
    "LARGEST_CART": LARGEST_CART,
}
"""The constants that `_constants.h` repeats. `configure` refuses other values."""

_WORDS: Final = {
    "types": tuple(TAGS[kind] for kind in KINDS),
    "page kinds": KINDS_OF_PAGE,
    "signals": SIGNALS,
    "parts of a product": Product.__struct_fields__,
    "fields of a view": View.__struct_fields__,
    "fields of a visitor": Visitor.__struct_fields__,
}
"""The words that `_constants.h` repeats, in the same order. `configure` refuses other words."""


_SLOTS: Final = (
    Cart,
    Line,
    Item,
    CartItemAdded,
    Order,
    OrderPlaced,
    OrderEntry,
    WholeOrder,
    OrderLine,
    Kept,
)
"""The types whose fields are read and written in place, in the order of `_visitor_slots.h`."""

_WHOLLY: Final = 6
"""The number of KINDS that need no Python: the first ones."""

_ALONE: Final = frozenset((CartItemAdded, CartItemRemoved, CheckoutStarted, CheckoutAdvanced))
"""Without keys, events of these types name only their visitor and change only cart and checkout."""


class Callbacks(NamedTuple):
    """The Python functions that `run` calls."""

    record: Callable[[int, bytes, int], Record] | None
    """(offset, line, time in ms): makes a record of a backtest line that C does not read by itself."""
    take: Callable[[int, int, bytes | None, Any], None]
    """(offset, time in ms, key, value): handles an event that `run` does not apply."""
    parse: Callable[[Any], Event | None]
    """Decodes an event that `run` does not decode by itself."""
    fresh: Callable[[str], Visitor | None]
    """Makes and keeps a new visitor. None for a name of nobody, or for a visitor that was deleted."""
    apply: Callable[[Visitor, Any, int], None]
    """Applies a decoded event to its visitor, at a time (ms)."""
    active: Callable[[Visitor, int, Outputs], None]
    set_timer: Callable[[str, int], None]
    """Enters (visitor, deadline in ms) into the timers."""
    facts: list[tuple[str, bytes]] | None
    """The list for presence facts as JSON. None: `active` makes them, and `take` those that fall due."""
    out: Outputs
    popups: tuple[int, int] = (0, 0)
    """`take` decides popups from this many looks in a visit, and this age of it (ms). 0 looks: never."""


Run = Callable[..., tuple[int, int, tuple[int, ...]]]
"""Takes (records, blocks or lines; position; time reached; states as Keyed.held; Callbacks). Returns
(position, time reached, number of events applied by each of KINDS)."""


class VisitorBackend(NamedTuple):
    """Makes, packs and unpacks visitors. `run` applies the frequent events; None: Python applies all."""

    new: Callable[[str], Visitor]
    encode: Callable[[Visitor], bytes]
    decode: Callable[[memoryview], Visitor]
    pack_all: PackAll[Visitor] | None = None
    back: RestoreFunctions | None = None
    run: Run | None = None
    fire_all: Callable[..., None] | None = None
    """Does what the loop of Visitors.catch_up does, for facts as JSON."""
    fell_idle: Callable[[Visitor, list[tuple[str, bytes]]], None] | None = None
    """Like announce_facts.fell_idle, for facts as JSON."""


_encode: Final = msgspec.msgpack.Encoder().encode


def _new(visitor: str) -> Visitor:
    return Visitor(visitor, Cart(visitor))


PURE: Final = VisitorBackend(_new, packer(Visitor), msgspec.msgpack.Decoder(Visitor).decode)


def _configure(compiled: Any) -> None:
    """Passes the constants to the C code. Raises ValueError if it was compiled with others."""
    # C may skip low scores only if exit intent is the only kind that decides at a signal. The kinds
    # that decide at a look say from which look on: `popups` of Recipes.
    alone = set(registry.AT_SIGNAL) == {exit_intent.signalled}
    compiled.configure(
        constants=_CONSTANTS,
        words=_WORDS,
        letters="".join(CODES[kind] for kind in KINDS).encode(),
        nobody=tuple(NOBODY),
        sorts=tuple((n, SORTS[n].weight, SORTS[n].half_life, SORTS[n].least_held) for n in SIGNALS),
        weights=(CART_WEIGHT, PRODUCTS_WEIGHT, THRESHOLD - SCORE_TOLERANCE if alone else 0.0),
        times=(VISIT_GAP, IDLE_AFTER, LATE_AFTER, FORGET_AFTER, CHECKOUT_LASTS),
        unset=UNSET,
        types=(View, ViewSummary, Signal, Cart),
        slots=_SLOTS,
        encode=(_encode, facts.encode),
        settle=settle,
        placing=(given_lines, worth, bound_lines, joined_orders.placed, own_facts.ordered),
        typed=typed,
        folds=tuple(ENGAGED[kind] if kind in _ALONE else None for kind in KINDS[_WHOLLY:]),
        decoders=tuple(msgspec.msgpack.Decoder(kind).decode for kind in _OBJECTS.values()),
        new_cart=tuple(_encode(Cart("")).split(_encode(""), 1)),
    )
    if compiled.pack(compiled.Visitor("v")) != PURE.encode(_new("v")):
        raise ValueError("compiled for another release: a new visitor is packed otherwise")


def _built() -> VisitorBackend | None:
    """The compiled backend, None if there is none. Raises ImportError if it is of another release."""
    try:
        from stream.native import _visitors  # noqa: PLC0415 - it is not everywhere
    except ImportError:  # pragma: no cover - where there was no compiler
        return None
    try:
        _configure(_visitors)
    except (TypeError, ValueError) as fault:
        raise ImportError(
            f"{_visitors.__file__} is of another release: run make install"
        ) from fault
    return VisitorBackend(
        _visitors.Visitor,
        _visitors.pack,
        _visitors.unpack,
        _visitors.pack_all,
        RestoreFunctions(_visitors.read, _visitors.survey),
        _visitors.run,
        _visitors.fire_all,
        _visitors.fell_idle,
    )


COMPILED: Final = _built()
"""The compiled backend; None if it was not built."""


def best_backend() -> VisitorBackend:
    """The compiled backend if it was built, else the Python one."""
    return COMPILED or PURE
