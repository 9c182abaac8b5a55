"""The same core over a file, without Kafka. Source: docs/semantics.md, 10.

The file is one input partition: both stages take it in chunks, and after each chunk the watermark is the
time of its last line. After the last line time moves on 8 days.
"""

import json
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from stream.durations import DAY
from stream.events.decoding import Rejected, parse
from stream.events.records import Line, Record
from stream.events.types import BOUND, Event
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import Make
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.state.cart import NEVER
from stream.state.facts import AnyFact, Idle, Mark

MOVES_ON: Final = 8 * DAY
CHUNK: Final = 2_000
"""Lines that are folded at a time. More: more memory; fewer: more rounds of the people stage."""


class OutOfOrder(Exception):
    """A line goes back in time. `line` counts from 1."""

    def __init__(self, line: int, time: int, reached: int) -> None:
        super().__init__(f"t goes back from {reached} to {time}")
        self.line = line


class Envelope(Struct):
    """What a line says beside its event: its time in ms and whose it is."""

    t: int
    visitor: Any = None


_envelope: Final = msgspec.json.Decoder(Envelope).decode


def envelope(line: bytes) -> Envelope | None:
    """Time and visitor of a line; None if it is not JSON or has no `t` (an integer, 0 to 10^15)."""
    try:
        found = _envelope(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _envelope_slowly(line)
    return found if 0 <= found.t <= BOUND else None


def _envelope_slowly(line: bytes) -> Envelope | None:
    """For what the typed decoding refuses and JSON allows: 1.0 for 1, strings that are not text."""
    try:
        document = json.loads(line.decode(), parse_constant=_refuse)
        time = document["t"]
        if isinstance(time, bool) or not 0 <= time <= BOUND or time != int(time):
            return None
        return Envelope(int(time), document.get("visitor"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _refuse(name: str) -> None:
    raise ValueError(name)


def key(found: Envelope) -> bytes | None:
    """The record key of a line: its visitor, if that is text."""
    if not isinstance(found.visitor, str):
        return None
    return found.visitor.encode("utf-8", "replace")


def record(number: int, line: bytes, reached: int) -> Record:
    """A line, with its end or without, as a record of one partition, whose value is an event where it can be; see
    `event`.

    A line without time comes at the time reached. Raises OutOfOrder.
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
        value, whose = read, read.visitor.encode()
    else:
        found = envelope(line)
        if found is None:
            return number, reached, None, b""
        time, whose = found.t, key(found)
    if time < reached:
        raise OutOfOrder(number + 1, time, reached)
    return number, time, whose, value


def records(lines: Iterable[bytes]) -> Iterator[Record]:
    """Lines as records of one partition. Raises OutOfOrder."""
    reached = 0
    for number, line in enumerate(lines):
        made = record(number, line, reached)
        reached = made[1]
        yield made


def event(value: Event | bytes) -> Event | None:
    """The event of a value of `records`; else as `decoding.parse`."""
    return parse(value) if isinstance(value, bytes) else value


class Handed(Outputs):
    """Facts as they are made, for a people stage in the same hand.

    What the visitor goes on to change is copied, so a fact stays what it would be on a topic.
    """

    __slots__ = ("handed",)

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[AnyFact] = []

    def tell(self, fact: AnyFact) -> None:
        if type(fact) is Idle:
            summary = fact.summary
            summary.cart.lines = list(map(copy, summary.cart.lines))
            summary.checkout = summary.checkout and copy(summary.checkout)
            summary.subject = summary.subject and copy(summary.subject)
        self.handed.append(fact)


def run(lines: Iterable[bytes], recipes: Recipes, make: Make | None = None) -> Iterator[Outputs]:
    """What both stages decide, a chunk of lines at a time. Raises OutOfOrder. `make`: as of Visitors."""
    visitors, people = Visitors(recipes, make), People(recipes, 1)
    source: Iterator[Line | Record] = enumerate(lines) if visitors.takes_blocks else records(lines)

    def decided(first: Handed) -> Outputs:
        out = Outputs()
        for fact in first.handed:
            people.take(people.position, fact)
        people.take(people.position, Mark(1, {0: visitors.clock}))
        people.advance(out)
        visitors.rest()
        people.rest()
        return _merged(first, out)

    while True:
        first, begun = Handed(), visitors.position
        visitors.process(islice(source, CHUNK), first, event, record)
        if visitors.position == begun:
            break
        yield decided(first)
    if visitors.clock != NEVER:
        last = Handed()
        visitors.advance(visitors.clock + MOVES_ON, last)
        yield decided(last)


def decide(lines: Iterable[bytes], recipes: Recipes) -> tuple[list[bytes], list[bytes]]:
    """(triggers and cancels, decisions) of a whole log as JSON, in the order of their time."""
    triggers: list[bytes] = []
    decisions: list[bytes] = []
    for out in run(lines, recipes):
        triggers += [value for _, _, value in out.triggers]
        decisions += [value for _, value in out.decisions]
    return triggers, decisions


class _Decided(Struct):
    at: int


_decided: Final = msgspec.json.Decoder(_Decided).decode


def _merged(first: Outputs, second: Outputs) -> Outputs:
    """The outputs of both stages as one, in the order of time."""
    triggers = first.triggers + second.triggers
    times = [at for _, at in first.moments + second.moments]  # one each, in the same order
    first.triggers = [triggers[place] for place in sorted(range(len(times)), key=times.__getitem__)]
    first.decisions = sorted(
        first.decisions + second.decisions,
        key=lambda decision: _decided(decision[1]).at,
    )
    for count, number in second.counts.items():
        first.counts[count] += number
    return first
