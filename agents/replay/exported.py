"""Turns a record of `storefront.events` into a line of a backtest file. Pure. Source: docs/semantics.md, 1 and 10.

A backtest of the line decides as a worker does on the record. A record that is no event becomes a line that a backtest
rejects: its own bytes if they are rejected for the same reason, otherwise a line with the reason and the record's place.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from stream.backtest import envelope
from stream.events.decoding import LARGEST, parse
from stream.events.faults import Rejected
from stream.events.types import Event

SPACE: Final = b" \t\r\n"
"""White space of JSON."""

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class LogRecord(NamedTuple):
    """A record. `t`: the broker's time (ms), which never goes back inside a partition."""

    t: int
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Exported(NamedTuple):
    """A line without its end. `event` None: the record is no event."""

    line: bytes
    event: Event | None


def exported(record: LogRecord) -> Exported | None:
    """The line of a record; None for `clock.advanced`, which a file does not need."""
    try:
        event = parse(record.value)
        if event is None:
            return None
        if record.key != event.visitor.encode():
            why = "no_key" if record.key is None else "key_differs"
            return Exported(_placed(record, Rejected(why, "$.visitor")), None)
    except Rejected as fault:
        return Exported(_rejected(record, fault), None)
    line = timed(record.value or b"", record.t)
    if len(line) <= LARGEST:
        return Exported(line, event)
    return next(_fitting(line, event), Exported(_placed(record, Rejected("too_large")), None))


def timed(value: bytes, t: int) -> bytes:
    """A JSON object with the member `t` added, on one line. Its other bytes stay as they are."""
    flat = value.strip(SPACE).replace(b"\n", b" ").replace(b"\r", b" ")
    if b'"t"' in flat and (found := _retimed(flat, t)):
        return found
    inside = flat[:-1].rstrip(SPACE)
    return b'%b%b"t":%d}' % (inside, b"" if inside == b"{" else b",", t)


def _retimed(flat: bytes, t: int) -> bytes | None:
    """The object with its own `t` replaced; None if it has no `t`, or cannot be read."""
    try:
        members = _members(flat)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    own = members.get("t")
    if own is None:
        return None
    given = b"%d" % t
    if bytes(own) == given:
        return flat
    members["t"] = msgspec.Raw(given)
    return msgspec.json.encode(members)


def _fitting(line: bytes, event: Event) -> Iterator[Exported]:
    """The line, and the line without white space, each if it is within the size limit of a backtest."""
    for each in (line, msgspec.json.format(line, indent=-1)):
        try:
            parse(each)
        except Rejected:
            continue
        yield Exported(each, event)


def _rejected(record: LogRecord, fault: Rejected) -> bytes:
    line = timed(record.value or b"", record.t)
    found = envelope(line)
    if found is not None and found.t == record.t:
        try:
            parse(line)
        except Rejected as again:
            if (again.reason, again.path) == (fault.reason, fault.path):
                return line
    return _placed(record, fault)


def _placed(record: LogRecord, fault: Rejected) -> bytes:
    """A line that is not an event, and advances time to the record's."""
    return msgspec.json.encode(
        {
            "t": record.t,
            "rejected": fault.reason,
            "path": fault.path,
            "partition": record.partition,
            "offset": record.offset,
        }
    )
