"""What a storefront posted, each event checked as a worker will check it: taken, or refused with its faults.

An event with a fault costs itself alone, a fault in a part of it that is not essential costs that part.
Pure. Source: docs/storefront.md, 1 and 5; docs/semantics.md, 2.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field

from agents.collector.addresses import ANYBODY, KnownSender, cleaned
from agents.collector.documents import events_of
from agents.collector.notes import KNOWN_SENDER, NEEDS_KEY, Note, of_fault, of_whole
from agents.connect.redaction import redacted
from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.faults import Fault
from stream.events.nearest import meant, named, nearest
from stream.events.types import APPLIED_LATE, TAGS, TYPES, Event, PersonErased

OTHER: Final = "other"
"""Stands for every type that there is not."""


class Taken(NamedTuple):
    """`visitor`: the record's key, of an event that names none its pseudo-visitor. `value`: the event's own
    bytes as they came, but for what may not go on."""

    id: str
    visitor: str
    value: bytes
    type: str


class Refused(NamedTuple):
    """`value`: without people's addresses. `type`: a type that there is, given or meant, or `other`."""

    value: bytes
    type: str
    reason: str
    path: str


class Judged(Struct):
    """`faults` are of the refused events, all of each. `left_out`: parts that taken events went without,
    each with the type of its event."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    faults: list[Note] = field(default_factory=list)
    left_out: list[tuple[str, Note]] = field(default_factory=list)


def judge(body: bytes, sender: KnownSender = ANYBODY) -> Judged:
    """The events of a post, in their order. Raises Unreadable."""
    found = Judged()
    for index, value in events_of(body):
        judge_event(value, found, sender, index)
    return found


def judge_event(value: bytes, found: Judged, sender: KnownSender, index: int | None = None) -> None:
    value, notes = cleaned(value, sender, index)
    try:
        event = decoding.parse(value)
    except Rejected as error:
        notes += _all_faults(value, error, index)
        _refuse(found, value, kind_of(value), notes, (error.reason, error.path))
        return
    if event is None:
        expected = "a type of a storefront: clock.advanced is for replays"
        notes.append(Note(index, "not_in_list", "$.type", expected, "text"))
        _refuse(found, value, OTHER, notes, ("not_in_list", "$.type"))
    elif not _may_say(sender, event):
        notes.append(Note(index, NEEDS_KEY, "$.type", KNOWN_SENDER, "anybody"))
        _refuse(found, value, TAGS[type(event)], notes, (NEEDS_KEY, "$.type"))
    else:
        kind = TAGS.get(type(event), OTHER)
        found.taken.append(Taken(event.id, event.visitor, value, kind))
        warnings = dict.fromkeys([*notes, *_warnings(event, index)])
        found.left_out += [(kind, note) for note in warnings]


def _may_say(sender: KnownSender, event: Event) -> bool:
    """Who somebody is, an order and a consent are told by a sender that is known; an erasure by one that has a key."""
    if type(event) is PersonErased:
        return sender.may_erase
    return sender.known or type(event) not in APPLIED_LATE


def kind_of(value: bytes) -> str:
    """The type that an event gives or means which cannot be read, or `other`."""
    return meant(named(value)) or OTHER


def _refuse(
    found: Judged, value: bytes, kind: str, notes: list[Note], why: tuple[str, str]
) -> None:
    """A part that was left out before may be why the rest is not enough."""
    needed = next((note for note in notes if note.reason == NEEDS_KEY), None)
    reason, path = (needed.reason, needed.path) if needed and why[0] == "missing" else why
    found.faults += dict.fromkeys(notes)
    found.refused.append(Refused(redacted(value), kind, reason, path))


def _all_faults(value: bytes, error: Rejected, index: int | None) -> Iterator[Note]:
    """Of an event that cannot be looked into, the one that it cannot."""
    try:
        faults: tuple[Fault, ...] = decoding.faults(value)
    except Rejected:
        faults = ()
    if not faults:
        yield of_whole(index, error.reason, error.path)
    for fault in faults:
        yield of_fault(index, fault)


def _warnings(event: Event, index: int | None) -> Iterator[Note]:
    for fault in event.faults:
        yield of_fault(index, fault)
    name = event.reading.type
    if name and name not in TYPES:
        expected = "a type of docs/storefront.md, section 2"
        yield Note(index, "unknown_type", "$.type", expected, "text", meant=nearest(name))
