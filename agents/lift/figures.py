"""The lift of recipes as the document of lift.json and of the page. Times are in ms."""

from typing import Final

from msgspec import Struct

from agents.lift import intervals
from agents.lift.intervals import Difference
from agents.lift.watches import Compared, FirstWatches, Groups, WatchedGroup

ENOUGH: Final = 100
"""Persons held back that a comparison needs."""

ORDERED: Final = 20
"""Persons with an order that each group needs for a reliable interval of values. Values of orders are skewed: with 10 such
persons the interval holds the truth about 90 times in 100, with 3 of them 80 times."""

LIMITS: Final = (
    "A person counts as treated from the moment at which the holdout guard lets the message pass, so chance alone decides "
    "the group. If a later guard or a sender holds the message back, the difference is smaller than the effect of a message.",
    "A watch that has not ended is not counted, so the last days are missing.",
    "A 95 % interval misses the true value one time in twenty: of twenty recipes without any effect, one seems to have one. "
    "Choose the period before you look at the result.",
    "Orders of all channels count. Their values are as the shop gave them, in any currency.",
)
"""What the figures cannot say."""


class GroupFigures(Struct):
    """A group of persons. `ordered`: persons with an order · `share`: their share of all · `value`: of all orders ·
    `each`: value per person. `share` and `each` are None without persons."""

    persons: int
    ordered: int
    share: float | None
    value: float
    each: float | None


class OfArm(Struct):
    """One arm of a recipe: persons who got the message (`treated`) and persons held back (`held`).

    `enough`: a comparison is possible · `few`: few got the message or ordered, so the interval of `value` is unreliable ·
    `orders`: difference of the shares of persons with an order · `value`: difference of the values per person. Both are
    None if not `enough`; `value` also if all persons spent the same.
    """

    recipe: str
    version: int
    arm: str | None
    treated: GroupFigures
    held: GroupFigures
    enough: bool
    few: bool
    orders: Difference | None
    value: Difference | None


class Lift(Struct):
    """The document. `since`, `until`: the period · `watches`: records in it, of which the first of each person counts."""

    since: int | None
    until: int | None
    watches: int
    recipes: list[OfArm]
    limits: list[str]


def report(watches: FirstWatches, since: int | None, until: int | None) -> Lift:
    """The document of these watches, for the period in which they began."""
    recipes = [_arm(compared, groups) for compared, groups in watches.groups().items()]
    return Lift(since, until, watches.read, recipes, list(LIMITS))


def _arm(compared: Compared, groups: Groups) -> OfArm:
    treated, held = groups.treated, groups.held
    enough = held.persons >= ENOUGH and treated.persons > 0
    few = treated.persons < ENOUGH or min(treated.ordered, held.ordered) < ORDERED
    orders = value = None
    if enough:
        orders = intervals.shares(treated.ordered, treated.persons, held.ordered, held.persons)
        value = intervals.means(treated.sample, held.sample)
    return OfArm(*compared, _side(treated), _side(held), enough, few, orders, value)


def _side(group: WatchedGroup) -> GroupFigures:
    persons = group.persons
    share, each = (group.ordered / persons, group.value / persons) if persons else (None, None)
    return GroupFigures(persons, group.ordered, share, group.value, each)
