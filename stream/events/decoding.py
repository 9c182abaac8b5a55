"""Decodes the bytes of a record into a typed event, or raises the reason against it. Source: docs/semantics.md, 2.

Well-formed events take one typed decoding (msgspec). All others are read field by field
(`stream/events/reading.py`): a faulty part is left out and reported in `faults`.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from stream import limits
from stream.events import owner, reading
from stream.events.document import DEEPEST, check_text, parsed
from stream.events.faults import Fault, Rejected
from stream.events.plain import is_named, is_plain
from stream.events.reading import LEFT_OUT
from stream.events.types import (
    LEAVES,
    TAGS,
    TYPES,
    AnyEvent,
    CartUpdated,
    Event,
    OrderPlaced,
    Reading,
    VisitorIdentified,
)

__all__ = ["DEEPEST", "LARGEST", "LARGEST_CART", "Rejected", "decode", "faults", "parse"]
__all__ += ["parse_slowly"]

LARGEST: Final = 64 * 1024
"""Largest event (bytes)."""

LARGEST_CART: Final = 256 * 1024
"""Largest cart.updated (bytes)."""

CLOCK: Final = "clock.advanced"

typed: Final = msgspec.json.Decoder(AnyEvent).decode
_PLAIN: Final = 800
"""An ASCII event of at most this many bytes cannot nest too deeply or have a text that is too long."""


def parse(value: bytes | None) -> Event | None:
    """The event in a record's value: a plain Event for an unknown type, None for `clock.advanced`.

    Raises Rejected and nothing else.
    """
    if value is None:
        raise Rejected("empty")
    size = len(value)
    if size > LARGEST_CART:
        raise Rejected("too_large")
    try:
        event: Event = typed(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _without_visitor(value)
    if not is_named(event) or not is_plain(event):
        return parse_slowly(value)
    return _bounded(event, value)


def _without_visitor(value: bytes) -> Event | None:
    """Like `parse`, for an event without a visitor: its visitor is the pseudo-visitor of its strongest key."""
    if not value.startswith(b'{"') or any(mark in value for mark in _MAY_NAME):
        return parse_slowly(value)
    try:
        event: Event = typed(_NOBODY + value[1:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parse_slowly(value)
    whose = owner.of_keys(event) if is_plain(event) else None
    if whose is None:
        return parse_slowly(value)
    event.visitor, event.aside = whose, _DERIVED
    return _bounded(event, value)


_NOBODY: Final = b'{"visitor":"-",'
_MAY_NAME: Final = (b'"visitor"', b"\\u")
_DERIVED: Final = Reading(derived=True)


def _bounded(event: Event, value: bytes) -> Event:
    """The event, with its texts cut to their bounds. Raises Rejected if the value is too large or nested too deeply."""
    size = len(value)
    if size > _PLAIN or not value.isascii():
        check_text(value)
        if size > LARGEST and type(event) is not CartUpdated:
            raise Rejected("too_large", type=TAGS[type(event)])
        limits.shorten(event, size)
    return event


decode: Final = parse


def faults(value: bytes) -> tuple[Fault, ...]:
    """All faults of an event, essential or not. A document that is not an object has one fault.

    Raises Rejected if the value is not JSON, or too large.
    """
    if len(value) > LARGEST_CART:
        raise Rejected("too_large")
    document = parsed(value)
    if type(document) is not dict:
        return (Fault("$", "an object", "no object", "not_an_object", True),)
    if document.get("type") == CLOCK:
        return ()
    _check_size(value, document)
    return tuple(_read(document)[1])


def _check_size(value: bytes, document: dict[str, Any]) -> None:
    if len(value) > LARGEST and document.get("type") != TAGS[CartUpdated]:
        raise Rejected("too_large", type=_known(document.get("type")))


def _known(kind: Any) -> str | None:
    return kind if type(kind) is str and kind in TYPES else None


def parse_slowly(value: bytes) -> Event | None:
    """Reads an event field by field, with the same result as `parse`."""
    document = parsed(value)
    if type(document) is not dict:
        raise Rejected("not_an_object")
    if document.get("type") == CLOCK:
        return None
    _check_size(value, document)
    made, found = _read(document)
    for fault in found:
        if fault.essential:
            raise Rejected(fault.reason, fault.path, _known(document.get("type")))
    return _event(document, made, tuple(found), len(value))


def _read(document: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The parts of an event that can be read, and all its faults."""
    found: list[Fault] = []
    made = {"id": reading.ID(document, "id", "$.id", found, True)}
    kind = document.get("type")
    if type(kind) is not str:
        missing = "type" not in document
        got = "nothing" if missing else "no text"
        found.append(Fault("$.type", "text", got, "missing" if missing else "wrong_type", True))
    visitor, visitor_faults = _visitor(document)
    envelope: list[Fault] = []
    made["customer"] = _customer(document, kind, envelope)
    if document.get("keys", LEFT_OUT) is not LEFT_OUT:
        made["keys"] = reading.KEYS(document, "keys", "$.keys", envelope, False)
    if "client_time" in document:
        made["client_time"] = reading.TIME(
            document, "client_time", "$.client_time", envelope, False
        )
    essentials, optionals = reading.BODIES.get(str(kind), ({}, {}))
    body: list[Fault] = []
    rest = reading.fields(document, "$", body, essentials, optionals)
    made = {name: value for name, value in made.items() if value is not LEFT_OUT}
    made |= {} if rest is LEFT_OUT else rest
    whose = visitor or owner.derived(made)
    if whose is None:
        if not visitor_faults:
            visitor_faults = [Fault("$.visitor", "an owner", "nothing", "missing")]
        visitor_faults = [msgspec.structs.replace(visitor_faults[0], essential=True)]
    else:
        made["visitor"] = whose
    if kind == TAGS[VisitorIdentified] and whose is not None:
        body = [*_unidentified(made, envelope), *body]
    return made, found + visitor_faults + envelope + body


def _visitor(document: dict[str, Any]) -> tuple[str | None, list[Fault]]:
    """The visitor of an event, None if it has none that can be read; and the faults."""
    given, found = document.get("visitor", LEFT_OUT), list[Fault]()
    if given is LEFT_OUT:
        return None, found
    if type(given) is str and owner.is_pseudo(given):
        if owner.pseudo_key(given) is not None:
            return given, found
        reading.note(
            found, "$.visitor", "a name that does not begin with ~", given, "names_nobody", False
        )
        return None, found
    visitor = reading.OWNER(document, "visitor", "$.visitor", found, False)
    return None if visitor is LEFT_OUT else visitor, found


def _customer(document: dict[str, Any], kind: Any, found: list[Fault]) -> Any:
    """The customer. None if the event's null means that the customer has logged out."""
    if "customer" not in document:
        return LEFT_OUT
    if document["customer"] is None and type(kind) is str and kind in _LEAVES:
        return None
    return reading.OWNER(document, "customer", "$.customer", found, False)


_LEAVES: Final = {TAGS[kind] for kind in LEAVES}


def _unidentified(made: dict[str, Any], envelope: list[Fault]) -> list[Fault]:
    """A fault if a visitor.identified names neither a customer nor an e-mail or phone key."""
    keys = made.get("keys") or {}
    own = owner.pseudo_key(made["visitor"])
    if "customer" in made or "email" in keys or "phone" in keys:
        return []
    if own is not None and own[0] in (owner.CUSTOMER, "email", "phone"):
        return []
    why = [fault for fault in envelope if fault.path == "$.customer"]
    if why:
        envelope.remove(why[0])
        return [msgspec.structs.replace(why[0], essential=True)]
    return [Fault("$.customer", reading.WHO, "nothing", "missing", True)]


def _event(
    document: dict[str, Any], made: dict[str, Any], found: tuple[Fault, ...], size: int
) -> Event:
    kind, visitor = document["type"], made["visitor"]
    if kind in TYPES:
        made |= {"type": kind, "visitor": "-"}
        if kind == TAGS[OrderPlaced]:
            order = made.setdefault("order", {})
            order.setdefault("id", f"event:{made['id']}")
        event: Event = msgspec.convert(made, AnyEvent)
        event.visitor = visitor
    else:
        event = Event(id=made["id"], visitor=visitor)
    derived = owner.is_pseudo(visitor) and document.get("visitor") != visitor
    event.t = document.get("t", UNSET)
    event.aside = Reading(found, derived, "" if kind in TYPES else kind)
    limits.shorten(event, size)
    return event
