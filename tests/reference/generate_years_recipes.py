"""Seeded recipes files for years of customers: few recipes of the life kinds, and overlapping audiences.

All steps, lives and bounds of one file use few durations, so that they coincide.
"""

import random
from typing import Any

from tests.reference.times import duration

SHORT = ("1d", "2d", "5d", "7d", "10d", "14d", "20d", "29d")
LONG = (*SHORT, "30d", "45d", "60d", "90d", "180d")
NEAR = ("5m", "10m", "1h", "12h")
KINDS = ("welcome", "post-purchase", "replenishment", "audience", "replenishment", "audience")
OPEN = ("cart-abandonment", "browse-abandonment", "welcome", "post-purchase", "replenishment")


class _File:
    def __init__(self, seed: int) -> None:
        self.pick = pick = random.Random(f"recipes of years {seed}")
        self.keep = pick.choice(("30d", "30d", "31d", "400d", None))
        spans = SHORT if self.keep in ("30d", "31d") else LONG
        self.spans = pick.sample(spans, pick.choice((2, 3, 4)))
        self.names = ["new", "risk", "fans"][: pick.choice((1, 2, 3))]

    def span(self) -> str:
        return self.pick.choice(self.spans)

    def steps(self) -> list[str]:
        pick = self.pick
        several = {*pick.sample(self.spans, pick.choice((0, 1, 1, 2)))}
        several |= {*pick.sample(NEAR, pick.choice((0, 0, 1, 2)))}
        several |= {"0ms"} if pick.random() < 0.5 or not several else set()
        return sorted(several, key=duration)

    def bounds(self) -> dict[str, str]:
        pick = self.pick
        ends = sorted({self.span(), self.span()}, key=duration)
        if len(ends) == 2 and pick.random() < 0.5:
            return {"min": ends[0], "max": ends[1]}
        return pick.choice(({"min": ends[0]}, {"max": ends[0]}))

    def named(self) -> dict[str, Any]:
        pick = self.pick
        named: dict[str, Any] = {"within": self.span()}
        if pick.random() < 0.5:
            named["category"] = ["shoes"]
        if pick.random() < 0.5 or len(named) == 1:
            named["product"] = [pick.choice(("p1", "p2"))]
        return named

    def members(self) -> dict[str, Any]:
        pick = self.pick
        conditions: dict[str, Any] = {
            "since_visit": self.bounds(),
            "since_order": self.bounds(),
            "orders": pick.choice(({"min": 1}, {"max": 0}, {"min": 2, "max": 3})),
            "visits": pick.choice(({"min": 1}, {"max": 2}, {"min": 2})),
            "spent": pick.choice(({"min": 20}, {"max": 40}, {"min": 15, "max": 80})),
            "reachable": pick.random() < 0.8,
            "open": [pick.choice(OPEN)],
            "viewed": self.named(),
            "bought": self.named(),
        }
        often = ["since_visit", "since_order", "orders", "bought", "viewed", "open"]
        chosen = {pick.choice(often)} | {*pick.sample(sorted(conditions), pick.choice((0, 0, 1)))}
        return {name: conditions[name] for name in sorted(chosen)}

    def recipe(self, name: str, kind: str) -> dict[str, Any]:
        pick = self.pick
        maybe: dict[str, Any] = {
            "steps": self.steps(),
            "cooldown": pick.choice((0, "1h", self.span())),
            "ordered_within": pick.choice((0, self.span())),
            "valid_for": pick.choice(("1h", self.span())),
            "priority": pick.choice((50, 60, 70)),
            "capped": pick.random() < 0.5,
            "reach": "any",
            "channels": pick.choice((["email"], ["push", "email"])),
            "when": pick.choice(
                (
                    {"spent": {"min": 20}},
                    {"orders": {"max": 1}},
                    {"cart_value": {"min": 10}},
                    {"category": ["shoes"]},
                    {"visits": {"min": 2}},
                )
            ),
            "enabled": pick.random() < 0.5,
            "offers": [{"offer": "o", "when": {"spent": {"min": 30}}}, {"offer": "p"}],
            "consent": "granted",
        }
        rates = {"steps": 0.7, "cooldown": 0.5, "reach": 0.7, "priority": 0.3, "enabled": 0.1}
        rates |= {"consent": 0.1, "when": 0.2, "ordered_within": 0.3}
        given = {each: maybe[each] for each in maybe if pick.random() < rates.get(each, 0.3)}
        recipe: dict[str, Any] = {"name": name, "kind": kind, **given}
        if kind == "post-purchase" and pick.random() < 0.5:
            recipe |= {"from": "delivered", "expires": pick.choice((self.span(), "60d"))}
        if kind == "replenishment":
            lives = {"p1": self.span(), "category:shoes": self.span(), "*": self.span()}
            some = pick.sample(sorted(lives), pick.choice((1, 2, 3)))
            recipe["life"] = {each: lives[each] for each in some}
            recipe["lead"] = pick.choice(("0ms", "1d", self.span()))
        if kind == "audience":
            recipe["audience"] = pick.choice(self.names)
        return recipe


def recipes(seed: int) -> dict[str, Any]:
    """A recipes file's contents."""
    file = _File(seed)
    pick = file.pick
    policy: dict[str, Any] = {} if file.keep is None else {"keep": file.keep}
    if pick.random() < 0.7:
        caps = [{"max": 1, "per": "1h", "then": "defer"}, {"max": 2, "per": "7d", "then": "drop"}]
        policy["caps"] = pick.sample(caps, pick.choice((0, 0, 1, 2)))
    if pick.random() < 0.25:
        policy["quiet"] = pick.choice(
            (
                {"from": "21:00", "to": "08:00"},
                {"from": "02:15", "to": "02:45"},
                {"from": "01:30", "to": "03:00"},
            )
        )
        policy["zone"] = pick.choice(("Europe/Berlin", "America/New_York", "UTC"))
    made = [
        file.recipe(f"{kind}-{number}", kind)
        for number, kind in enumerate(pick.sample(KINDS, pick.choice((1, 2, 3, 4))))
    ]
    if pick.random() < 0.3:
        made.append({"name": "cart-abandonment"})
    if pick.random() < 0.3:
        made.append({"name": "browse-abandonment", "steps": [pick.choice(("1h", "1d"))]})
    if pick.random() < 0.2:
        made.append({"name": "welcome-popup", "after": "0ms", "looks": 1})
    audiences = [
        {
            "name": name,
            "members": pick.choice((file.members(), [file.members(), file.members()])),
        }
        for name in file.names
    ]
    needed = any(recipe["kind"] == "audience" for recipe in made if "kind" in recipe)
    document: dict[str, Any] = {"policy": policy, "recipes": made}
    return document | ({"audiences": audiences} if needed or pick.random() < 0.7 else {})
