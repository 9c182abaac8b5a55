"""The compiled part of the visitors stage (`stream/native/_visitors.c`), if it was built.

It applies the frequent events, with the same states byte for byte. `stream/state/visitor.py` and
`stream/stages/visitors.py` define the behaviour, and are used alone if no compiler is available.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from stream.events.records import Record
from stream.events.types import Event
from stream.outputs.outputs import Outputs
from stream.stages import mirrored
from stream.state.cart import Cart
from stream.state.visitor import Visitor
from stream.store.changelog import RestoreFunctions
from stream.store.keyed import PackAll
from stream.store.last_field import packer


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


def _new(visitor: str) -> Visitor:
    return Visitor(visitor, Cart(visitor))


PURE: Final = VisitorBackend(_new, packer(Visitor), msgspec.msgpack.Decoder(Visitor).decode)


def _configure(compiled: Any) -> None:
    """Passes the constants to the C code. Raises ValueError if it was compiled with others."""
    compiled.configure(**mirrored.configuration())
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
