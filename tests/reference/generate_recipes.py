"""Seeded recipes files: valid, and with every key of section 9 in use."""

import random
from typing import Any

KINDS = (
    "exit-intent",
    "payment-failed",
    "checkout-abandonment",
    "cart-abandonment",
    "browse-abandonment",
)
CHANNELS = ("email", "sms", "push", "messenger")
STEPS: tuple[list[str], ...] = (
    ["5m"],
    ["10m"],
    ["1h"],
    ["5m", "30m"],
    ["30m", "1h", "2h"],
    ["1h", "24h"],
    ["65m", "3d"],
)
STEPS += (["1m", "6m", "11m"], ["1h", "29d"], ["0ms", "5m"], ["1ms", "30m"])
WINDOWS: tuple[str | int, ...] = (0, "1h", "1d", "7d")
QUIET: tuple[tuple[str, str], ...] = (
    ("21:00", "08:00"),
    ("12:00", "13:00"),
    ("00:00", "06:30"),
    ("21:00", "02:30"),
)
QUIET += (("01:30", "02:30"), ("02:30", "01:00"), ("09:00", "09:00"))


def _between(pick: random.Random, low: int, high: int) -> dict[str, Any]:
    ends = sorted((pick.randrange(low, high), pick.randrange(low, high)))
    return pick.choice(({"min": ends[0]}, {"max": ends[1]}, {"min": ends[0], "max": ends[1]}))


def _when(pick: random.Random, kind: str, *, offer: bool) -> dict[str, Any]:
    choices: dict[str, Any] = {
        "visits": _between(pick, 0, 4),
        "orders": _between(pick, 0, 3),
        "cart_value": _between(pick, 0, 60),
        "traits.value": _between(pick, 0, 220),
        "category": pick.choice((["shoes"], ["hats", "shoes"])),
    }
    if offer:
        choices["message"] = _between(pick, 1, 4)
    if kind == "browse-abandonment":
        some = ("product", "category", "search", "recent")
        choices["sub_kind"] = pick.sample(some, pick.choice((1, 2, 3)))
    names = pick.sample(sorted(choices), pick.choice((0, 1, 1, 2)))
    return {name: choices[name] for name in names}


def _recipe(pick: random.Random, name: str, kind: str) -> dict[str, Any]:
    recipe: dict[str, Any] = {"name": name}
    if name != kind or pick.random() < 0.5:
        recipe["kind"] = kind
    maybe: dict[str, Any] = {
        "version": pick.randrange(1, 9),
        "enabled": pick.random() < 0.9,
        "when": _when(pick, kind, offer=False),
        "cooldown": pick.choice(WINDOWS),
        "valid_for": pick.choice(("0ms", "30s", "1h", "24h", "7d")),
        "priority": pick.choice((10, 20, 30, 30, 80)),
        "consent": pick.choice(("granted", "not_withdrawn", "not_withdrawn")),
        "holdout": pick.choice((0, 10, 33.3, 33.333, 50, 100)),
        "arms": pick.choice(({"a": 50, "b": 50}, {"b": 26.62, "a": 0.01}, {"x": 100, "y": 9}, {})),
        "offers": [
            {"offer": f"offer-{n}", "when": _when(pick, kind, offer=True)}
            for n in range(pick.choice((0, 1, 2, 3)))
        ],
    }
    if kind == "exit-intent":
        maybe["channels"] = pick.choice((["onsite"], ["onsite", "email"]))
    else:
        maybe["channels"] = pick.sample(CHANNELS, pick.choice((0, 1, 2, 2, 4, 4)))
        maybe["steps"] = pick.choice(STEPS)
        maybe["ordered_within"] = pick.choice(WINDOWS)
        maybe["expires"] = pick.choice(("1h", "1d", "7d", "60d"))
        maybe["capped"] = pick.random() < 0.6
        maybe["reach"] = pick.choice(("any", "known"))
    share = pick.choice((0.15, 0.4))
    likely = {"steps": 0.7, "holdout": 0.15, "enabled": 0.3, "when": 0.3, "reach": 0.5}
    likely |= {"cooldown": 0.6, "ordered_within": 0.5, "consent": 0.2}
    for key, value in maybe.items():
        if pick.random() < likely.get(key, share):
            recipe[key] = value
    return recipe


def _policy(pick: random.Random) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    if pick.random() < 0.7:
        policy["caps"] = [
            {
                "max": pick.choice((1, 1, 2, 3, 8)),
                "per": pick.choice(("5m", "1h", "24h", "7d")),
                "then": pick.choice(("defer", "drop")),
            }
            for _ in range(pick.choice((0, 0, 1, 2)))
        ]
    if pick.random() < 0.3:
        start, end = pick.choice(QUIET)
        policy["quiet"] = {"from": start, "to": end}
    if pick.random() < 0.3:
        policy["zone"] = pick.choice(("Europe/Berlin", "Asia/Seoul", "Asia/Kathmandu"))
    return policy


def recipes(seed: int) -> dict[str, Any]:
    """A recipes file's contents; every eighth is {}, the shipped ones."""
    pick = random.Random(f"recipes {seed}")
    if pick.random() < 0.125:
        return {}
    document: dict[str, Any] = {}
    if pick.random() < 0.8:
        document["policy"] = _policy(pick)
    if pick.random() < 0.85:
        made: list[dict[str, Any]] = []
        for kind in (*KINDS, *pick.choices(KINDS, k=2)):
            if pick.random() < 0.75:
                names = [kind] if pick.random() < 0.8 else []
                names += pick.sample([f"{kind}-{letter}" for letter in "abc"], 3)
                taken = {recipe["name"] for recipe in made}
                made.append(_recipe(pick, next(n for n in names if n not in taken), kind))
        pick.shuffle(made)
        document["recipes"] = made
    return document
