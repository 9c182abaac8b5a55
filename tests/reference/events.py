"""Sections 2 and 10: which lines are events, and at which time."""

import json
from collections.abc import Callable
from typing import Any

NOBODY = {"", "undefined", "null", "none", "nil", "nan", "anonymous", "guest", "unknown"}
NOBODY |= {"0", "-1", "[object object]"}
CONTACTS = {"email", "sms", "push", "messenger"}
CHANNELS = CONTACTS | {"onsite"}
PAGES = {"home", "list", "product", "cart", "checkout", "payment", "confirmation", "other"}
STAGES = ("contact", "shipping", "payment")
ENGAGED = {
    "page.viewed",
    "product.viewed",
    "category.viewed",
    "search.performed",
    "cart.updated",
    "cart.item_added",
    "cart.item_removed",
    "checkout.started",
    "checkout.advanced",
    "payment.failed",
    "activity.pinged",
}
EVEN_IF_LATE = {"order.placed", "order.cancelled", "consent.changed", "visitor.identified"}
SIGNALS = {
    "pointer_top",
    "close_shortcut",
    "back",
    "tab_hidden",
    "scroll_up",
    "window_blur",
    "idle",
    "landing_return",
}
LARGEST = 64 * 1024

Check = Callable[[Any], None]


class Invalid(Exception):
    """The line is no valid event."""


def _need(condition: bool) -> None:
    if not condition:
        raise Invalid


def text(value: Any) -> None:
    _need(isinstance(value, str))


def identifier(value: Any) -> None:
    _need(isinstance(value, str) and 1 <= len(value) <= 128)


def somebody(value: Any) -> None:
    identifier(value)
    _need(value.strip().lower() not in NOBODY)


def any_number(value: Any) -> None:
    _need(isinstance(value, int | float) and not isinstance(value, bool))


def number(value: Any) -> None:
    any_number(value)
    _need(-(10**15) <= value <= 10**15)


def integer(value: Any) -> None:
    number(value)
    _need(value == int(value))


def positive(value: Any) -> None:
    integer(value)
    _need(value >= 1)


def flag(value: Any) -> None:
    _need(isinstance(value, bool))


def one_of(choices: Any) -> Check:
    def check(value: Any) -> None:
        _need(isinstance(value, str) and value in choices)

    return check


def list_of(check_one: Check) -> Check:
    def check(value: Any) -> None:
        _need(isinstance(value, list))
        for each in value:
            check_one(each)

    return check


def record(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    """An object with these fields; any other field is ignored."""

    def check(value: Any) -> None:
        _need(isinstance(value, dict))
        for name, check_field in required.items():
            _need(name in value)
            check_field(value[name])
        for name, check_field in optional.items():
            if name in value:
                check_field(value[name])

    return check


_looks: dict[str, Check] = {"name": text, "category": text, "price": number}
_looks |= {"url": text, "image": text}
_item = record(
    {"product_id": identifier, "quantity": positive}, {"variant_id": identifier} | _looks
)
_taken = record({"product_id": identifier}, {"variant_id": identifier, "quantity": positive})
_cart = record(
    {"items": list_of(_item)},
    {"id": identifier, "version": integer, "url": text, "currency": text},
)
_order = record({"id": identifier}, {"value": number, "currency": text, "cart_id": identifier})
_page = record({}, {"path": text, "title": text, "kind": one_of(PAGES)})
_traits = record({}, {"orders": integer, "value": number})

BODIES: dict[str, Check] = {
    "page.viewed": record({}, {"page": _page}),
    "product.viewed": record({"product": record({"id": identifier}, _looks)}, {}),
    "category.viewed": record({"category": text}, {}),
    "search.performed": record({"query": text}, {}),
    "cart.updated": record({"cart": _cart}, {}),
    "cart.item_added": record({"item": _item}, {}),
    "cart.item_removed": record({"item": _taken}, {}),
    "checkout.started": record({}, {}),
    "checkout.advanced": record({"stage": one_of(STAGES)}, {}),
    "payment.failed": record({}, {"code": text}),
    "activity.pinged": record({}, {}),
    "order.placed": record({"order": _order}, {}),
    "order.cancelled": record({"order": record({"id": identifier}, {})}, {}),
    "visitor.identified": record(
        {"customer": somebody},
        {"contacts": list_of(one_of(CONTACTS)), "traits": _traits, "time_zone": text},
    ),
    "consent.changed": record({"channels": list_of(one_of(CHANNELS)), "granted": flag}, {}),
    "exit.signal": record({"signal": one_of(SIGNALS)}, {"held_ms": any_number, "form_focus": flag}),
}
_ENVELOPE = record(
    {"id": identifier, "type": text, "visitor": somebody},
    {"customer": somebody, "client_time": integer},
)


def _no_constant(name: str) -> None:
    raise Invalid(name)


def read(line: bytes | str) -> tuple[int | None, dict[str, Any] | None]:
    """The time that a line moves to (None: it moves nothing) and its event (None: no valid one)."""
    raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (Invalid, ValueError, RecursionError):
        return None, None
    if not isinstance(document, dict) or "t" not in document:
        return None, None
    try:
        integer(document["t"])
        _need(document["t"] >= 0)
    except (Invalid, OverflowError):
        return None, None
    time = int(document["t"])
    try:
        _need(len(raw.rstrip(b"\r\n")) <= LARGEST)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
        _ENVELOPE(document)
        BODIES[document["type"]](document)
    except (Invalid, UnicodeEncodeError, OverflowError, KeyError):
        return time, None
    return time, document
