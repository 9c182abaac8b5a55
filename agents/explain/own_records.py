"""Reads records of the topics that only workers write. A record of another program is None.

Everybody with a right to write may put anything there. A reader that failed at it would fail again after each start,
for as long as the topic keeps the record.
"""

import sys
from typing import Any, Final

import msgspec

from stream.outputs.audience_changes import ENTERED, LEFT, ChangeEvent
from stream.outputs.triggers import CANCELLED, FIRED

_decode: Final = msgspec.json.Decoder().decode


class _FiredData(msgspec.Struct):
    trigger_id: str
    recipe: str
    person: str
    step: int
    not_before: int
    valid_until: int


class _Fired(msgspec.Struct, tag_field="type", tag=FIRED):
    data: _FiredData


class _CancelledData(msgspec.Struct):
    trigger_id: str
    recipe: str
    person: str
    step: int
    at: int
    reason: str


class _Cancelled(msgspec.Struct, tag_field="type", tag=CANCELLED):
    data: _CancelledData


class _Decision(msgspec.Struct):
    trigger_id: str
    recipe: str
    person: str
    outcome: str
    at: int
    reason: str = ""
    steps_left: int = 1
    shadow: bool = False


class _ErasureData(msgspec.Struct):
    person: str
    at: int
    event: str = ""


class _Erasure(msgspec.Struct):
    data: _ErasureData


def trigger(value: bytes) -> dict[str, Any] | None:
    """A fired or cancelled trigger."""
    return _read(value, _Fired | _Cancelled)


def decision(value: bytes) -> dict[str, Any] | None:
    return _read(value, _Decision)


def change(value: bytes) -> dict[str, Any] | None:
    """A change of an audience."""
    found = _read(value, ChangeEvent)
    return found if found is not None and found["type"] in (ENTERED, LEFT) else None


def erasure(value: bytes) -> dict[str, Any] | None:
    return _read(value, _Erasure)


def report_foreign(records: int) -> None:
    """Prints how many records a command has left out, if there are any."""
    if records:
        print(f"left out: {records} records that no worker wrote", file=sys.stderr)


def _read(value: bytes, shape: Any) -> dict[str, Any] | None:
    """The whole record, if it has the fields of the shape."""
    try:
        found: dict[str, Any] = _decode(value)
        msgspec.convert(found, shape)
    except msgspec.DecodeError:
        return None
    return found
