"""Recipes as data: what a shop sends, when, and to whom. Source: docs/semantics.md, 9.

A field that a recipe leaves out has the default of its kind, from the kind's file (see stream/kinds/registry.py).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from stream.durations import DAY, HOUR
from stream.recipes.aliases import alias_of, is_shadow
from stream.recipes.audiences import Audience, Audiences
from stream.recipes.conditions import Offer, When
from stream.recipes.ids import bucket

FIRED_FOR: Final = 90 * DAY
"""Shortest time (ms) for which fired steps are remembered. A later document may need them longer than this one."""
MESSAGING: Final = ("email", "sms", "push", "messenger")


class Cap(Struct, frozen=True):
    """At most `max` triggers of capped recipes in any window of `per` ms."""

    max: int
    per: int
    then: Literal["defer", "drop"]


class Quiet(Struct, frozen=True):
    """Quiet hours [start, end) in minutes of the person's day. If both are equal, there are none."""

    start: int
    end: int


class Policy(Struct, frozen=True):
    """The policy of a recipes file. `keep`: ms for which a person is remembered after its last fact."""

    caps: tuple[Cap, ...] = (Cap(1, HOUR, "defer"), Cap(3, 7 * DAY, "drop"))
    quiet: Quiet | None = None
    zone: str = "UTC"
    keep: int = 30 * DAY


class Recipe(Struct, frozen=True):
    """A recipe. Durations are in ms; `holdout` and the arms' bounds are in buckets of 0 to 9999.

    Of some kinds only: `audience`: its name · `life`: of products, categories and "*" · `lead`: before the end of a life ·
    `base`: the time from which steps count · `after`, `looks`: of a visit before a popup · `existing`: it opens for
    present members of its audience, too. Of all: `mode` · `attribution`: for how long an order counts as its outcome, 0:
    it has none.
    """

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
    audience: str = ""
    life: Mapping[str, int] = {}
    lead: int = 0
    base: Literal["order", "delivered"] = "order"
    after: int = 0
    looks: int = 0
    mode: Literal["live", "shadow"] = "live"
    existing: bool = False
    attribution: int = 0

    @property
    def is_shadow(self) -> bool:
        """Whether it is decided like any other, but only its decisions are published."""
        return self.mode == "shadow"

    @property
    def alias(self) -> str:
        """Its name in states."""
        return alias_of(self.name, self.is_shadow)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names under which states hold the recipe's own past. A shadow also remembers its time as a live recipe; a
        live recipe does not remember its time as a shadow."""
        return (self.name, self.alias) if self.is_shadow else (self.name,)

    def sees(self, alias: str) -> bool:
        """Whether the recipe counts entries of this name in states: those of live recipes, and its own."""
        return not is_shadow(alias) or alias == self.alias

    def owns(self, alias: str) -> bool:
        return alias == self.name or (self.mode == "shadow" and alias == self.alias)

    def held_out(self, person: str) -> bool:
        return bool(self.holdout) and bucket("holdout", self.name, person) < self.holdout

    def arm(self, person: str) -> str | None:
        """The arm of the person's bucket, or None."""
        if not self.arms:
            return None
        draw = bucket("arm", self.name, person)
        return next((name for name, bound in self.arms if draw < bound), None)

    def consented(self, consent: Mapping[str, bool]) -> list[str]:
        """The channels that are not withdrawn by a consent (channel to granted or withdrawn)."""
        if self.consent == "granted":
            return [channel for channel in self.channels if consent.get(channel) is True]
        return [channel for channel in self.channels if consent.get(channel) is not False]


EXIT: Final = "exit-intent"
BROWSE: Final = "browse-abandonment"
CART: Final = "cart-abandonment"
CHECKOUT: Final = "checkout-abandonment"
PAYMENT: Final = "payment-failed"
POPUP: Final = "welcome-popup"
WELCOME: Final = "welcome"
POST_PURCHASE: Final = "post-purchase"
REPLENISHMENT: Final = "replenishment"
AUDIENCE: Final = "audience"

LIFE: Final = frozenset((WELCOME, POST_PURCHASE, REPLENISHMENT, AUDIENCE))
"""The kinds of life episodes."""

OUTLAST_ORDERS: Final = frozenset((POST_PURCHASE, REPLENISHMENT))
"""The kinds whose episodes an order does not convert."""


class Recipes:
    """The recipes in force. `of[kind]`: the enabled ones of a kind, in the order of priority and name.

    `follows`: whether there is a life recipe or an audience, `replenishes`: one of that kind; enabled or not.
    """

    def __init__(
        self, policy: Policy, recipes: tuple[Recipe, ...], audiences: tuple[Audience, ...] = ()
    ) -> None:
        self.policy = policy
        self.audiences: Final = Audiences(audiences)
        self.follows: Final = bool(audiences) or any(recipe.kind in LIFE for recipe in recipes)
        self.replenishes: Final = any(recipe.kind == REPLENISHMENT for recipe in recipes)
        self.by_alias: Final = {recipe.alias: recipe for recipe in recipes}
        """All recipes, enabled or not, by their names in states."""
        self.watches: bool = any(recipe.attribution for recipe in recipes)
        """Whether a recipe of any document has watches."""
        self.former: dict[str, Recipe] = {}
        """Recipes of former documents, in their last form, by their names in states."""
        self.by_name: Final = {recipe.name: recipe for recipe in recipes if recipe.enabled}
        self.names: Final = tuple(recipe.name for recipe in recipes)
        ranked = sorted(self.by_name.values(), key=lambda recipe: (recipe.priority, recipe.name))
        self.of: Final[defaultdict[str, list[Recipe]]] = defaultdict(list)
        for recipe in ranked:
            self.of[recipe.kind].append(recipe)
        popups = self.of[POPUP]
        self.popups: Final = (
            min((recipe.looks for recipe in popups), default=0),
            min((recipe.after for recipe in popups), default=0),
        )
        """(looks, ms) of a visit from which on a popup may be shown; 0 looks: never."""
        self.memory: int = max(
            [cap.per for cap in policy.caps] + [recipe.cooldown for recipe in recipes] + [DAY]
        )
        """How long (ms) these recipes look back at fired steps."""
        self.remembers: int = max(self.memory, min(policy.keep, FIRED_FOR))
        """How long (ms) fired steps are remembered."""

    def known(self, alias: str) -> Recipe | None:
        """A recipe by its name in states, also one of a former document."""
        return self.by_alias.get(alias) or self.former.get(alias)
