"""Checks a translation as a worker will check it: events for Kafka, and refused messages without addresses.

Pure. Source: docs/connect.md, 2 and 7.7; docs/semantics.md, 2.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from agents.collector.notes import of_fault
from agents.collector.validation import OTHER, Judged, Refused, Taken
from agents.connect.redaction import redacted
from agents.faces.batches import messages
from stream.connect.translation import Translation
from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.types import TYPES

UNREADABLE: Final = frozenset({"not_json"})
"""Reasons that refuse a body as a whole."""

encode: Final = msgspec.json.Encoder().encode


def judged(done: Translation, body: bytes, cut_off: Sequence[bytes] = ()) -> Judged:
    """The events to take, and the refused messages. `body`: the translated bytes · `cut_off`: messages above the limit."""
    found = Judged()
    for event in done.events:
        _judge(event, found)
    if done.refused:
        found.refused += _refused(done, body)
    found.refused += [Refused(redacted(each), OTHER, "too_many", "$") for each in cut_off]
    return found


def is_unreadable(done: Translation) -> bool:
    """Whether the body as a whole could not be read."""
    return not done.events and any(reason in UNREADABLE for _, reason in done.refused)


def _judge(event: dict[str, Any], found: Judged) -> None:
    value = _written(event)
    try:
        read = decoding.parse(value)
    except Rejected as error:
        read, reason, path = None, error.reason, error.path
    else:
        reason, path = "not_in_list", "$.type"
    kind = event["type"] if event["type"] in TYPES else OTHER
    if read is None:
        found.refused.append(Refused(redacted(value), kind, reason, path))
        return
    found.taken.append(Taken(read.id, read.visitor, value, kind))
    if read.faults:
        found.left_out += [(kind, of_fault(None, fault)) for fault in read.faults]


def _written(event: dict[str, Any]) -> bytes:
    try:
        return encode(event)
    except UnicodeEncodeError:
        return encode(_readable(event))


def _readable(node: Any) -> Any:
    """The document with lone surrogates replaced, which UTF-8 cannot encode."""
    if isinstance(node, dict):
        return {_readable(name): _readable(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_readable(value) for value in node]
    return node.encode("utf-8", "replace").decode() if isinstance(node, str) else node


def _refused(done: Translation, body: bytes) -> list[Refused]:
    """The refused messages, each with its own bytes, or with the whole body if it has no list of messages."""
    parts = messages(body)
    refused = []
    for index, reason in done.refused:
        known = parts is not None and 0 <= index < len(parts)
        value = parts[index] if parts is not None and known else body
        refused.append(Refused(redacted(value), OTHER, reason, f"$[{index}]" if known else "$"))
    return refused
