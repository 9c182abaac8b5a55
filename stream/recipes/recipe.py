"""A recipe: what a shop sends, when, to whom, as data. Source: docs/semantics.md, 9.

What a recipe leaves out is its kind's, whose defaults stand in the kind's own file (stream/kinds/registry.py).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from stream.durations import DAY, HOUR
from stream.recipes.conditions import Offer, When
from stream.recipes.ids import bucket

MESSAGING: Final = ("email", "sms", "push", "messenger")


class Cap(Struct, frozen=True):
    """At most `max` triggers of capped recipes in any window of `per` ms."""

    max: int
    per: int
    then: Literal["defer", "drop"]


class Quiet(Struct, frozen=True):
    """Quiet hours [start, end) in minutes of the person's day; equal ends are none."""

    start: int
    end: int


class Policy(Struct, frozen=True):
    caps: tuple[Cap, ...] = (Cap(1, HOUR, "defer"), Cap(3, 7 * DAY, "drop"))
    quiet: Quiet | None = None
    zone: str = "UTC"


class Recipe(Struct, frozen=True):
    """Durations in ms; `holdout` and the arms' bounds in buckets of 0 to 9999."""

    name: str
    kind: str
    steps: tuple[int, ...]
    cooldown: int
    valid_for: int
    priority: int
    channels: tuple[str, ...] = MESSAGING
    ordered_within: int = 0
    capped: bool = True
    reach: Literal["known", "any"] = "known"
    version: int = 1
    enabled: bool = True
    when: When = When()
    expires: int = 7 * DAY
    consent: Literal["not_withdrawn", "granted"] = "not_withdrawn"
    holdout: int = 0
    arms: tuple[tuple[str, int], ...] = ()
    offers: tuple[Offer, ...] = ()

    def held_out(self, person: str) -> bool:
        return self.holdout > 0 and bucket("holdout", self.name, person) < self.holdout

    def arm(self, person: str) -> str | None:
        """The arm that the person's bucket falls into, None outside all of them."""
        if not self.arms:
            return None
        draw = bucket("arm", self.name, person)
        return next((name for name, bound in self.arms if draw < bound), None)

    def consented(self, consent: Mapping[str, bool]) -> list[str]:
        """The channels that a consent (channel to granted or withdrawn) leaves."""
        if self.consent == "granted":
            return [channel for channel in self.channels if consent.get(channel) is True]
        return [channel for channel in self.channels if consent.get(channel) is not False]


EXIT: Final = "exit-intent"
BROWSE: Final = "browse-abandonment"
CART: Final = "cart-abandonment"
CHECKOUT: Final = "checkout-abandonment"
PAYMENT: Final = "payment-failed"


class Recipes:
    """The recipes in force. `of[kind]`: the enabled ones of a kind, in the order of priority and name."""

    def __init__(self, policy: Policy, recipes: tuple[Recipe, ...]) -> None:
        self.policy = policy
        self.by_name: Final = {recipe.name: recipe for recipe in recipes if recipe.enabled}
        self.names: Final = tuple(recipe.name for recipe in recipes)
        ranked = sorted(self.by_name.values(), key=lambda recipe: (recipe.priority, recipe.name))
        self.of: Final[defaultdict[str, list[Recipe]]] = defaultdict(list)
        for recipe in ranked:
            self.of[recipe.kind].append(recipe)
        self.memory: Final = max(
            [cap.per for cap in policy.caps] + [recipe.cooldown for recipe in recipes] + [DAY]
        )
        """Ms for which what has fired must be remembered."""
