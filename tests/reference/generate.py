"""Seeded logs that stand on the edges of the rules: deadlines to the millisecond, repeated ids,
logins, devices that change hands, carts that are emptied and filled again.

`log(seed, size)` gives the lines of a backtest's input, `recipes(seed)` a recipes file's contents.
"""

import json
import random
from typing import Any

from tests.reference.generate_recipes import recipes
from tests.reference.times import DAY, HOUR, MINUTE, SECOND

__all__ = ["log", "recipes"]

START = 1772452800000
EDGES = (3 * SECOND, 10 * SECOND, 30 * SECOND, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
LONG_EDGES = (2 * HOUR, DAY - HOUR, DAY, DAY + HOUR, 3 * DAY, 7 * DAY, 8 * DAY, 30 * DAY)
ZONES = ("Europe/Berlin", "Asia/Seoul", "America/New_York", "Asia/Kolkata", "Mars/Base", "UTC")
SIGNALS = ("pointer_top", "close_shortcut", "back", "tab_hidden", "scroll_up", "window_blur")
SIGNALS += ("idle", "landing_return")
CHANNELS = ("email", "sms", "push", "messenger")
BROKEN: tuple[dict[str, Any], ...] = (
    {"type": "cart.item_added", "item": {"product_id": "p1", "quantity": 0}},
    {"type": "order.placed", "order": {"id": ""}},
    {"type": "page.viewed", "customer": None},
    {"type": "page.viewed", "customer": " Guest "},
    {"type": "page.viewed", "page": {"kind": "attic"}},
    {"type": "exit.signal", "signal": "shout"},
    {"type": "product.viewed", "product": {"id": "p1", "price": 1e16}},
    {"type": "search.performed", "query": "\ud800"},
    {"type": "visitor.identified", "contacts": ["email"]},
    {"type": "consent.changed", "channels": ["fax"], "granted": True},
    {"type": "cart.updated", "cart": {"items": [{"product_id": "p1", "quantity": True}]}},
    {"type": "wishlist.added", "customer": "c9"},
    {"type": "order.placed", "order": {"id": "o1", "value": "12"}, "customer": "c1"},
)


class _Log:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"log {seed}")
        pick = self.random
        self.now = START + pick.randrange(0, 2 * DAY, MINUTE) + pick.choice((0, 0, 1, 500, 999))
        count = pick.choice((2, 2, 3, 3, 4, 6, 12))
        self.visitors = [f"{pick.choice('avz')}{n}" for n in range(count)]
        self.customers = [f"c{n}" for n in range(1, pick.choice((1, 1, 2, 3, 4)) + 1)]
        self.customer_of: dict[str, str] = {}
        self.marks = [self.now]
        self.ids: list[str] = []
        self.lines: list[bytes] = []
        self.restless = pick.random()
        self.carts = pick.choice((("k",), ("k", "m"), ("k", "m", self.visitors[0]), ()))
        taste = {kind: pick.choice((0.2, 1, 1, 1, 3)) for kind in WEIGHTS}
        self.weights = [WEIGHTS[kind] * taste[kind] for kind in WEIGHTS]
        if pick.random() < 0.6:
            self.customer_of = {each: pick.choice(self.customers) for each in self.visitors}

    def moves(self) -> None:
        """Time goes on: a little, or exactly to an edge after something that happened."""
        pick = self.random
        kind = pick.random()
        if kind < 0.12:
            return
        if kind < 0.40 + 0.2 * self.restless:
            self.now += pick.choice((1, 999, SECOND, 3 * SECOND, 11 * SECOND, MINUTE, 2 * MINUTE))
            return
        edge = pick.choice(EDGES if kind < 0.93 else LONG_EDGES)
        for base in (pick.choice(self.marks[-8:]), self.marks[-1]):
            time = base + edge + pick.choice((-1, 0, 0, 0, 1))
            if time >= self.now:
                self.now = time
                return
        self.now += pick.choice((MINUTE, 5 * MINUTE))

    def write(self, event: dict[str, Any]) -> None:
        pick = self.random
        fresh = f"e{len(self.lines)}"
        repeated = self.ids and pick.random() < 0.03
        id_ = pick.choice(self.ids[-20:]) if repeated else fresh
        line: dict[str, Any] = {"t": self.now, "id": id_, **event}
        if pick.random() < 0.03:
            line["client_time"] = self.now - pick.choice((5 * MINUTE, 5 * MINUTE + 1, HOUR, -HOUR))
        if pick.random() < 0.02:
            line["note"] = None
        self.ids.append(id_)
        self.marks.append(self.now)
        self.lines.append(json.dumps(line).encode())

    def noise(self) -> None:
        pick = self.random
        broken: Any = {"t": self.now, "id": f"b{len(self.lines)}", "visitor": self.visitors[0]}
        broken |= pick.choice(BROKEN)
        self.lines.append(
            pick.choice(
                (
                    b"not json",
                    json.dumps({"id": "x", "type": "page.viewed", "visitor": "v0"}).encode(),
                    json.dumps({"t": self.now, "type": "clock.advanced"}).encode(),
                    json.dumps({"t": self.now, "type": "clock.advanced"}).encode(),
                    json.dumps(broken).encode(),
                    json.dumps(broken).encode(),
                )
            )
        )

    def item(self, *, quantity: bool = True) -> dict[str, Any]:
        pick = self.random
        number = pick.choice((1, 1, 1, 2, 3))
        item: dict[str, Any] = {"product_id": f"p{number}"}
        if quantity:
            item["quantity"] = pick.choice((1, 1, 1, 2))
        if pick.random() < 0.1:
            item["variant_id"] = "red"
        if quantity and pick.random() < 0.8:
            item["price"] = pick.choice((10, 10, 9.5, 49.99, 120))
        if pick.random() < 0.6:
            item["category"] = "shoes" if number < 3 else "hats"
        return item

    def product(self) -> dict[str, Any]:
        pick = self.random
        number = pick.randrange(1, 5 if pick.random() < 0.9 else 30)
        product: dict[str, Any] = {"id": f"p{number}"}
        if pick.random() < 0.6:
            product["category"] = pick.choice(("shoes", "shoes", "hats"))
        if pick.random() < 0.6:
            product["price"] = pick.choice((5, 10, 19.99))
        return product

    def cart(self) -> dict[str, Any]:
        pick = self.random
        cart: dict[str, Any] = {"items": [self.item() for _ in range(pick.choice((0, 1, 1, 1, 2)))]}
        if self.carts and pick.random() < 0.75:
            cart["id"] = pick.choice(self.carts)
        if pick.random() < 0.3:
            cart["version"] = pick.randrange(1, 6)
        return cart

    def body(self, visitor: str) -> dict[str, Any]:
        """One event's type and body."""
        pick = self.random
        kind = pick.choices(list(WEIGHTS), self.weights)[0]
        event: dict[str, Any] = {"type": kind}
        if kind == "product.viewed":
            event["product"] = self.product()
        elif kind == "category.viewed":
            event["category"] = "shoes"
        elif kind == "search.performed":
            event["query"] = "red shoe"
        elif kind == "cart.updated":
            event["cart"] = self.cart()
        elif kind == "cart.item_added":
            event["item"] = self.item()
        elif kind == "cart.item_removed":
            event["item"] = self.item(quantity=pick.random() < 0.2)
        elif kind == "checkout.advanced":
            event["stage"] = pick.choice(("contact", "shipping", "payment"))
        elif kind == "order.placed":
            event["order"] = {"id": f"o{pick.randrange(1, 9)}"}
            if pick.random() < 0.3 and self.carts:
                event["order"]["cart_id"] = pick.choice(self.carts)
        elif kind == "order.cancelled":
            event["order"] = {"id": f"o{pick.randrange(1, 9)}"}
        elif kind == "consent.changed":
            chosen = pick.choice((CHANNELS, ("onsite",), ("email",), ("sms", "push")))
            event |= {"channels": list(chosen), "granted": pick.random() < 0.5}
        elif kind == "visitor.identified":
            event |= self.identity(visitor)
        elif kind == "exit.signal":
            event["signal"] = pick.choice(SIGNALS + ("close_shortcut",) * 3)
            if pick.random() < 0.2:
                event["held_ms"] = pick.choice((499, 500, 4999, 5000))
            if pick.random() < 0.1:
                event["form_focus"] = pick.random() < 0.5
        return event

    def identity(self, visitor: str) -> dict[str, Any]:
        pick = self.random
        self.customer_of[visitor] = pick.choice(self.customers)
        event: dict[str, Any] = {"customer": self.customer_of[visitor]}
        if pick.random() < 0.5:
            event["contacts"] = pick.choice(([], ["email"], ["push"], ["sms", "messenger"]))
        if pick.random() < 0.5:
            traits = {"orders": pick.randrange(0, 4), "value": pick.choice((0, 50, 200))}
            event["traits"] = {name: traits[name] for name in traits if pick.random() < 0.7}
        if pick.random() < 0.4:
            event["time_zone"] = pick.choice(ZONES)
        return event

    def happens(self) -> None:
        """One event of one visitor, sometimes with the customer on it."""
        pick = self.random
        visitor = pick.choice(self.visitors[: pick.choice((1, 2, 12))])
        event = {"visitor": visitor, **self.body(visitor)}
        if pick.random() < 0.05:
            self.customer_of[visitor] = pick.choice(self.customers)
        if visitor in self.customer_of and pick.random() < 0.5:
            event.setdefault("customer", self.customer_of[visitor])
        self.write(event)


WEIGHTS = {
    "page.viewed": 6,
    "product.viewed": 12,
    "category.viewed": 1,
    "search.performed": 3,
    "cart.updated": 10,
    "cart.item_added": 10,
    "cart.item_removed": 5,
    "checkout.started": 5,
    "checkout.advanced": 3,
    "payment.failed": 4,
    "activity.pinged": 5,
    "order.placed": 4,
    "order.cancelled": 2,
    "visitor.identified": 5,
    "consent.changed": 4,
    "exit.signal": 8,
}


def log(seed: int, size: int) -> list[bytes]:
    """`size` lines in order of `t`, from minutes to months of a few visitors' doings."""
    made = _Log(seed)
    while len(made.lines) < size:
        made.moves()
        if made.random.random() < 0.04:
            made.noise()
        else:
            made.happens()
    return made.lines
