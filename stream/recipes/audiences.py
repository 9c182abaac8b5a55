"""Audiences: who belongs, as data, and the times at which that may change. Source: docs/semantics-life.md, 13."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import inf, nextafter
from typing import Final, TypeVar

from msgspec import Struct

from stream.recipes.conditions import Range

C = TypeVar("C")

NEVER_CHANGES: Final = 1 << 62
"""A time (ms) after all others."""

Numbers = tuple[int, int, float]
"""(visits, orders, what was spent)."""

_CATEGORY: Final = "c:"
_PRODUCT: Final = "p:"


def category(name: str) -> str:
    """The name under which a category is remembered."""
    return _CATEGORY + name


def product(id: str) -> str:
    """The name under which a product is remembered."""
    return _PRODUCT + id


class TimeSpan(Struct, frozen=True):
    """A time since something: from `min` to less than `max` (ms)."""

    min: int
    max: int | None


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


class Cuts:
    """Which conditions on one number hold, by where it lies between their bounds.

    `bounds`: sorted; `fulfilled[n]`: the bits of those that hold from `bounds[n - 1]` to less than `bounds[n]`.
    """

    __slots__ = ("bounds", "fulfilled")

    def __init__(self, wanted: Sequence[tuple[int, float, float]]) -> None:
        """`wanted`: (bit, from, to), which holds for from <= number < to."""
        ends = {end for _, low, high in wanted for end in (low, high)}
        self.bounds: Final = tuple(sorted(ends - {-inf, inf}))
        self.fulfilled: Final = tuple(
            sum(bit for bit, low, high in wanted if low <= number < high)
            for number in (-inf, *self.bounds)
        )

    def of(self, number: float) -> int:
        """The bits of the conditions that hold."""
        return self.fulfilled[bisect_right(self.bounds, number)]


class TimeCuts(Cuts):
    """Which conditions on the time since something hold.

    `ends[n]`: the time (ms) since it at which those of `fulfilled[n]` end, NEVER_CHANGES of the last ones ·
    `at_first`: the bits of those that hold at once, `near`: when these end.
    """

    __slots__ = ("at_first", "ends", "near")

    def __init__(self, wanted: Sequence[tuple[int, float, float]]) -> None:
        super().__init__(wanted)
        self.ends: Final = (*map(int, self.bounds), NEVER_CHANGES)
        self.at_first, self.near = self.over_time(0, 0)

    def over_time(self, since: int, now: int) -> tuple[int, int]:
        """(the bits of the conditions that hold at `now`, when they next change: from NEVER_CHANGES on, never). Times in ms."""
        place = bisect_right(self.bounds, now - since)
        return self.fulfilled[place], since + self.ends[place]


class Audiences:
    """All of a file, in its order. Each condition has a bit, equal ones share it: whoever fulfils all bits of a map
    belongs. None in place of TimeCuts: nothing asks for the time."""

    def __init__(self, audiences: tuple[Audience, ...]) -> None:
        self.all: Final = audiences
        self.places: Final = {audience.name: place for place, audience in enumerate(audiences)}
        """By name, its place in the file."""
        self._bits: dict[tuple[str, object], int] = {}
        self._alternatives: Final = [
            (audience.name, [sum(self._of(members)) for members in audience.members])
            for audience in audiences
        ]
        self._known: dict[int, tuple[tuple[str, ...], frozenset[str]]] = {}
        self._ranges: Final = [self._range(each) for each in ("visits", "orders", "spent")]
        self.counted: Final[dict[Numbers, int]] = {}
        """The last results of `count`."""
        self.since_visit: Final = self._span("since_visit")
        self.since_order: Final = self._span("since_order")
        self.near: Final = NEVER_CHANGES if self.since_visit is None else self.since_visit.near
        """The time (ms) since a visit at which the first audience may change."""
        self.reachable: Final = {
            value: bit for (sort, value), bit in self._bits.items() if sort == "reachable"
        }
        self.open: Final = self._open()
        self.viewed: Final = self._named("viewed")
        self.bought: Final = self._named("bought")
        self.named: Final = self.viewed.keys() | self.bought.keys()
        """The categories and products that audiences name, as they are remembered."""
        self.categories: Final = self._remembered(_CATEGORY)
        self.products: Final = self._remembered(_PRODUCT)

        self.prepared: Final = (
            self._prepared() if self.all and len(self._bits) <= MOST_BITS else None
        )
        """What `stream/native/_audiences.h` works with. None: Python looks."""

    def __bool__(self) -> bool:
        return bool(self.all)

    def of(self, bits: int) -> tuple[tuple[str, ...], frozenset[str]]:
        """The audiences of whoever fulfils these conditions, in the order of the file, and as a set."""
        found = self._known.get(bits)
        if found is None:
            names = tuple(
                name
                for name, each in self._alternatives
                if any(bits & wanted == wanted for wanted in each)
            )
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[bits] = names, frozenset(names)
        return found

    def _prepared(self) -> tuple[object, ...]:
        reachable = (self.reachable.get(each, 0) for each in (True, False))
        named = [
            {name: (cuts.ends, cuts.fulfilled) for name, cuts in each.items()}
            for each in (self.viewed, self.bought)
        ]
        times = [
            each and (each.ends, each.fulfilled) for each in (self.since_visit, self.since_order)
        ]
        remembered = self.categories, self.products, self.counted, self._known
        return *remembered, self.open, *named, *times, *reachable

    def count(self, numbers: Numbers) -> int:
        """The bits of the conditions on these numbers that hold."""
        if len(self.counted) >= MOST_KNOWN:
            self.counted.clear()
        bits = sum(cuts.of(number) for cuts, number in zip(self._ranges, numbers, strict=True))
        self.counted[numbers] = bits
        return bits

    def _of(self, members: Members) -> set[int]:
        """The bits of a map's conditions."""
        found = {self._bit(each.name, each) for each in members.ranges}
        for sort in ("since_visit", "since_order", "reachable", "open", "viewed", "bought"):
            wanted = getattr(members, sort)
            if wanted is not None:
                found.add(self._bit(sort, wanted))
        return found

    def _bit(self, sort: str, wanted: object) -> int:
        return self._bits.setdefault((sort, wanted), 1 << len(self._bits))

    def _range(self, sort: str) -> Cuts:
        """Both ends of a range are included."""
        wanted = [
            (
                bit,
                -inf if each.min is None else each.min,
                inf if each.max is None else nextafter(each.max, inf),
            )
            for each, bit in self._conditions(sort, Range)
        ]
        return Cuts(wanted)

    def _span(self, sort: str) -> TimeCuts | None:
        wanted = [
            (bit, each.min, inf if each.max is None else each.max)
            for each, bit in self._conditions(sort, TimeSpan)
        ]
        return TimeCuts(wanted) if wanted else None

    def _open(self) -> dict[str, int]:
        """By kind, the bits of the conditions that an open episode of it fulfils."""
        found: dict[str, int] = {}
        for (sort, kinds), bit in self._bits.items():
            if sort == "open" and isinstance(kinds, frozenset):
                for kind in kinds:
                    found[kind] = found.get(kind, 0) | bit
        return found

    def _named(self, sort: str) -> dict[str, TimeCuts]:
        """By name the conditions that a view or purchase of it fulfils for some time."""
        found: dict[str, list[tuple[int, float, float]]] = {}
        for each, bit in self._conditions(sort, Named):
            for name in each.names:
                found.setdefault(name, []).append((bit, -inf, each.within))
        return {name: TimeCuts(wanted) for name, wanted in found.items()}

    def _remembered(self, sort: str) -> dict[str, str]:
        """By category or product, as events name it, the name under which it is remembered."""
        return {each.removeprefix(sort): each for each in self.named if each.startswith(sort)}

    def _conditions(self, sort: str, kind: type[C]) -> Iterator[tuple[C, int]]:
        for (of, wanted), bit in self._bits.items():
            if of == sort and isinstance(wanted, kind):
                yield wanted, bit


MOST_BITS: Final = 62
"""Conditions whose bits fit into a number of the C code."""

MOST_KNOWN: Final = 4_096
"""Combinations of conditions whose audiences are remembered, and of numbers. There are few: people are alike."""
