"""Section 9: recipes with their kinds' defaults, conditions, offers and arms."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference.reading import category
from tests.reference.times import DAY, bucket, duration, hundredths

REMINDERS = ["email", "sms", "push", "messenger"]
EXIT = "exit-intent"
FUNNEL = ("payment-failed", "checkout-abandonment", "cart-abandonment")
BROWSE = "browse-abandonment"

_COMMON: dict[str, Any] = {
    "version": 1,
    "enabled": True,
    "when": {},
    "steps": [],
    "ordered_within": 0,
    "cooldown": 0,
    "expires": "7d",
    "valid_for": "24h",
    "priority": 100,
    "channels": REMINDERS,
    "capped": True,
    "reach": "known",
    "consent": "not_withdrawn",
    "holdout": 0,
    "arms": {},
    "offers": [],
    "audience": "",
    "life": {},
    "lead": 0,
    "from": "order",
    "after": 0,
    "looks": 0,
    "mode": "live",
    "existing": False,
    "attribution": 0,
}
_EXIT_OFFERS = [
    {"offer": "free-shipping", "when": {"visits": {"max": 1}, "orders": {"max": 0}}},
    {"offer": "percent-10", "when": {"orders": {"max": 0}}},
    {"offer": "loyal-gift", "when": {"orders": {"min": 1}}},
]
_KINDS: dict[str, dict[str, Any]] = {
    EXIT: {
        "cooldown": "7d",
        "valid_for": "30s",
        "channels": ["onsite"],
        "capped": False,
        "reach": "any",
        "offers": _EXIT_OFFERS,
    },
    "payment-failed": {"steps": ["5m", "24h", "72h"], "ordered_within": "1h", "priority": 10},
    "checkout-abandonment": {
        "steps": ["30m", "24h", "72h"],
        "ordered_within": "1h",
        "cooldown": "1d",
        "priority": 20,
    },
    "cart-abandonment": {
        "steps": ["1h", "24h", "72h"],
        "ordered_within": "1d",
        "cooldown": "7d",
        "priority": 30,
    },
    BROWSE: {"steps": ["1h"], "ordered_within": "7d", "cooldown": "7d", "priority": 80},
}
_LIFE_KINDS: dict[str, dict[str, Any]] = {
    "welcome-popup": {
        "cooldown": "30d",
        "valid_for": "10m",
        "priority": 90,
        "channels": ["onsite"],
        "capped": False,
        "reach": "any",
        "when": {"visits": {"max": 1}},
        "offers": _EXIT_OFFERS,
        "after": "15s",
        "looks": 2,
    },
    "welcome": {
        "steps": ["0ms", "24h", "72h"],
        "ordered_within": "7d",
        "priority": 50,
        "capped": False,
    },
    "post-purchase": {
        "steps": ["1h", "14d"],
        "cooldown": "1h",
        "valid_for": "48h",
        "priority": 60,
        "expires": "60d",
        "capped": False,
    },
    "replenishment": {
        "steps": ["0ms", "7d"],
        "cooldown": "3d",
        "valid_for": "72h",
        "priority": 70,
        "lead": "3d",
    },
    "audience": {"steps": ["0ms"], "cooldown": "30d", "priority": 75},
}
LIFE = ("welcome", "post-purchase", "replenishment", "audience")
_CAPS = [
    {"max": 1, "per": "1h", "then": "defer"},
    {"max": 3, "per": "7d", "then": "drop"},
]


@dataclass
class Recipe:
    name: str
    kind: str
    version: int
    when: dict[str, Any]
    steps: list[int]
    ordered_within: int
    cooldown: int
    expires: int
    valid_for: int
    priority: int
    channels: list[str]
    capped: bool
    reach: str
    consent: str
    holdout: float
    arms: dict[str, float]
    offers: list[dict[str, Any]]
    audience: str
    life: dict[str, int]
    lead: int
    start: str
    after: int
    looks: int
    mode: str
    existing: bool
    attribution: int
    enabled: bool

    @property
    def shadow(self) -> bool:
        return self.mode == "shadow"

    def sees(self, other: "Recipe") -> bool:
        """Whether it sees another recipe: live ones and itself."""
        return not other.shadow or (self.shadow and other.name == self.name)

    def is_same(self, other: "Recipe") -> bool:
        return other.name == self.name and self.sees(other)

    def life_of(self, product: str, of: str | None) -> int | None:
        """The life (ms) of the product, else of its category, else of all products."""
        for name in (product, f"category:{of}" if of is not None else None, "*"):
            if name is not None and name in self.life:
                return self.life[name]
        return None

    def arm(self, person: str) -> str | None:
        """The arm whose cumulative share contains the person's bucket, or None."""
        place, upto = bucket("arm", self.name, person), hundredths(0)
        for name, percent in self.arms.items():
            upto += hundredths(percent)
            if place < upto:
                return name
        return None

    def held_out(self, person: str) -> bool:
        return bucket("holdout", self.name, person) < hundredths(self.holdout)

    def offer(self, context: dict[str, Any]) -> str | None:
        for each in self.offers:
            if holds(each.get("when", {}), context):
                return str(each["offer"])
        return None


@dataclass
class Recipes:
    all: list[Recipe]
    caps: list[dict[str, Any]] = field(default_factory=list)
    quiet: dict[str, str] | None = None
    zone: str = "UTC"
    keep: int = 30 * DAY
    audiences: list[dict[str, Any]] = field(default_factory=list)
    replenishes: bool = False

    def named(self) -> set[tuple[str, str | None]]:
        """The categories and products named by audiences."""
        found: set[tuple[str, str | None]] = set()
        for audience in self.audiences:
            members = audience["members"]
            for conditions in members if isinstance(members, list) else [members]:
                for condition in ("viewed", "bought"):
                    for sort in ("category", "product"):
                        names = conditions.get(condition, {}).get(sort, [])
                        found |= {(sort, category(name)) for name in names}
        return found

    def of(self, *kinds: str) -> list[Recipe]:
        """The enabled recipes of these kinds, by priority, then name."""
        chosen = [recipe for recipe in self.all if recipe.kind in kinds and recipe.enabled]
        return sorted(chosen, key=lambda recipe: (recipe.priority, recipe.name))


def _recipe(given: dict[str, Any]) -> Recipe:
    kind = given.get("kind", given["name"])
    full = {**_COMMON, **(_KINDS | _LIFE_KINDS)[kind], **given, "kind": kind}
    full["start"] = full.pop("from")
    full["life"] = {name: duration(unit) for name, unit in full["life"].items()}
    full["steps"] = [duration(step) for step in full["steps"]]
    for name in (
        "ordered_within",
        "cooldown",
        "expires",
        "valid_for",
        "lead",
        "after",
        "attribution",
    ):
        full[name] = duration(full[name])
    return Recipe(**full)


def parse(document: dict[str, Any]) -> Recipes:
    """The recipes in force with this file's contents ({}: the shipped ones)."""
    policy = document.get("policy", {})
    given = document.get("recipes", [{"name": kind} for kind in _KINDS])
    caps = [{**cap, "per": duration(cap["per"])} for cap in policy.get("caps", _CAPS)]
    kinds = [each.get("kind", each["name"]) for each in given]
    audiences = document.get("audiences", [])
    follows = bool(audiences) or any(kind in LIFE for kind in kinds)
    return Recipes(
        all=[_recipe(each) for each in given],
        caps=caps,
        quiet=policy.get("quiet"),
        zone=policy.get("zone", "UTC"),
        keep=duration(policy.get("keep", "400d" if follows else "30d")),
        audiences=audiences,
        replenishes="replenishment" in kinds,
    )


def holds(when: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether all conditions hold: {min, max} of numbers (unknown: 0), or one of a list."""
    for name, wanted in when.items():
        value = context.get(name)
        if isinstance(wanted, dict):
            amount = value or 0
            if "min" in wanted and amount < wanted["min"]:
                return False
            if "max" in wanted and amount > wanted["max"]:
                return False
        elif name == "category":
            if not set(value or []) & {category(each) for each in wanted}:
                return False
        elif value not in wanted:
            return False
    return True


def context(
    visits: int,
    orders: int,
    traits: dict[str, Any],
    cart: dict[str, Any] | None,
    subject: dict[str, Any] | None,
    sub_kind: str | None,
    message: int | None,
) -> dict[str, Any]:
    """The context of conditions. `cart`: None when empty, else `value` (None: unknown) and `lines`."""
    if cart is not None:
        categories = [line.get("category") for line in cart["lines"]]
    else:
        categories = [subject.get("category")] if subject else []
    return {
        "visits": visits,
        "orders": max(orders, traits.get("orders", 0)),
        "cart_value": (cart["value"] or 0) if cart else 0,
        "traits.value": traits.get("value", 0),
        "message": message,
        "sub_kind": sub_kind,
        "category": categories,
    }
