"""What recipes brought, as one document, which lift.json holds and the page shows. Times in ms."""

from typing import Final

from msgspec import Struct

from agents.lift import intervals
from agents.lift.intervals import Difference
from agents.lift.watches import Compared, FirstWatches, Groups, WatchedGroup

ENOUGH: Final = 100
"""Persons held back. With fewer nothing is said."""

LIMITS: Final = (
    "A message counts from the moment at which the holdout is asked, sent or not: chance alone parts the two groups. "
    "What a later guard or a sender held back makes the difference smaller than the message is.",
    "A watch that has not ended is not counted, so the last days are missing.",
    "An interval of 95 % misses one time in twenty: of twenty recipes that do nothing, one seems to do something. "
    "Choose the time to look at before you look.",
    "Orders of all channels count, and their values as the shop gave them, whatever the currency.",
)
"""What such figures cannot say."""


class GroupFigures(Struct):
    """`share`: of the persons, with an order. `each`: the value of the orders a person. None without persons."""

    persons: int
    ordered: int
    share: float | None
    value: float
    each: float | None


class OfArm(Struct):
    """Who got it against who was held back. `orders`: more persons with an order, as a share; `value`: more a person.
    Both None where it is not enough to tell; `value` also where all spent the same. `few` got it: the interval of the value says less than it seems to."""

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
    """`watches`: records in the time looked at, of which each person's first counts."""

    since: int | None
    until: int | None
    watches: int
    recipes: list[OfArm]
    limits: list[str]


def report(found: FirstWatches, since: int | None, until: int | None) -> Lift:
    recipes = [_arm(compared, groups) for compared, groups in found.groups().items()]
    return Lift(since, until, found.read, recipes, list(LIMITS))


def _arm(compared: Compared, groups: Groups) -> OfArm:
    treated, held = groups.treated, groups.held
    enough = held.persons >= ENOUGH and treated.persons > 0
    few = treated.persons < ENOUGH
    orders = value = None
    if enough:
        orders = intervals.shares(treated.ordered, treated.persons, held.ordered, held.persons)
        value = intervals.means(treated.sample, held.sample)
    return OfArm(*compared, _side(treated), _side(held), enough, few, orders, value)


def _side(group: WatchedGroup) -> GroupFigures:
    persons = group.persons
    share, each = (group.ordered / persons, group.value / persons) if persons else (None, None)
    return GroupFigures(persons, group.ordered, share, group.value, each)
