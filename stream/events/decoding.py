"""From the bytes of a record to a typed event, or the reason against it. Source: docs/semantics.md, 2.

The fast path is one typed decoding (msgspec). Whatever it refuses is looked at again with the JSON
Schemas of `schemas/events`, which are the contract: they name the reason and the path of the first
fault, or accept the few spellings the fast path does not know (an integer written 1.0).
"""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET

import schemas
from schemas import names_nobody
from stream import limits
from stream.events.types import BOUND, TYPES, AnyEvent, Event

LARGEST: Final = 64 * 1024
"""Bytes of the largest event that is read."""

DEEPEST: Final = 400
"""Levels of nesting that are read: far from the interpreter's limit, which counts the caller's too."""


typed: Final[Callable[[bytes], AnyEvent]] = msgspec.json.Decoder(AnyEvent).decode


class Rejected(Exception):
    """The record is not a valid event. `reason` never quotes the payload; `path` is a JSON path."""

    def __init__(self, reason: str, path: str = "$") -> None:
        super().__init__(f"{reason} at {path}")
        self.reason = reason
        self.path = path


def decode(value: bytes | None) -> Event | None:
    """The event in a record's value; of an unknown type a plain Event, of `clock.advanced` None.

    Raises Rejected and nothing else.
    """
    event = parse(value)
    if event is not None:
        check_names(event)
    return event


def check_names(event: Event) -> None:
    """Raises Rejected if the visitor or the customer of an event names nobody."""
    if names_nobody(event.visitor):
        raise Rejected("names_nobody", "$.visitor")
    if event.customer is not UNSET and names_nobody(event.customer):
        raise Rejected("names_nobody", "$.customer")


def parse(value: bytes | None) -> Event | None:
    """As `decode`, but for the names: whoever has a state by these names need not check them again."""
    if value is None:
        raise Rejected("empty")
    size = len(value)
    if size > LARGEST:
        raise Rejected("too_large")
    try:
        event = typed(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_slowly(value)
    if size > 2 * DEEPEST or not value.isascii():
        _check_text(value)
        limits.shorten(event, size)
    return event


def _check_text(value: bytes) -> None:
    """What the typed decoding skips in unknown fields: bytes that are no UTF-8, and bottomless nesting."""
    try:
        value.decode()
    except UnicodeDecodeError:
        raise Rejected("not_json") from None
    if value.count(b"[") + value.count(b"{") > DEEPEST and _depth(value) > DEEPEST:
        raise Rejected("too_deep")


def _depth(value: bytes) -> int:
    """The deepest nesting of brackets outside strings."""
    depth = deepest = 0
    inside = escaped = False
    for byte in value:
        if escaped:
            escaped = False
        elif inside:
            escaped = byte == 0x5C
            inside = byte != 0x22
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _decode_slowly(value: bytes) -> Event | None:
    _check_text(value)
    document = _parse(value)
    if isinstance(document, dict) and document.get("type") == "clock.advanced":
        return None
    fault = schemas.fault(document)
    if fault is not None:
        raise Rejected(*fault)
    if document["type"] not in TYPES:
        return Event(id=document["id"], visitor=document["visitor"])
    event: Event = msgspec.convert(_whole_numbers(document), AnyEvent)
    limits.shorten(event, len(value))
    return event


def _parse(value: bytes) -> Any:
    """JSON as RFC 8259 has it: no NaN, no lone surrogate, nothing before or after."""
    try:
        text = value.decode()
        document = json.loads(text, parse_constant=_refuse, parse_int=_integer)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Rejected("not_json") from None
    return document


def _refuse(name: str) -> None:
    raise ValueError(name)


def _integer(digits: str) -> int | float:
    """Integers past any bound we know stay numbers without the cost of thousands of digits."""
    return int(digits) if len(digits) <= 20 else float(digits)


def _whole_numbers(document: Any) -> Any:
    """The document with 1.0 written 1 throughout."""
    if isinstance(document, float) and abs(document) <= BOUND and document.is_integer():
        return int(document)
    if isinstance(document, dict):
        return {name: _whole_numbers(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_whole_numbers(value) for value in document]
    return document
