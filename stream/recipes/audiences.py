"""Audiences: who belongs, as data, and the times at which that may change. Source: docs/semantics-life.md, 13."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from stream.recipes.conditions import Range


def category(name: str) -> str:
    """The name under which a category is remembered."""
    return f"c:{name}"


def product(id: str) -> str:
    """The name under which a product is remembered."""
    return f"p:{id}"


class TimeSpan(Struct, frozen=True):
    """A time since something: from `min` to less than `max` (ms)."""

    min: int = 0
    max: int | None = None

    def holds(self, since: int) -> bool:
        return since >= self.min and (self.max is None or since < self.max)

    @property
    def bounds(self) -> list[int]:
        return [self.min] if self.max is None else [self.min, self.max]


class Named(Struct, frozen=True):
    """One of these categories and products, less than `within` (ms) ago."""

    names: frozenset[str]
    within: int


class Members(Struct, frozen=True):
    """Conditions, all of which hold; None is no condition. `open`: kinds of episodes."""

    ranges: tuple[Range, ...] = ()
    since_visit: TimeSpan | None = None
    since_order: TimeSpan | None = None
    reachable: bool | None = None
    open: frozenset[str] | None = None
    viewed: Named | None = None
    bought: Named | None = None


class Audience(Struct, frozen=True):
    """`members`: one of them holds."""

    name: str
    members: tuple[Members, ...]


class Audiences:
    """All of a file, in its order, and the times that its conditions name."""

    def __init__(self, audiences: tuple[Audience, ...]) -> None:
        self.all: Final = audiences
        self.names: Final = frozenset(audience.name for audience in audiences)
        every = [members for audience in audiences for members in audience.members]
        self.visit_bounds: Final = _bounds(each.since_visit for each in every)
        self.order_bounds: Final = _bounds(each.since_order for each in every)
        self.viewed_within: Final = _within(each.viewed for each in every)
        self.bought_within: Final = _within(each.bought for each in every)
        self.named: Final = frozenset(self.viewed_within) | frozenset(self.bought_within)
        """The categories and products that audiences name."""

    def __bool__(self) -> bool:
        return bool(self.all)


def _bounds(spans: Iterable[TimeSpan | None]) -> tuple[int, ...]:
    return tuple(sorted({bound for span in spans if span is not None for bound in span.bounds}))


def _within(wanted: Iterable[Named | None]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for named in wanted:
        for name in named.names if named is not None else ():
            found.setdefault(name, set()).add(named.within if named is not None else 0)
    return {name: tuple(sorted(times)) for name, times in found.items()}


def next_bound(since: int, bounds: Sequence[int], now: int) -> int | None:
    """The first time after `now` (ms) at which the time since `since` crosses one of the bounds."""
    place = bisect_right(bounds, now - since)
    return since + bounds[place] if place < len(bounds) else None
