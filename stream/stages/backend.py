"""The compiled part of the visitors stage (`_visitors.c`), where it could be built.

It takes the most frequent events and gives the same states to the byte; `visitor.py` and `visitors.py`
are what it does, and what runs without it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from stream.events.records import Record
from stream.events.types import (
    ActivityPinged,
    CategoryViewed,
    Event,
    ExitSignal,
    PageViewed,
    Product,
    ProductViewed,
    SearchPerformed,
)
from stream.kinds import exit_intent, registry
from stream.kinds.exit_score import CART_WEIGHT, PRODUCTS_WEIGHT, SORTS, THRESHOLD
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.engaged_events import FOLD
from stream.stages.other_events import NOTED
from stream.state.cart import Cart
from stream.state.orders import OrderEntry
from stream.state.visitor import (
    IDLE_AFTER,
    KEPT_IDS,
    KEPT_VIEWS,
    LATE_AFTER,
    VISIT_GAP,
    Checkout,
    Glance,
    Published,
    Signal,
    View,
    Visitor,
)
from stream.store.changelog import Back
from stream.store.keyed import PackAll

KINDS: Final[tuple[type, ...]] = (
    PageViewed,
    ProductViewed,
    CategoryViewed,
    SearchPerformed,
    ActivityPinged,
    ExitSignal,
)
"""The events that `run` takes by itself where they change a visit and nothing else."""

ROUNDED: Final = 1e-6
"""How far a score may be from what it is rounded to, and more."""

_COLD: Final[Mapping[str, Any]] = {
    "cart": Cart,
    "checkout": Checkout | None,
    "orders": list[OrderEntry],
    "signals": dict[str, Signal],
    "fired": list[str],
    "refused": list[str],
    "consent": dict[str, bool],
    "exits": dict[str, int],
    "published": list[Published],
}
"""The fields of a visitor that `_visitors.c` leaves to Python, in its order."""


class Hands(NamedTuple):
    """What `run` leaves to Python."""

    parse: Callable[[Any], Event | None]
    record: Callable[[int, bytes, int], Record] | None
    """Makes a record of a line that is not plain."""
    take: Callable[..., None]
    """Takes (offset, time, key, value, event if it was read already) of all that `run` does not take."""
    fresh: Callable[[str], Visitor | None]
    """A new visitor, now at hand; None: it must not be one, or was known once."""
    active: Callable[[Visitor, int, Outputs], None]
    arm: Callable[[Visitor], None]
    recipes: Recipes
    out: Outputs
    acted: list[type]
    """The types of the events that were applied by FOLD or NOTED are entered here."""


Run = Callable[..., tuple[int, int, tuple[int, ...]]]
"""(records, blocks or lines, position, time reached, states as Keyed.held, Hands) to (position, time reached, how
many of each of KINDS were applied)."""


class Make(NamedTuple):
    """How visitors are made, packed and unpacked, and what takes the frequent events, if anything."""

    new: Callable[[str], Visitor]
    encode: Callable[[Visitor], bytes]
    decode: Callable[[memoryview], Visitor]
    pack_all: PackAll[Visitor] | None = None
    back: Back | None = None
    run: Run | None = None


_encode: Final = msgspec.msgpack.Encoder().encode


def _new(visitor: str) -> Visitor:
    return Visitor(visitor, Cart(visitor))


PURE: Final = Make(_new, _encode, msgspec.msgpack.Decoder(Visitor).decode)


def _built() -> Make | None:
    try:
        from stream.native import _visitors  # noqa: PLC0415 - it is not everywhere
    except ImportError:  # pragma: no cover - where there was no compiler
        return None
    # Else each signal is for all of them to judge.
    alone = set(registry.AT_SIGNAL) == {exit_intent.signalled}
    _visitors.configure(
        kinds=KINDS,
        event=Event,
        folds={kind: fold for kind, fold in FOLD.items() if kind not in KINDS},
        notes=dict(NOTED),
        product=Product,
        unset=UNSET,
        view=View,
        glance=Glance,
        signal=Signal,
        cart=Cart,
        encode=_encode,
        decoders=tuple(msgspec.msgpack.Decoder(kind).decode for kind in _COLD.values()),
        sorts=tuple((n, s.weight, s.half_life, s.least_held) for n, s in SORTS.items()),
        cart_weight=CART_WEIGHT,
        products_weight=PRODUCTS_WEIGHT,
        unclear_from=THRESHOLD - ROUNDED if alone else 0.0,
        visit_gap=VISIT_GAP,
        idle_after=IDLE_AFTER,
        late_after=LATE_AFTER,
        kept_ids=KEPT_IDS,
        kept_views=KEPT_VIEWS,
        fields=len(Visitor.__struct_fields__),
    )
    return Make(
        _visitors.Visitor,
        _visitors.pack,
        _visitors.unpack,
        _visitors.pack_all,
        Back(_visitors.read, _visitors.survey),
        _visitors.run,
    )


COMPILED: Final[Make | None] = None
"""None where it was not built: as long as it decides by version 1, nowhere."""


def fastest() -> Make:
    """The way that the service takes."""
    return COMPILED or PURE
