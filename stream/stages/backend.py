"""The compiled part of the visitors stage (`stream/native/_visitors.c`), where it could be built.

It takes the frequent events and gives the same states, to the byte. `stream/state/visitor.py` and
`stream/stages/visitors.py` define what it does, and run without it.
"""

from collections.abc import Callable, Mapping
from struct import calcsize
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from schemas.nobody import NOBODY
from stream.events.parts import Product
from stream.events.records import Record
from stream.events.types import (
    TAGS,
    ActivityPinged,
    CategoryViewed,
    ExitSignal,
    PageViewed,
    ProductViewed,
    SearchPerformed,
)
from stream.events.words import BOUND, KINDS_OF_PAGE, LONGEST_ID, SIGNALS, YEAR_2000
from stream.kinds import exit_intent, registry
from stream.kinds.exit_score import CART_WEIGHT, PRODUCTS_WEIGHT, SORTS, THRESHOLD
from stream.limits import LONGEST_TEXT
from stream.outputs.outputs import Outputs
from stream.stages.applying import CODES
from stream.state.cart import NEVER, Cart
from stream.state.kept import Gone, Kept, Taken
from stream.state.orders import OrderEntry
from stream.state.view import Glance, View
from stream.state.visitor import (
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
from stream.store.changelog import HEADER, Back
from stream.store.keyed import PackAll

KINDS: Final[tuple[type, ...]] = (
    PageViewed,
    ProductViewed,
    CategoryViewed,
    SearchPerformed,
    ActivityPinged,
    ExitSignal,
)
"""The events that `run` applies by itself where they change nothing but a visit."""

SCORE_TOLERANCE: Final = 1e-6
"""How far the compiled score may be from the rounded one, and more. Python decides what is nearer to the threshold."""

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
    "taken": Taken | None,
    "ordered": Kept | None,
    "gone": list[Gone],
    "told": dict[str, int],
    "subscription": list[str],
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
    "IDLE": IDLE,
    "HEADER": HEADER.size,
    "ARMED": calcsize(">bq"),
}
"""What `_constants.h` repeats. The module refuses to be configured with other values."""

_WORDS: Final = {
    "types": tuple(TAGS[kind] for kind in KINDS),
    "page kinds": KINDS_OF_PAGE,
    "signals": SIGNALS,
    "parts of a product": Product.__struct_fields__,
    "fields of a view": View.__struct_fields__,
    "fields of a visitor": Visitor.__struct_fields__,
}
"""Likewise, in the same order."""


class Callbacks(NamedTuple):
    """What `run` calls in Python."""

    record: Callable[[int, bytes, int], Record] | None
    """Makes a record of a line that is not plain."""
    take: Callable[[int, int, bytes | None, Any], None]
    """Takes (offset, time, key, value) of every event that `run` does not apply."""
    fresh: Callable[[str], Visitor | None]
    """A new visitor, now at hand; None if its name is nobody's, or if it was known once."""
    active: Callable[[Visitor, int, Outputs], None]
    arm: Callable[[Visitor], None]
    out: Outputs
    popups: tuple[int, int] = (0, 0)
    """From which of a visit's looks, and from which age of it (ms), `take` is asked; 0 looks: never."""


Run = Callable[..., tuple[int, int, tuple[int, ...]]]
"""(records, blocks or lines, position, time reached, states as Keyed.held, Callbacks) to (position, time reached, how
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


def _configure(compiled: Any) -> None:
    """Raises ValueError if it repeats other constants than those here."""
    # Every other kind that decides at a signal is to be asked about each of them. Those that decide at a look say from
    # which look on: `popups` of Recipes.
    alone = set(registry.AT_SIGNAL) == {exit_intent.signalled}
    compiled.configure(
        constants=_CONSTANTS,
        words=_WORDS,
        letters="".join(CODES[kind] for kind in KINDS).encode(),
        nobody=tuple(NOBODY),
        sorts=tuple((n, SORTS[n].weight, SORTS[n].half_life, SORTS[n].least_held) for n in SIGNALS),
        weights=(CART_WEIGHT, PRODUCTS_WEIGHT, THRESHOLD - SCORE_TOLERANCE if alone else 0.0),
        times=(VISIT_GAP, IDLE_AFTER, LATE_AFTER),
        unset=UNSET,
        types=(View, Glance, Signal, Cart),
        encode=_encode,
        decoders=tuple(msgspec.msgpack.Decoder(kind).decode for kind in _OBJECTS.values()),
        new_cart=tuple(_encode(Cart("")).split(_encode(""), 1)),
    )
    if compiled.pack(compiled.Visitor("v")) != _encode(_new("v")):
        raise ValueError("compiled for another release: a new visitor is packed otherwise")


def _built() -> Make | None:
    """Raises ImportError if what was built is of another release."""
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
    return Make(
        _visitors.Visitor,
        _visitors.pack,
        _visitors.unpack,
        _visitors.pack_all,
        Back(_visitors.read, _visitors.survey),
        _visitors.run,
    )


COMPILED: Final = _built()
"""None where it was not built."""


def fastest() -> Make:
    """The way that the service takes."""
    return COMPILED or PURE
