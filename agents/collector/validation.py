"""Checks each event of a post as a worker will check it: takes it, or refuses it with its faults.

A fault refuses only its own event. A fault in an optional part leaves out only that part.
Pure. Source: docs/storefront.md, 1 and 5; docs/semantics.md, 2.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field

from agents.collector.addresses import ANYBODY, KnownSender, cleaned
from agents.collector.documents import events_of
from agents.collector.notes import KNOWN_SENDER, NEEDS_KEY, Note, of_fault, of_whole
from agents.collector.tally import tally
from agents.connect.redaction import redacted
from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.faults import Fault
from stream.events.nearest import meant, named, nearest
from stream.events.types import APPLIED_LATE, TAGS, TYPES, Event, PersonErased

OTHER: Final = "other"
"""Stands for every unknown type."""


class Taken(NamedTuple):
    """A taken event. `visitor`: the record key, a pseudo-visitor if the event names none · `value`: the event's
    own bytes, without the parts that may not go on."""

    id: str
    visitor: str
    value: bytes
    type: str


class Refused(NamedTuple):
    """A refused event. `value`: without people's addresses · `type`: a known type, given or nearest, or `other`."""

    value: bytes
    type: str
    reason: str
    path: str


class Judged(Struct):
    """A checked post. `faults`: all faults of the refused events · `left_out`: the parts that were left out of
    taken events, each with the type of its event."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    faults: list[Note] = field(default_factory=list)
    left_out: list[tuple[str, Note]] = field(default_factory=list)

    def types(self) -> dict[str, int]:
        """How many events were taken, by type."""
        return tally([event.type for event in self.taken])


def judge(body: bytes, sender: KnownSender = ANYBODY) -> Judged:
    """Checks the events of a post, in order. Raises Unreadable."""
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
    elif not _may_send(sender, event):
        notes.append(Note(index, NEEDS_KEY, "$.type", KNOWN_SENDER, "anybody"))
        _refuse(found, value, TAGS[type(event)], notes, (NEEDS_KEY, "$.type"))
    else:
        kind = TAGS.get(type(event), OTHER)
        found.taken.append(Taken(event.id, event.visitor, value, kind))
        warnings = dict.fromkeys([*notes, *_warnings(event, index)])
        found.left_out += [(kind, note) for note in warnings]


def _may_send(sender: KnownSender, event: Event) -> bool:
    """Whether the sender may send this type: identities, orders and consents if it is known, erasures with the key."""
    if type(event) is PersonErased:
        return sender.may_erase
    return sender.known or type(event) not in APPLIED_LATE


def kind_of(value: bytes) -> str:
    """The type of an unreadable event, as given or as the nearest known one, or `other`."""
    return meant(named(value)) or OTHER


def _refuse(
    found: Judged, value: bytes, kind: str, notes: list[Note], why: tuple[str, str]
) -> None:
    """Refuses an event. Parts that were left out before are named too: they may be why the rest is not enough."""
    needed = next((note for note in notes if note.reason == NEEDS_KEY), None)
    reason, path = (needed.reason, needed.path) if needed and why[0] == "missing" else why
    found.faults += dict.fromkeys(notes)
    found.refused.append(Refused(redacted(value), kind, reason, path))


def _all_faults(value: bytes, error: Rejected, index: int | None) -> Iterator[Note]:
    """All faults of an event. An event that cannot be read has one."""
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
