"""Compares two sides, trigger by trigger and person by person.

A trigger has one id on both sides if its recipe has one name: the id holds the person, the episode and the
step, and neither the version nor the time (docs/semantics.md, 8).
"""

from collections import Counter
from collections.abc import Iterable
from math import sqrt
from typing import Final, Literal

from msgspec import Struct

from agents.compare.side import SentTrigger, Side

Sort = Literal["same", "new", "gone", "moved", "changed"]
SORTS: Final[tuple[Sort, ...]] = ("same", "moved", "changed", "new", "gone")

Z: Final = 1.959964
"""Half the width of a 95 % interval, in standard deviations."""

FEW: Final = 30
"""Persons who differ. With fewer, an interval of the normal distribution is unreliable."""


class Pair(Struct, frozen=True):
    """A trigger on both sides, or on one. `moved` is one that differs in time, `changed` in offer, arm or
    channels at the same time."""

    sort: Sort
    before: SentTrigger | None
    after: SentTrigger | None

    @property
    def one(self) -> SentTrigger:
        sent = self.after or self.before
        assert sent is not None
        return sent


class Interval(Struct, frozen=True):
    """A difference with the bounds of its 95 % interval. `few`: too few persons differ for reliable bounds."""

    value: float
    low: float
    high: float
    few: bool


def pairs(before: Side, after: Side) -> list[Pair]:
    """Every trigger of either side once, in the order of time."""
    found = [_pair(before.sent.get(id), after.sent.get(id)) for id in before.sent | after.sent]
    return sorted(found, key=lambda pair: (pair.one.not_before, pair.one.trigger_id))


def _pair(before: SentTrigger | None, after: SentTrigger | None) -> Pair:
    if before is None:
        return Pair("new", None, after)
    if after is None:
        return Pair("gone", before, None)
    if before.not_before != after.not_before:
        return Pair("moved", before, after)
    same = _promise(before) == _promise(after)
    return Pair("same" if same else "changed", before, after)


def _promise(sent: SentTrigger) -> tuple[object, ...]:
    return sent.offer, sent.arm, sent.channels


def counts(found: Iterable[Pair]) -> dict[str, Counter[Sort]]:
    """The number of triggers of each sort, by recipe."""
    by_recipe: dict[str, Counter[Sort]] = {}
    for pair in found:
        by_recipe.setdefault(pair.one.recipe, Counter())[pair.sort] += 1
    return by_recipe


def overlap(before: Side, after: Side) -> tuple[int, int, int]:
    """Numbers of persons: (who get triggers from both sides, from the first only, from the second only)."""
    one = {sent.person for sent in before.sent.values()}
    other = {sent.person for sent in after.sent.values()}
    return len(one & other), len(one - other), len(other - one)


def more(before: Side, after: Side) -> Interval:
    """The number of triggers that the second side sends more, with its interval for as many persons like these.

    The persons are a sample of differences, of which most are 0.
    """
    persons = len(before.persons | after.persons)
    each = Counter(sent.person for sent in after.sent.values())
    each.subtract(sent.person for sent in before.sent.values())
    total = sum(each.values())
    if persons == 0:
        return Interval(0, 0, 0, True)
    squares = sum(number * number for number in each.values())
    spread = sqrt(max(squares - total * total / persons, 0.0))
    differ = sum(number != 0 for number in each.values())
    return Interval(total, total - Z * spread, total + Z * spread, differ < FEW)
