"""Seeded lines that are no valid events: what is wrong with each is in sight."""

import json
import random
from typing import Any

from tests.reference.events import NOBODY

_LARGE = 10**15
_PRODUCT = {"type": "product.viewed", "product": {"id": "p1"}}
_ITEM = {"product_id": "p1", "quantity": 1}

BROKEN: tuple[dict[str, Any], ...] = (
    {"type": "cart.item_added", "item": {"product_id": "p1", "quantity": 0}},
    {"type": "cart.item_added", "item": {"product_id": "p1", "quantity": 1.5}},
    {"type": "cart.item_added", "item": {"product_id": "p1"}},
    {"type": "cart.item_added", "item": {**_ITEM, "variant_id": ""}},
    {"type": "cart.item_added", "item": {**_ITEM, "quantity": _LARGE + 1}},
    {"type": "cart.item_added", "item": {**_ITEM, "product_id": "p" * 129}},
    {"type": "cart.item_removed", "item": {"quantity": 1}},
    {"type": "order.placed", "order": {"id": ""}},
    {"type": "order.placed", "order": {"id": "o1", "value": "12"}, "customer": "c1"},
    {"type": "order.placed", "order": {"id": "o1", "cart_id": ""}},
    {"type": "order.placed", "order": {"id": 7}},
    {"type": "order.placed"},
    {"type": "page.viewed", "customer": None},
    {"type": "page.viewed", "page": {"kind": "attic"}},
    {"type": "page.viewed", "page": None},
    {"type": "page.viewed", "client_time": "now"},
    {"type": "page.viewed", "client_time": _LARGE + 1},
    {"type": "page.viewed", "id": "i" * 129},
    {"type": "page.viewed", "id": ""},
    {"type": "page.viewed", "\udc00": 1},
    {"type": "page.viewed", "padding": "x" * 65_536},
    {"type": "exit.signal", "signal": "shout"},
    {"type": "exit.signal", "signal": "back", "held_ms": "1"},
    {"type": "exit.signal", "signal": "back", "form_focus": 1},
    {"type": "product.viewed", "product": {"id": "p1", "price": 1e16}},
    {"type": "product.viewed", "product": {"id": "p1", "price": -_LARGE - 1}},
    {"type": "product.viewed", "product": {"id": "p1", "price": None}},
    {"type": "product.viewed", "product": "p1"},
    {"type": "search.performed", "query": "\ud800"},
    {"type": "search.performed"},
    {"type": "category.viewed", "category": ["shoes"]},
    {"type": "checkout.advanced", "stage": "started"},
    {"type": "visitor.identified", "contacts": ["email"]},
    {"type": "visitor.identified", "customer": "c1", "contacts": ["onsite"]},
    {"type": "visitor.identified", "customer": "c1", "traits": {"orders": 1.5}},
    {"type": "visitor.identified", "customer": "c1", "time_zone": 1},
    {"type": "consent.changed", "channels": ["fax"], "granted": True},
    {"type": "consent.changed", "channels": ["email"], "granted": "no"},
    {"type": "consent.changed", "channels": "email", "granted": False},
    {"type": "cart.updated", "cart": {"items": [{"product_id": "p1", "quantity": True}]}},
    {"type": "cart.updated", "cart": {"id": "k"}},
    {"type": "cart.updated", "cart": {"items": [_ITEM, None]}},
    {"type": "cart.updated", "cart": {"items": [_ITEM], "version": "2"}},
    {"type": "wishlist.added", "customer": "c9"},
    {"type": "wishlist.added", "customer": 9},
    {"type": 9},
    {},
)


def nobody(pick: random.Random) -> str:
    """A name that names nobody, in some spelling."""
    name = pick.choice(sorted(NOBODY))
    spelled = pick.choice((name, name.upper(), name.title(), name.swapcase()))
    return pick.choice((spelled, f" {spelled}", f"{spelled}\t", f"\n{spelled}  "))


def line(pick: random.Random, now: int, number: int, visitor: str) -> bytes:
    """One line at `now` that no visitor can have done."""
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
        return json.dumps({**event, **_PRODUCT, "visitor": nobody(pick)}).encode()
    if kind == 7:
        return json.dumps({**event, **_PRODUCT, "customer": nobody(pick)}).encode()
    if kind == 8:
        return json.dumps({**event, **_PRODUCT}).encode().replace(b"}}", b'},"x":NaN}')
    return json.dumps({**event, **pick.choice(BROKEN)}).encode()
