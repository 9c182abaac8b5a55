"""Runs the core over a file, without Kafka. Source: docs/semantics.md, 10.

The file is one input partition. All stages process it in chunks. After each chunk the watermark is the time of its
last line. After the last line time advances by 8 days.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from stream.durations import DAY
from stream.events.decoding import parse
from stream.events.document import parsed
from stream.events.faults import Rejected, Unread
from stream.events.owner import visitor_of
from stream.events.records import Line, Record
from stream.events.scalars import WHOLE
from stream.events.types import Event
from stream.events.words import BOUND, YEAR_2000
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.backend import VisitorBackend
from stream.stages.core import Core, Handed
from stream.stages.visitors import Visitors
from stream.state.cart import NEVER

MOVES_ON: Final = 8 * DAY
CHUNK: Final = 2_000
"""Lines that are applied at a time. More: more memory. Fewer: more rounds of the people stage."""


class BeforeYear2000(Exception):
    """The first time of a file is before the year 2000, so its `t` are not in ms."""

    def __init__(self, time: int) -> None:
        super().__init__(f"t {time} is before the year 2000: ms are meant (--any-time accepts it)")


class OutOfOrder(Exception):
    """The time of a line is before that of an earlier line. `line`: from 1."""

    def __init__(self, line: int, time: int, reached: int) -> None:
        super().__init__(f"t goes back from {reached} to {time}")
        self.line = line


class Envelope(Struct):
    """The fields of a line outside its event: its time (ms), and its visitor if that may be the record's key."""

    t: int
    visitor: Any = None


_envelope: Final = msgspec.json.Decoder(Envelope).decode


def envelope(line: bytes) -> Envelope | None:
    """Time and visitor of a line; None if it is not JSON or has no `t` (a whole number, 0 to 10^15)."""
    try:
        found = _envelope(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _envelope_slowly(line)
    return found if 0 <= found.t <= BOUND else None


def _envelope_slowly(line: bytes) -> Envelope | None:
    """Like `envelope`, for lines that the typed decoding refuses and semantics.md allows: 1.0 or "1" for 1, strings that
    are not valid Unicode."""
    try:
        document = parsed(line)
        time = WHOLE.read(document["t"])
    except (Rejected, Unread, TypeError, KeyError):
        return None
    return Envelope(time, document.get("visitor")) if 0 <= time <= BOUND else None


def key(line: bytes) -> bytes | None:
    """The record key of a line: the visitor of its event, or its pseudo-visitor. None if it is not a valid event."""
    try:
        event = parse(line)
    except Rejected:
        return None
    return None if event is None else visitor_of(event).encode()


def record(number: int, line: bytes, reached: int) -> Record:
    """A line, with or without its line end, as a record of one partition. Its value is an event, or the bytes if they
    cannot be decoded at once; see `event`.

    `reached`: the latest time (ms) so far, which a line without a time gets. Raises OutOfOrder.
    """
    line = line.rstrip(b"\r\n")
    try:
        read = parse(line)
    except Rejected:
        read = None
    value: Event | bytes = line
    whose: bytes | None
    time = UNSET if read is None else read.t
    if read is not None and type(time) is int and 0 <= time <= BOUND:
        value, whose = read, visitor_of(read).encode()
    else:
        found = envelope(line)
        if found is None:
            return number, reached, None, b""
        time, whose = found.t, None
        if read is not None:
            value, whose = read, visitor_of(read).encode()
    if time < reached:
        raise OutOfOrder(number + 1, time, reached)
    return number, time, whose, value


def records(lines: Iterable[bytes]) -> Iterator[Record]:
    """Yields lines as records of one partition. Raises OutOfOrder."""
    reached = 0
    for number, line in enumerate(lines):
        made = record(number, line, reached)
        reached = made[1]
        yield made


def event(value: Event | bytes) -> Event | None:
    """The event of a value of `records`. Bytes are decoded by `decoding.parse`."""
    return parse(value) if isinstance(value, bytes) else value


def run(
    lines: Iterable[bytes], recipes: Recipes | History, make: VisitorBackend | None = None
) -> Iterator[Outputs]:
    """Yields the outputs of all stages for each chunk of lines. Raises OutOfOrder. `make`: as in Visitors."""
    core = Core(recipes, make)
    for first in handed(core.visitors, lines):
        yield core.decided(first)


def finished(lines: Iterable[bytes], recipes: Recipes | History) -> Core:
    """The stages after a whole log, with their states. Raises OutOfOrder."""
    core = Core(recipes)
    for first in handed(core.visitors, lines):
        core.decided(first)
    return core


def handed(visitors: Visitors, lines: Iterable[bytes]) -> Iterator[Handed]:
    """Yields the outputs of the visitors stage for each chunk of lines. Raises OutOfOrder."""
    source: Iterator[Line | Record] = enumerate(lines) if visitors.takes_blocks else records(lines)
    while True:
        first, begun = Handed(), visitors.position
        visitors.process(islice(source, CHUNK), first, event, record)
        if visitors.position == begun:
            break
        yield first
    if visitors.clock != NEVER:
        last = Handed()
        visitors.advance(visitors.clock + MOVES_ON, last)
        yield last


def in_ms(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, unchanged. Raises BeforeYear2000 if the first time is before the year 2000."""
    known = False
    for line in lines:
        if not known:
            found = envelope(line)
            known = found is not None
            if found is not None and found.t < YEAR_2000:
                raise BeforeYear2000(found.t)
        yield line


def decide(lines: Iterable[bytes], recipes: Recipes | History) -> tuple[list[bytes], list[bytes]]:
    """(triggers and cancels, decisions) of a whole log as JSON, in the order of their time."""
    triggers: list[bytes] = []
    decisions: list[bytes] = []
    for out in run(lines, recipes):
        triggers += [value for _, _, value in out.triggers]
        decisions += [value for _, value in out.decisions]
    return triggers, decisions
