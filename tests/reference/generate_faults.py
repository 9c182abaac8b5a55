"""Seeded lines that are invalid events, each with an obvious fault."""

import json
import random
from typing import Any

from tests.reference.generate_names import PSEUDO_OF_NO_FORM, nobody

_PRODUCT = {"type": "product.viewed", "product": {"id": "p1"}}
_ITEM = {"product_id": "p1", "quantity": 1}

BROKEN: tuple[dict[str, Any], ...] = (
    {"type": "cart.item_added", "item": {"quantity": 1}},
    {"type": "cart.item_added", "item": {**_ITEM, "product_id": "p" * 129}},
    {"type": "cart.item_added", "item": {**_ITEM, "product_id": 7.5}},
    {"type": "cart.item_added", "item": None, "customer": "c9"},
    {"type": "cart.item_removed", "item": {"quantity": 1}},
    {"type": "order.cancelled", "order": {"id": ""}},
    {"type": "order.cancelled", "order": {"id": None}},
    {"type": "order.cancelled"},
    {"type": "page.viewed", "id": "i" * 129},
    {"type": "page.viewed", "id": ""},
    {"type": "page.viewed", "id": None},
    {"type": "page.viewed", "visitor": None},
    {"type": "page.viewed", "visitor": ["v"], "customer": "guest"},
    {"type": "page.viewed", "visitor": "v" * 129, "keys": {"email": "anna@example.com"}},
    {"type": "page.viewed", "padding": "x" * 65_536},
    {"type": "order.placed", "padding": "x" * 65_536, "order": {"id": "o1"}},
    {"type": "exit.signal", "signal": "shout"},
    {"type": "product.viewed", "product": "p1"},
    {"type": "product.viewed", "product": {"id": True}},
    {"type": "search.performed"},
    {"type": "search.performed", "query": 7},
    {"type": "category.viewed", "category": ["shoes"]},
    {"type": "checkout.advanced", "stage": "started"},
    {"type": "visitor.identified", "contacts": ["email"]},
    {"type": "visitor.identified", "customer": "guest", "contacts": ["email"]},
    {"type": "visitor.identified", "keys": {"cart": "k"}, "contacts": []},
    {"type": "consent.changed", "channels": ["fax"], "granted": True},
    {"type": "consent.changed", "channels": ["fax"], "granted": False},
    {"type": "consent.changed", "channels": [], "granted": True},
    {"type": "consent.changed", "channels": ["email"], "granted": "no"},
    {"type": "consent.changed", "channels": "email", "granted": False},
    {"type": "cart.updated", "cart": {"id": "k"}},
    {"type": "cart.updated", "cart": {"items": {"0": _ITEM}}},
    {"type": "wishlist.added", "customer": "c9"},
    {"type": "wishlist.added", "customer": 9},
    {"type": 9},
    {},
)
LARGE_AND_VALID = {"type": "cart.updated", "padding": "x" * 65_536, "cart": {"items": [_ITEM]}}


def line(pick: random.Random, now: int, number: int, visitor: str) -> bytes:
    """An invalid line at `now`."""
    event: dict[str, Any] = {"t": now, "id": f"b{number}", "visitor": visitor}
    kind = pick.randrange(12)
    if kind == 0:
        return pick.choice((b"not json", b"", b"null", b"[1]", b'"t"', b"\xff\xfe", b"{" * 3_000))
    if kind == 1:
        times: tuple[Any, ...] = (None, -1, "x", True, 1.5, 1e300, now * 10**9)
        return json.dumps({**event, **_PRODUCT, "t": pick.choice(times)}).encode()
    if kind == 2:
        return json.dumps({"id": "x", "type": "page.viewed", "visitor": visitor}).encode()
    if kind in (3, 4, 5):
        clock = {"t": pick.choice((now, float(now))), "type": "clock.advanced"}
        return json.dumps(clock | pick.choice(({}, {"visitor": 7}, {"id": None}))).encode()
    if kind == 6:
        named = pick.choice((nobody(pick), nobody(pick), pick.choice(PSEUDO_OF_NO_FORM)))
        return json.dumps({**event, **_PRODUCT, "visitor": named}).encode()
    if kind == 7 and pick.random() < 0.2:
        return json.dumps({**event, **LARGE_AND_VALID}).encode()
    if kind == 8:
        return json.dumps({**event, **_PRODUCT}).encode().replace(b"}}", b'},"x":NaN}')
    return json.dumps({**event, **pick.choice(BROKEN)}).encode()
