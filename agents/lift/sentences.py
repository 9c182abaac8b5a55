"""The lift of recipes in sentences for readers without statistics."""

from collections.abc import Callable, Iterator

from agents.lift.figures import ENOUGH, Lift, OfArm
from agents.lift.intervals import Difference


def lines(lift: Lift) -> Iterator[str]:
    """The lines that the command prints."""
    if not lift.recipes:
        yield "No watch has ended in this period. A recipe has watches if it sets `attribution`."
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
    """A sentence about the orders and one about their value; or why there is not enough data."""
    counted = (
        f"Of {arm.treated.persons:,} who got it, {arm.treated.ordered:,} ordered; "
        f"of {arm.held.persons:,} held back, {arm.held.ordered:,}"
    )
    if arm.orders is None:
        return [f"Not enough to tell: {_lacking(arm)}.", f"{counted}."]
    return [f"{counted}: {_orders(arm.orders)}.", _value(arm)]


def _lacking(arm: OfArm) -> str:
    if arm.held.persons == 0:
        return "nobody was held back (a recipe holds persons back if it sets `holdout`)"
    if arm.held.persons < ENOUGH:
        return f"{arm.held.persons:,} were held back, and {ENOUGH} are needed"
    return "nobody got it"


def _orders(orders: Difference) -> str:
    return _sentence(orders, points, " percentage points", "fewer")


def _value(arm: OfArm) -> str:
    if arm.value is None:
        return "All spent the same, so the values show no difference."
    treated, held = money(arm.treated.each or 0), money(arm.held.each or 0)
    text = (
        f"On average, those who got it spent {treated}, and those held back {held}: "
        f"{_sentence(arm.value, money, '', 'less')}."
    )
    if not arm.few:
        return text
    did = "got it" if arm.treated.persons < ENOUGH else "ordered"
    return f"{text} Too few {did} for a reliable figure."


def _sentence(difference: Difference, form: Callable[[float], str], unit: str, less: str) -> str:
    """`1.9 percentage points more (between 0.1 and 3.8)`. `form`: writes a number · `less`: the word for a fall."""
    rises = difference.value >= 0
    chance = "" if difference.sure else ", which may be chance"
    if difference.sure:
        low, high = difference.low, difference.high
        bounds = [low, high] if rises else [-high, -low]
        between = " and ".join(form(bound) for bound in bounds)
    else:
        between = f"{form(-difference.low)} {less} and {form(difference.high)} more"
    return f"{form(abs(difference.value))}{unit} {'more' if rises else less}{chance} (between {between})"


def points(share: float) -> str:
    """A share as percentage points with one decimal, or two if one would show 0."""
    return f"{100 * share:.1f}" if abs(share) >= 0.0005 or not share else f"{100 * share:.2f}"


def money(value: float) -> str:
    return f"{value:,.2f}"
