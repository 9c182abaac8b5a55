"""A recipe: what a shop sends, when, to whom, as data. Source: docs/semantics.md, 9.

`KINDS` is the registry: one line for each kind of trigger there is, with its defaults.
"""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from stream.conditions import Offer, Range, When
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.ids import bucket

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
        return bucket("holdout", self.name, person) < self.holdout

    def arm(self, person: str) -> str | None:
        """The arm that the person's bucket falls into, None outside all of them."""
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

_NO_ORDERS = Range("orders", max=0)
_EXIT_OFFERS: Final = (
    Offer("free-shipping", When((Range("visits", max=1), _NO_ORDERS))),
    Offer("percent-10", When((_NO_ORDERS,))),
    Offer("loyal-gift", When((Range("orders", min=1),))),
)

KINDS: Final[Mapping[str, Recipe]] = {
    kind.name: kind
    for kind in (
        Recipe(
            EXIT,
            EXIT,
            (0,),
            7 * DAY,
            30 * SECOND,
            100,
            ("onsite",),
            0,
            False,
            "any",
            offers=_EXIT_OFFERS,
        ),
        Recipe(PAYMENT, PAYMENT, (5 * MINUTE, DAY, 3 * DAY), 0, DAY, 10),
        Recipe(CHECKOUT, CHECKOUT, (30 * MINUTE, DAY, 3 * DAY), DAY, DAY, 20),
        Recipe(CART, CART, (HOUR, DAY, 3 * DAY), 7 * DAY, DAY, 30, ordered_within=DAY),
        Recipe(BROWSE, BROWSE, (HOUR,), 7 * DAY, DAY, 80, ordered_within=7 * DAY),
    )
}


class Recipes:
    """The recipes in force. `of[kind]`: the enabled ones of a kind, in the order of priority and name."""

    def __init__(self, policy: Policy, recipes: tuple[Recipe, ...]) -> None:
        self.policy = policy
        self.by_name: Final = {recipe.name: recipe for recipe in recipes if recipe.enabled}
        self.names: Final = tuple(recipe.name for recipe in recipes)
        ranked = sorted(self.by_name.values(), key=lambda recipe: (recipe.priority, recipe.name))
        self.of: Final = {
            kind: tuple(recipe for recipe in ranked if recipe.kind == kind) for kind in KINDS
        }
        self.memory: Final = max(
            [cap.per for cap in policy.caps] + [recipe.cooldown for recipe in recipes] + [DAY]
        )
        """Ms for which what has fired must be remembered."""
