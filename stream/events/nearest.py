"""A type that there is not: how its name is told, and which type was meant. Source: docs/semantics.md, 2."""

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from stream.events.types import TYPES

OTHER: Final = "other"
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
    """The name of an unknown type for a count: itself if it is a plain one."""
    return name if _PLAIN.fullmatch(name) else OTHER


@lru_cache(maxsize=1024)
def nearest(name: str) -> str | None:
    """The type that an unknown one was meant to be, if that can be told."""
    given = name.strip().lower()
    if given in _MEANT:
        return _MEANT[given]
    dotted = re.sub("[ _:/-]+", ".", given, count=1)
    return next(iter(get_close_matches(dotted, sorted(TYPES), n=1, cutoff=0.8)), None)
