"""Seeded input in which servers and other devices name a key of identity and no visitor."""

import json
import random
from collections.abc import Iterator
from typing import Any

from stream.durations import HOUR, MINUTE

START = 1_767_571_200_000


def shopping(number: int, chance: random.Random) -> Iterator[tuple[int, dict[str, Any]]]:
    """A cart, then an order from a server, a failed payment or a withdrawal by a key; or nothing."""
    t = START + chance.randrange(6 * HOUR)
    mail = {"email": f"mail-of-{number // 2:04}-0123456789"}
    line = {"product_id": f"p{number % 7}", "quantity": 1, "price": 40}
    cart = {"cart": {"id": f"k{number}", "items": [line]}, "keys": mail}
    yield t, {"type": "cart.updated", "visitor": f"v{number}", "customer": f"c{number}", **cart}
    known = {"keys": mail, "customer": f"c{number}", "contacts": ["email"]}
    yield t + 1, {"type": "visitor.identified", "visitor": f"v{number}", **known}
    t += chance.choice([4 * MINUTE, 40 * MINUTE, 2 * HOUR])
    order = {"order": {"id": f"o{number}", "cart_id": f"k{number}", "value": 40}}
    after: list[dict[str, Any]] = [
        {"type": "order.placed", **order},
        {"type": "order.placed", "keys": mail, "order": {"id": f"o{number}"}},
        {"type": "consent.changed", "keys": mail, "channels": "all", "granted": False},
        {"type": "order.placed", "visitor": f"tablet{number}", **order},
    ]
    what = chance.choice([*after, None])
    if what is not None:
        yield t, what
    if what in (after[0], after[3]) and chance.random() < 0.5:
        failed = {"id": f"o{number}"}
        yield (
            t + MINUTE,
            {"type": "payment.failed", "keys": {"cart": f"k{number}"}, "order": failed},
        )


def log(seed: int, shoppers: int) -> list[bytes]:
    """Two shoppers each share an e-mail address."""
    chance = random.Random(seed)
    told = [each for number in range(shoppers) for each in shopping(number, chance)]
    told.sort(key=lambda each: each[0])
    return [
        json.dumps({"t": t, "id": f"e{n}", **event}).encode() for n, (t, event) in enumerate(told)
    ]
