"""Turns a record of a source's topic into events, dead letters, or nothing. Pure.

The translators of stream/connect do the work. This module checks their events as a worker will, and adds the record
keys. Source: docs/connect.md, 2.4 and 7.6.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from agents.connect.redaction import redacted
from stream.connect import registry
from stream.connect.request import Record
from stream.connect.source import Source
from stream.connect.translation import LeftOut
from stream.events.decoding import parse
from stream.events.faults import Rejected

LARGEST: Final = 256 * 1024
"""Largest part (bytes) of an unreadable record that is kept."""

_written: Final = msgspec.json.Encoder().encode


class Arrived(NamedTuple):
    """A record of a source's topic. `time`: the source broker's (ms) · `value`: None for a tombstone."""

    topic: str
    partition: int
    offset: int
    time: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class BridgedEvent(NamedTuple):
    """An event for storefront.events. `key`: its visitor, or its pseudo-visitor."""

    key: bytes
    value: bytes
    type: str


class Letter(NamedTuple):
    """A dead letter. `reason`: why the record, or a message in it, cannot be read · `path`: of the fault."""

    reason: str
    path: str


class Bridged(NamedTuple):
    events: list[BridgedEvent]
    letters: list[Letter]
    left_out: list[LeftOut]


def bridged(arrived: Arrived, value: bytes, source: Source, now: int) -> Bridged:
    """The translation of a record with the JSON or row `value`. `now`: the brokers' time (ms)."""
    headers = {
        name: text.decode("utf-8", "replace")
        for name, text in arrived.headers.items()
        if text is not None
    }
    record = Record(value=value, headers=headers, key=arrived.key, time=arrived.time)
    found = registry.translate(source.kind, record, source, now)
    out = Bridged([], [Letter(why, f"$[{at}]") for at, why in found.refused], found.left_out)
    for each in found.events:
        made = _written(each)
        try:
            event = parse(made)
        except Rejected as fault:
            out.letters.append(Letter(fault.reason, fault.path))
            continue
        assert event is not None, "no translator makes a clock.advanced"
        out.events.append(BridgedEvent(event.visitor.encode(), made, each["type"]))
    return out


def kept(value: bytes | None, letter: Letter, arrived: Arrived, source: str) -> "LetterRecord":
    """The record of a dead letter, without people's addresses and cut to LARGEST.

    `value` None: the bytes are unreadable, so none are kept.
    """
    headers = [
        ("reason", letter.reason.encode()),
        ("path", letter.path.encode("utf-8", "replace")),
        ("source", source.encode()),
        ("topic", arrived.topic.encode()),
        ("partition", b"%d" % arrived.partition),
        ("offset", b"%d" % arrived.offset),
        ("time", b"%d" % arrived.time),
    ]
    clean = b"" if value is None else redacted(value[:LARGEST])[:LARGEST]
    size = len(arrived.value or b"")
    if value is None or size > LARGEST:
        headers.append(("size", b"%d" % size))
    key = None if arrived.key is None else redacted(arrived.key[:1024])
    return LetterRecord(key, clean, headers)


class LetterRecord(NamedTuple):
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
