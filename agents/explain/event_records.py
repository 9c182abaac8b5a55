"""Reads an event as a worker does, into a plain object.

The object has the event's fields and: `t`, the broker's time (ms) · `left_out`: a sentence for each part that was left
out · `unknown`: whether its type is unknown · `rejected`: a sentence for each fault of an invalid event, which has
only `t`, `visitor` and `type` beside it.
"""

from typing import Any, Final

import msgspec

from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.faults import Fault
from stream.events.nearest import named, nearest, shown
from stream.events.types import TYPES

Record = dict[str, Any]

WHOLE: Final = {
    "not_json": "it is not JSON in UTF-8",
    "too_large": "it is too large for an event",
    "too_deep": "it is nested too deeply",
    "not_an_object": "it is JSON, but not an object",
    "key_differs": "the record's key is not its visitor",
}
"""The words for a fault of a whole event, by reason."""


def read(value: bytes, t: int | None = None, key: bytes | None = None) -> Record | None:
    """The event in a record's value, or in a line of a file; None if it only advances time.

    `t`: the record's time (ms), None for a line, which has its own · `key`: the record key, from which the visitor of
    an invalid event is taken.
    """
    try:
        event = decoding.parse(value)
        if event is None:
            return None
        if key is not None and key != event.visitor.encode():
            raise Rejected("key_differs")
    except Rejected as fault:
        return _rejected(value, t, key, fault)
    time = event.t if t is None else t
    if type(time) is not int:
        return None
    record: Record = msgspec.to_builtins(event)
    record.pop("~", None)
    record["t"] = time
    name = event.reading.type
    if name and name not in TYPES:
        record |= {"type": shown(name), "unknown": True}
    if event.faults:
        record["left_out"] = [in_words(fault) for fault in event.faults]
    return record


def in_words(fault: Fault) -> str:
    """`$.order.value: expected a number, got text`."""
    return f"{fault.path}: expected {fault.expected}, got {fault.got}"


def near(name: str) -> str:
    """The type that an unknown one probably means, as a question; else ""."""
    meant = nearest(name)
    return f"did you mean {meant}?" if meant else ""


def _rejected(value: bytes, t: int | None, key: bytes | None, fault: Rejected) -> Record | None:
    if t is None or not key:
        return None
    try:
        faults = [in_words(each) for each in decoding.faults(value) if each.essential]
    except Rejected:
        faults = []
    whole = WHOLE.get(fault.reason, f"{fault.reason} at {fault.path}")
    return {
        "t": t,
        "visitor": key.decode("utf-8", "replace"),
        "type": named(value),
        "rejected": faults or [whole],
    }
