"""Live traffic with a known outcome, and shortened times: 5 minutes of idleness are 5 s.

The same constant is changed in three places: in the workers (patches.hasty), in the reference and in the
core that this process folds state with.
"""

import itertools
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stream.stages.announce_facts
import stream.stages.visitors
import tests.reference.visitors
from tests.faults.loader import Given, live
from tests.faults.patches import HASTY_MS

MINUTES = 5
RECIPES: dict[str, Any] = {
    "policy": {"caps": []},
    "recipes": [
        {"name": "exit-intent"},
        {"name": "cart-abandonment", "steps": ["6s", "9s"], "reach": "any"},
        {"name": "checkout-abandonment", "steps": ["6s"], "reach": "any"},
    ],
}
DUE_MS = 10_000
"""Ms after the last event at which all steps of the recipes are due."""

Event = tuple[bytes, bytes]
_numbers = itertools.count()


@contextmanager
def hastened() -> Iterator[None]:
    """Shortens the times in this process, too, which judges the results."""
    places = [
        (stream.stages.visitors, "IDLE_AFTER", HASTY_MS),
        (stream.stages.announce_facts, "IDLE_AFTER", HASTY_MS),
    ]
    places.append((tests.reference.visitors, "MINUTE", HASTY_MS // MINUTES))
    before = [getattr(module, name) for module, name, _ in places]
    try:
        for module, name, value in places:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(places, before, strict=True):
            setattr(module, name, value)


def event(visitor: str, kind: str, **fields: Any) -> Event:
    body = {"id": f"e{next(_numbers)}", "type": kind, "visitor": visitor, **fields}
    return visitor.encode(), json.dumps(body).encode()


def cart(visitor: str, product: str = "p1") -> Event:
    item = {"product_id": product, "quantity": 1, "price": 20}
    return event(visitor, "cart.item_added", item=item)


def order(visitor: str, number: int = 1) -> Event:
    return event(visitor, "order.placed", order={"id": f"o-{visitor}-{number}"})


def _keys(visitor: str) -> dict[str, Any]:
    return {"keys": {"cart": f"k-{visitor}"}}


def server_order(visitor: str) -> Event:
    """An order of a server that knows only the visitor's cart."""
    id_, key = f"k-{visitor}", f"~cart:k-{visitor}"
    placed = {"type": "order.placed", "order": {"id": f"o-{visitor}-s", "cart_id": id_}}
    return key.encode(), json.dumps({"id": f"e{next(_numbers)}", **placed}).encode()


def shoppers(pick: random.Random, names: list[str], inputs: int) -> tuple[list[Given], list[Given]]:
    """(carts and a few signals of all of them, the later orders of half of them).

    Half of the orders come from a server, and name a cart that the visitor sent before, or sends later.
    """
    carts: list[Event] = []
    orders: list[Event] = []
    bought = set(pick.sample(names, len(names) // 2))
    for name in names:
        how = pick.choice(("own", "own", "told before", "told after")) if name in bought else ""
        carts += [event(name, "product.viewed", product={"id": "p1", "price": 20}), cart(name)]
        if how == "told before":
            carts.append(event(name, "page.viewed", **_keys(name)))
        if pick.random() < 0.3:
            carts.append(event(name, "checkout.started"))
        if pick.random() < 0.3:
            carts.append(event(name, "exit.signal", signal="close_shortcut"))
        if how == "own":
            orders.append(order(name))
        elif how:
            orders.append(server_order(name))
        if how == "told after":
            orders.append(event(name, "page.viewed", **_keys(name)))
    return live(carts, inputs), live(orders, inputs)
