"""Unknown types: the name under which they are counted, and the nearest known type. Source: docs/semantics.md, 2."""

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from stream.events.types import TYPES

OTHER: Final = "other"
LOOKED_THROUGH: Final = 64 * 1024
"""Bytes of a record that is not JSON in which its type is searched."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/ -]{0,63}")

_MEANT: Final = {
    "order.completed": "order.placed",
    "order.created": "order.placed",
    "order.paid": "order.placed",
    "purchase": "order.placed",
    "order.refunded": "order.cancelled",
    "order.canceled": "order.cancelled",
    "page.view": "page.viewed",
    "page_view": "page.viewed",
    "pageview": "page.viewed",
    "view_item": "product.viewed",
    "product.view": "product.viewed",
    "add_to_cart": "cart.item_added",
    "cart.add": "cart.item_added",
    "remove_from_cart": "cart.item_removed",
    "cart.remove": "cart.item_removed",
    "cart.changed": "cart.updated",
    "begin_checkout": "checkout.started",
    "checkout.step": "checkout.advanced",
    "search": "search.performed",
    "identify": "visitor.identified",
    "login": "visitor.identified",
    "ping": "activity.pinged",
}


def shown(name: str) -> str:
    """The name under which an unknown type is counted: its own if it is short and plain."""
    return name if _PLAIN.fullmatch(name) else OTHER


@lru_cache(maxsize=1024)
def nearest(name: str) -> str | None:
    """The known type that is nearest to an unknown name, None if none is near."""
    given = name.strip().lower()
    if given in _MEANT:
        return _MEANT[given]
    dotted = re.sub("[ _:/-]+", ".", given, count=1)
    return next(iter(get_close_matches(dotted, sorted(TYPES), n=1, cutoff=0.8)), None)


class _Named(Struct):
    type: Any = None


_decode: Final = msgspec.json.Decoder(_Named).decode
_TYPE: Final = re.compile(rb'"type"\s*:\s*"([A-Za-z][A-Za-z0-9_.:/ -]{0,63})"')


def named(value: bytes) -> str:
    """The type in a record that is not a valid event: a known type, or the nearest one; "" if there is none."""
    try:
        name = _decode(value).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _TYPE.search(value, 0, LOOKED_THROUGH)
        name = found[1].decode() if found else ""
    return name if type(name) is str and meant(name) else ""


def meant(name: str) -> str:
    """The known type of a name, or the nearest one; "" if there is none. The answers are a closed set."""
    return name if name in TYPES else nearest(name) or ""
