"""A translation, checked as a worker will check it: events for Kafka, and what is refused, without addresses.

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
"""Reasons that are against a body as a whole."""

encode: Final = msgspec.json.Encoder().encode


def judged(done: Translation, body: bytes, cut_off: Sequence[bytes] = ()) -> Judged:
    """`body`: what was translated. `cut_off`: the messages that were too many."""
    found = Judged()
    for event in done.events:
        _judge(event, found)
    if done.refused:
        found.refused += _refused(done, body)
    found.refused += [Refused(redacted(each), OTHER, "too_many", "$") for each in cut_off]
    return found


def is_unreadable(done: Translation) -> bool:
    """Whether there was nothing to translate."""
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
    """Texts without halves of letters, which no UTF-8 has."""
    if isinstance(node, dict):
        return {_readable(name): _readable(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_readable(value) for value in node]
    return node.encode("utf-8", "replace").decode() if isinstance(node, str) else node


def _refused(done: Translation, body: bytes) -> list[Refused]:
    """Each message that cannot be read by its own bytes, where these can be told from the rest."""
    parts = messages(body)
    found = []
    for index, reason in done.refused:
        known = parts is not None and 0 <= index < len(parts)
        value = parts[index] if parts is not None and known else body
        found.append(Refused(redacted(value), OTHER, reason, f"$[{index}]" if known else "$"))
    return found
