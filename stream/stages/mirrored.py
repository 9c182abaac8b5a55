"""What `stream/native/_visitors.c` repeats of Python or calls. `configure` compares it at import, and keeps it."""

from collections.abc import Mapping
from struct import calcsize
from typing import Any, Final

import msgspec
from msgspec import UNSET

from schemas.nobody import NOBODY
from stream.events.decoding import typed
from stream.events.parts import Item, Order, Product
from stream.events.types import (
    TAGS,
    ActivityPinged,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutAdvanced,
    CheckoutStarted,
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
from stream.store.changelog import HEADER

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
"""The events that `run` handles. It applies the first six by itself, if they change only a visit, and a plain item or order.
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
"""The fields of a visitor that are objects of Python, in the order of `_visitor.h`."""

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

_encode: Final = msgspec.msgpack.Encoder().encode


def configuration() -> dict[str, Any]:
    """The arguments of `configure`."""
    # C may skip low scores only if exit intent is the only kind that decides at a signal. The kinds
    # that decide at a look say from which look on: `popups` of Recipes.
    alone = set(registry.AT_SIGNAL) == {exit_intent.signalled}
    return {
        "constants": _CONSTANTS,
        "words": _WORDS,
        "letters": "".join(CODES[kind] for kind in KINDS).encode(),
        "nobody": tuple(NOBODY),
        "sorts": tuple(
            (n, SORTS[n].weight, SORTS[n].half_life, SORTS[n].least_held) for n in SIGNALS
        ),
        "weights": (CART_WEIGHT, PRODUCTS_WEIGHT, THRESHOLD - SCORE_TOLERANCE if alone else 0.0),
        "times": (VISIT_GAP, IDLE_AFTER, LATE_AFTER, FORGET_AFTER, CHECKOUT_LASTS),
        "unset": UNSET,
        "types": (View, ViewSummary, Signal, Cart),
        "slots": _SLOTS,
        "encode": (_encode, facts.encode),
        "settle": settle,
        "placing": (given_lines, worth, bound_lines, joined_orders.placed, own_facts.ordered),
        "typed": typed,
        "folds": tuple(ENGAGED[kind] if kind in _ALONE else None for kind in KINDS[_WHOLLY:]),
        "decoders": tuple(msgspec.msgpack.Decoder(kind).decode for kind in _OBJECTS.values()),
        "new_cart": tuple(_encode(Cart("")).split(_encode(""), 1)),
    }
