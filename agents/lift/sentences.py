"""What recipes brought, in words that need no statistics."""

from collections.abc import Callable, Iterator

from agents.lift.figures import ENOUGH, Lift, OfArm
from agents.lift.intervals import Difference


def lines(lift: Lift) -> Iterator[str]:
    """The text of the command."""
    if not lift.recipes:
        yield "No watch has ended in this time: a recipe has watches if it says `attribution`."
    for arm in lift.recipes:
        yield name(arm)
        for sentence in sentences(arm):
            yield f"  {sentence}"
    if lift.recipes:
        yield ""
        yield from lift.limits


def name(arm: OfArm) -> str:
    """`cart-abandonment, version 2, arm discount`."""
    return f"{arm.recipe}, version {arm.version}" + (f", arm {arm.arm}" if arm.arm else "")


def sentences(arm: OfArm) -> list[str]:
    """One of the orders, one of their value; or that it is not enough to tell."""
    counted = (
        f"Of {arm.treated.persons:,} who got it {arm.treated.ordered:,} ordered, "
        f"of {arm.held.persons:,} held {arm.held.ordered:,}"
    )
    if arm.orders is None:
        return [f"Not enough to tell: {_lacking(arm)}.", f"{counted}."]
    return [f"{counted}: {_orders(arm.orders)}.", _value(arm)]


def _lacking(arm: OfArm) -> str:
    if arm.held.persons == 0:
        return "nobody was held back (a recipe holds some back if it says `holdout`)"
    if arm.held.persons < ENOUGH:
        return f"{arm.held.persons:,} were held back, and it takes {ENOUGH}"
    return "nobody got it"


def _orders(orders: Difference) -> str:
    return _said(orders, points, " percentage points", "fewer")


def _value(arm: OfArm) -> str:
    if arm.value is None:
        return "All spent the same, so the value says nothing."
    text = (
        f"On average each who got it spent {money(arm.treated.each or 0)}, each held {money(arm.held.each or 0)}: "
        f"{_said(arm.value, money, '', 'less')}."
    )
    return text + (" Too few got it for that to be relied on." if arm.few else "")


def _said(found: Difference, form: Callable[[float], str], unit: str, less: str) -> str:
    more = "more" if found.value >= 0 else less
    chance = "" if found.sure else ", which may be chance"
    bounds = [found.low, found.high] if found.value >= 0 else [-found.high, -found.low]
    if found.sure:
        between = " and ".join(form(bound) for bound in bounds)
    else:
        between = f"{form(-found.low)} {less} and {form(found.high)} more"
    return f"{form(abs(found.value))}{unit} {more}{chance} (between {between})"


def points(share: float) -> str:
    """A share as percentage points; one digit more where it would be nothing."""
    return f"{100 * share:.1f}" if abs(share) >= 0.0005 or not share else f"{100 * share:.2f}"


def money(value: float) -> str:
    return f"{value:,.2f}"
