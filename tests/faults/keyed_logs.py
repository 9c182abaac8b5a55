"""Seeded input in which servers and other devices send a key of identity and no visitor.

Each shopper sends one sort of key. The order names it before the shopper is bound to it, or after.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.reference.times import DAY, HOUR, MINUTE, SECOND

START = 1_767_571_200_000
SORTS = ("cart", "cart", "checkout", "email", "phone")
WAITS = (4 * MINUTE, 40 * MINUTE, 2 * HOUR, 26 * HOUR)
"""Ms before the order: before the idle fact, before the first reminder, after it, after the second."""

Event = dict[str, Any]
Told = Iterator[tuple[int, Event]]
"""(ms since the event before, event)"""


def _keys(sort: str, number: int) -> dict[str, str]:
    """One key. Two shoppers share an e-mail address."""
    ids = {"cart": f"k{number}", "checkout": f"x{number}", "phone": f"phone-of-{number:08}"}
    return {sort: ids.get(sort, f"mail-of-{number // 2:08}")}


def _cart(number: int, id_: str | None) -> Event:
    line = {"product_id": f"p{number % 7}", "quantity": 1, "price": 40}
    if id_ is None:
        return {"type": "cart.item_added", "item": line}
    return {"type": "cart.updated", "cart": {"id": id_, "items": [line]}}


def shopper(number: int, chance: random.Random) -> Told:
    """A cart, then events of a server, another device or the shopper; or none."""
    who: Event = {"visitor": f"s{number}"}
    if chance.random() < 0.7:
        who["customer"] = f"s{number}"
    sort = chance.choice(SORTS)
    keys, told_first = _keys(sort, number), chance.random() < 0.6
    yield (
        0,
        who
        | _cart(number, keys["cart"] if told_first and sort == "cart" else None)
        | ({"keys": keys} if told_first else {}),
    )
    if chance.random() < 0.8:
        known = {"customer": f"s{number}", "contacts": ["email"]}
        yield 1, {"type": "visitor.identified", **who, **known}
    kind = chance.random()
    if kind < 0.8:
        yield from _ordered(number, who, sort, told_first, chance)
    elif kind < 0.87:
        withdrawn = {"channels": "all", "granted": False}
        yield chance.choice(WAITS), {"type": "consent.changed", "keys": keys, **withdrawn}
    elif kind < 0.95:
        yield from _next_customer(number, chance)


def _ordered(number: int, who: Event, sort: str, told_first: bool, chance: random.Random) -> Told:
    keys = _keys(sort, number)
    order: Event = {"id": f"so{number}", "value": 40}
    placed: Event = {"type": "order.placed", "order": order}
    if sort == "cart" and chance.random() < 0.5:
        order["cart_id"] = keys["cart"]
    else:
        placed["keys"] = keys
    if chance.random() < 0.2:
        placed["visitor"] = f"tablet{number}"
    wait = chance.choice(WAITS)
    yield wait, placed
    if not told_first:
        soon = chance.choice((SECOND, MINUTE, 6 * MINUTE))
        yield soon, {"type": "page.viewed", **who, "keys": keys}
    if chance.random() < 0.1:
        yield MINUTE, {"type": "payment.failed", "keys": keys, "order": {"id": order["id"]}}
    elif chance.random() < 0.2:
        yield MINUTE, placed


def _next_customer(number: int, chance: random.Random) -> Told:
    """The customer logs out. The next person on the device fills its cart, and returns to look."""
    device: Event = {"visitor": f"s{number}"}
    yield 2 * MINUTE, {"type": "page.viewed", **device, "customer": f"s{number}"}
    yield chance.choice((MINUTE, 10 * MINUTE)), {"type": "page.viewed", **device, "customer": None}
    yield MINUTE, device | _cart(number + 1, None)
    yield 20 * MINUTE, device | _cart(number + 2, None)


CROWD = 11
"""Number of persons. More than eight within a day make a key shared."""


def crowd(chance: random.Random) -> Told:
    """An office with one phone, or one checkout. Each person leaves a cart, some of them before a server's order that
    names the key, some after it. Once the key is shared, only the last bound person gets the order."""
    sort = chance.choice(("phone", "checkout"))
    keys = {sort: "key-of-an-office"}
    orders = [*sorted(chance.sample(range(CROWD - 1), 2)), CROWD - 1]
    for number in range(CROWD):
        who: Event = {"visitor": f"desk{number}"}
        if sort == "phone" or chance.random() < 0.5:
            who["customer"] = f"desk{number}"
        yield chance.choice((MINUTE, 40 * MINUTE)), who | _cart(number, None) | {"keys": keys}
        if number in orders:
            order = {"id": f"office{number}", "value": 40}
            yield MINUTE, {"type": "order.placed", "keys": keys, "order": order}


def shoppers(seed: int, count: int, start: int, span: int) -> list[tuple[int, bytes]]:
    """(ms, line) in order: `count` shoppers who arrive within `span` ms from `start`, and an office."""
    chance = random.Random(f"shoppers {seed}")
    told = []
    for number in range(count + 1):
        t = start + chance.randrange(span)
        follows = shopper(number, chance) if number < count else crowd(chance)
        for place, (wait, event) in enumerate(follows):
            t += wait
            told.append((t, number, place, event))
    return [
        (t, json.dumps({"t": t, "id": f"s{number}.{place}", **event}).encode())
        for t, number, place, event in sorted(told, key=lambda each: each[:3])
    ]


def log(seed: int, count: int) -> list[bytes]:
    """A day with only such shoppers."""
    return [line for _, line in shoppers(seed, count, START, DAY // 4)]
