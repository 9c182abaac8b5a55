"""The conditions (`when`) of recipes and offers. Source: docs/semantics.md, 9."""

from typing import Final

from msgspec import Struct

from stream.durations import DAY

OFFER_EVERY: Final = 30 * DAY
"""A person, and a visitor at an exit, gets at most one offer in this time."""


class Known(Struct, frozen=True):
    """The values that conditions check. An unknown number counts as 0."""

    visits: int = 0
    orders: int = 0
    cart_value: float = 0.0
    traits_value: float = 0.0
    message: int = 0
    sub_kind: str | None = None
    categories: frozenset[str] = frozenset()
    spent: float = 0.0


class Range(Struct, frozen=True):
    """A range, both ends included. None: no bound."""

    name: str
    min: float | None = None
    max: float | None = None

    def holds(self, known: Known) -> bool:
        number: float = getattr(known, self.name)
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)


class When(Struct, frozen=True):
    """Conditions, all of which must hold. One that is left out always holds."""

    ranges: tuple[Range, ...] = ()
    sub_kinds: frozenset[str] | None = None
    categories: frozenset[str] | None = None

    def holds(self, known: Known) -> bool:
        return (
            all(wanted.holds(known) for wanted in self.ranges)
            and (self.sub_kinds is None or known.sub_kind in self.sub_kinds)
            and (self.categories is None or not self.categories.isdisjoint(known.categories))
        )


ALWAYS: Final = When()


class Offer(Struct, frozen=True):
    name: str
    when: When = When()


def first_offer(offers: tuple[Offer, ...], known: Known) -> str | None:
    """The name of the first offer whose conditions hold, None if none does."""
    for offer in offers:
        if offer.when.holds(known):
            return offer.name
    return None
