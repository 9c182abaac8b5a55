"""Seeded logs and recipes files of customers' lives: orders with lines, subscriptions, deliveries, over years.

`recipes` always has kinds of this page, and mostly audiences, so that many episodes are open at once.
"""

import copy
import random
from typing import Any

from tests.reference import generate_recipes
from tests.reference.generate_bodies import LISTS, Shop
from tests.reference.times import DAY, HOUR, MINUTE

EDGES: tuple[int, ...] = (HOUR, DAY - 1, DAY, DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 10 * DAY)
EDGES += (14 * DAY, 20 * DAY, 27 * DAY, 30 * DAY, 30 * DAY, 60 * DAY, 90 * DAY, 180 * DAY)
EDGES += (397 * DAY, 400 * DAY)
LOOKS = ("page.viewed", "product.viewed", "category.viewed", "search.performed")
KINDS = ("welcome", "post-purchase", "replenishment", "audience", "welcome-popup")
STEPS: tuple[list[str], ...] = (["0ms"], ["1h"], ["0ms", "1d"], ["5m", "1d", "10d"], ["1h", "14d"])
STEPS += (["0ms", "7d"], ["3m", "6m"])
SPANS: tuple[dict[str, str], ...] = ({"min": "5d"}, {"max": "10d"}, {"min": "5d", "max": "20d"})
SPANS += ({"min": "1d"}, {"min": "0ms"}, {"min": "20d"}, {"max": "1d"})
FAR = ({"min": "180d"}, {"min": "90d", "max": "180d"})


class LifeShop(Shop):
    """A shop whose orders have lines, and whose customers subscribe."""

    def body(self, kind: str | None = None) -> dict[str, Any]:
        pick, draw = self.pick, self.pick.random()
        if kind is not None or draw < 0.35:
            event = super().body(kind)
        elif draw < 0.5:
            event = super().body(pick.choice(LOOKS))
        elif draw < 0.8:
            event = {"type": "order.placed", "order": self.whole_order()}
        elif draw < 0.9:
            event = {"type": "visitor.subscribed", "channels": copy.deepcopy(pick.choice(LISTS))}
        elif draw < 0.95:
            event = {"type": "order.delivered", "order": {"id": self.order_id()}}
        else:
            event = {"type": "order.cancelled", "order": {"id": self.order_id()}}
        if event["type"] in ("order.placed", "visitor.subscribed"):
            if pick.random() < 0.06:
                event["imported"] = pick.choice((True, True, False, None, "true"))
            if pick.random() < 0.15:
                event["client back"] = pick.choice(
                    (5 * MINUTE + 1, HOUR, DAY - HOUR, DAY, DAY + 1, 10 * DAY, -HOUR)
                )
        return event

    def whole_order(self) -> dict[str, Any]:
        pick, order = self.pick, self.order("order.placed")
        if pick.random() < 0.4 and "value" not in order:
            order["value"] = pick.choice((5, 20, 31.5, "12.50", 100, None))
        if pick.random() < 0.3:
            order["currency"] = pick.choice(("EUR", "eur", "USD", "", None))
        if pick.random() < 0.75:
            order["items"] = [self.bought() for _ in range(pick.choice((0, 1, 1, 2, 3)))]
        return order

    def bought(self) -> Any:
        pick, item = self.pick, self.item()
        if pick.random() < 0.12:
            item["renews"] = pick.choice((True, True, False, None))
        return item if pick.random() < 0.97 else pick.choice((None, {}, {"quantity": 1}, 7))


def _members(pick: random.Random, kinds: list[str], far: bool) -> dict[str, Any]:
    named: dict[str, Any] = {"within": pick.choice(("1d", "7d", "20d"))}
    if pick.random() < 0.7:
        named["category"] = pick.choice((["shoes"], ["hats", 77]))
    if pick.random() < 0.5 or len(named) == 1:
        named["product"] = pick.choice((["p1"], ["p2", 1, 3]))
    spans = SPANS + FAR if far else SPANS
    choices: dict[str, Any] = {
        "visits": {"min": pick.choice((0, 1, 2))},
        "orders": pick.choice(({"min": 1}, {"max": 0}, {"min": 1, "max": 2})),
        "spent": pick.choice(({"min": 20}, {"max": 50.5}, {"min": 10, "max": 100})),
        "since_visit": dict(pick.choice(spans)),
        "since_order": dict(pick.choice(spans)),
        "reachable": pick.random() < 0.7,
        "open": pick.sample(kinds, pick.choice((1, 2))),
        "viewed": named,
        "bought": dict(named),
    }
    names = pick.sample(sorted(choices), pick.choice((1, 1, 2, 3)))
    return {name: choices[name] for name in names}


def _life(pick: random.Random, kind: str, names: list[str]) -> dict[str, Any]:
    recipe: dict[str, Any] = {"kind": kind}
    maybe: dict[str, Any] = {
        "steps": list(pick.choice(STEPS)),
        "cooldown": pick.choice((0, "1h", "3d", "7d")),
        "ordered_within": pick.choice((0, "1d", "7d")),
        "valid_for": pick.choice(("1h", "24h", "72h")),
        "priority": pick.choice((10, 20, 30, 50, 60, 70, 80)),
        "capped": pick.random() < 0.5,
        "reach": pick.choice(("any", "known")),
        "consent": pick.choice(("granted", "not_withdrawn")),
        "holdout": pick.choice((10, 50)),
        "enabled": pick.random() < 0.5,
        "version": 2,
        "when": {
            name: value
            for name, value in (
                ("spent", {"min": pick.choice((10, 30))}),
                ("cart_value", {"max": 60}),
                ("category", ["shoes"]),
                ("orders", {"max": 3}),
            )
            if pick.random() < 0.3
        },
        "offers": [
            {"offer": "o", "when": {"spent": {"max": 60}, "category": ["shoes"]}},
            {"offer": "p"},
        ],
    }
    if kind != "welcome-popup":
        maybe["channels"] = pick.choice((["email"], ["push", "sms"], ["email", "messenger"]))
    likely = {"steps": 0.6, "cooldown": 0.5, "priority": 0.5, "reach": 0.6, "ordered_within": 0.4}
    likely |= {"when": 0.25, "enabled": 0.1, "holdout": 0.1, "consent": 0.15}
    recipe |= {
        name: value for name, value in maybe.items() if pick.random() < likely.get(name, 0.3)
    }
    if kind == "post-purchase":
        recipe["from"] = pick.choice(("order", "order", "delivered"))
        if pick.random() < 0.4:
            recipe["expires"] = pick.choice(("1d", "10d", "60d"))
    if kind == "replenishment":
        lives = {"p1": "10d", "1": "3d", "category:shoes": "20d", "category:77": "5d", "*": "28d"}
        some = pick.sample(sorted(lives), pick.choice((1, 2, 3, 5)))
        recipe["life"] = {name: lives[name] for name in some}
        if pick.random() < 0.5:
            recipe["lead"] = pick.choice(("0ms", "1d", "20d", "3d"))
    if kind == "audience":
        recipe["audience"] = pick.choice(names)
    if kind == "welcome-popup":
        recipe.pop("steps", None)
        recipe["when"] = pick.choice(({}, {}, {"visits": {"max": 1}}))
        if pick.random() < 0.4:
            recipe |= {"after": pick.choice(("0ms", "3s", "1m")), "looks": pick.choice((1, 2, 4))}
    return recipe


def recipes(seed: int) -> dict[str, Any]:
    """A recipes file's contents with the life kinds."""
    pick = random.Random(f"life recipes {seed}")
    document = copy.deepcopy(generate_recipes.recipes(seed))
    policy = document.setdefault("policy", {})
    keep = pick.choice((None, None, "30d", "45d", "800d"))
    if keep is not None:
        policy["keep"] = keep
    if pick.random() < 0.5:
        policy["caps"] = []
    kinds = [*generate_recipes.KINDS[1:], *KINDS[:3]]
    names = ["lapsed", "fans", "vip-1", "any_body"][: pick.choice((1, 2, 3, 4))]
    document["audiences"] = [
        {
            "name": name,
            "members": pick.choice(
                (
                    _members(pick, kinds, keep in (None, "800d")),
                    [_members(pick, kinds, False) for _ in range(pick.choice((1, 2)))],
                )
            ),
        }
        for name in names
    ]
    made = document.setdefault("recipes", [])
    if pick.random() < 0.4:
        made.clear()
    for number, kind in enumerate((*KINDS, *pick.choices(KINDS, k=3))):
        if pick.random() < 0.6:
            made.append({"name": f"{kind}-{number}", **_life(pick, kind, names)})
    return document
