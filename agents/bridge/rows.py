"""Finds the row that a change left in a table, in a record as Debezium writes it. Pure.

Debezium writes {before, after, op, source}, or the row alone with `__op` and `__deleted` beside its columns. Source:
docs/connect.md, 1.11.
"""

from typing import Any, Final, NamedTuple

import msgspec

from agents.bridge.values import written
from stream.connect.reading import UNREADABLE, parse

OPERATIONS: Final = frozenset("crudtm")
CHANGES: Final = frozenset("cu")
HISTORY: Final = "r"
"""The operation of a snapshot: a row that was there before Debezium was."""

MARKS: Final = (b'"op"', b'"__op"', b'"__deleted"')
_written: Final = msgspec.json.Encoder().encode


class TableRow(NamedTuple):
    """`value`: the row as JSON, or the whole value if it is no change of a table · `reason`: why there is nothing to
    translate."""

    value: bytes
    reason: str | None = None


def row(value: bytes) -> TableRow:
    """The row after a change. A removed row and one of a snapshot have a reason: nothing happens in the shop then."""
    if not any(mark in value for mark in MARKS):
        return TableRow(value)
    document = parse(value)
    if document is UNREADABLE or not isinstance(document, dict):
        return TableRow(value)
    if _is_envelope(document):
        return _judged(document["op"], document["after"], value)
    operation = document.get("__op")
    if isinstance(operation, str) or "__deleted" in document:
        removed = str(document.get("__deleted")).lower() == "true"
        return _judged("d" if removed else operation or "u", document, value)
    return TableRow(value)


def _is_envelope(document: dict[str, Any]) -> bool:
    operation = document.get("op")
    return (
        "after" in document
        and isinstance(document.get("source"), dict)
        and isinstance(operation, str)
        and operation in OPERATIONS
    )


def _judged(operation: Any, after: Any, value: bytes) -> TableRow:
    if operation == HISTORY:
        return TableRow(value, "history")
    if operation not in CHANGES or not isinstance(after, dict):
        return TableRow(value, "deleted")
    columns = {name: each for name, each in after.items() if not name.startswith("__")}
    try:
        return TableRow(_written(columns))
    except (UnicodeEncodeError, OverflowError):
        # a lone surrogate, or a number of more than 64 bits
        return TableRow(written(columns))
