"""A person's purchases of each product, and when each is used up. Source: docs/semantics-life.md, 12.

It keeps the last purchases of the products that were bought last. With each purchase the person's own pace counts
more.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import NamedTuple

from msgspec import structs

from stream import limits
from stream.durations import DAY
from stream.state.cart import NEVER
from stream.state.life_record import KEPT_PRODUCTS, KEPT_PURCHASES, Life, Purchase, Purchases
from stream.state.whole_order import OrderLine, size


class Bought(NamedTuple):
    """A product of an order: its first line, and the number of units."""

    line: OrderLine
    units: float


def products(lines: Iterable[OrderLine]) -> dict[str, Bought]:
    """The products of an order, sorted by id, without those that a subscription renews."""
    found: dict[str, list[OrderLine]] = {}
    for line in lines:
        if not line.renews:
            found.setdefault(line.product_id, []).append(line)
    return {id: _bought(found[id]) for id in sorted(found)}


def _bought(lines: list[OrderLine]) -> Bought:
    first = min(lines, key=lambda line: line.variant_id)
    units = round(sum(line.quantity for line in lines), 6)
    return Bought(structs.replace(first, quantity=1.0), max(units, 1.0))


def enter(life: Life, order_id: str, at: int, day: int, bought: dict[str, Bought]) -> None:
    """Enters an order. `at`: when it was placed (ms) · `day`: the day on which it counts (ms)."""
    for id, (line, units) in bought.items():
        kept = life.purchases.setdefault(id, Purchases())
        if line not in kept.lines:
            kept.lines.append(line)
        one = Purchase(order_id, day, units, NEVER if at == day else at, kept.lines.index(line))
        later = sum(each.day > day for each in kept.all)
        kept.all.insert(len(kept.all) - later, one)
        _keep(kept, kept.all[-KEPT_PURCHASES:])
    while len(life.purchases) > KEPT_PRODUCTS or _is_full(life):
        del life.purchases[min(life.purchases, key=lambda id: (life.purchases[id].all[-1].day, id))]


def _is_full(life: Life) -> bool:
    return sum(size(kept.lines) for kept in life.purchases.values()) > limits.LARGEST_LIFE


def _keep(kept: Purchases, some: list[Purchase]) -> None:
    """Keeps these purchases, and the lines that belong to them."""
    lines: list[OrderLine] = []
    for each in some:
        line = kept.lines[each.line]
        if line not in lines:
            lines.append(line)
        each.line = lines.index(line)
    kept.all, kept.lines = some, lines


def take_back(life: Life, order_id: str, at: int) -> list[str]:
    """Takes out the purchases of an order. Returns its products."""
    found = []
    for id, kept in sorted(life.purchases.items()):
        left = [each for each in kept.all if (each.order_id, each.ordered_at) != (order_id, at)]
        if len(left) == len(kept.all):
            continue
        found.append(id)
        if left:
            _keep(kept, left)
        else:
            del life.purchases[id]
    return found


def of_order(kept: Purchases | None, order_id: str, at: int) -> Purchase | None:
    """The purchase of an order, if it is kept."""
    for each in kept.all if kept is not None else ():
        if (each.order_id, each.ordered_at) == (order_id, at):
            return each
    return None


def used_up(kept: Purchases, one: Purchase, lasts: int) -> tuple[int, int]:
    """When a purchase was made and when it will be used up (ms). `lasts`: the recipe's life of a unit (ms)."""
    days: list[int] = []
    units: list[Fraction] = []
    place = 0
    for each in kept.all:
        if not days or each.day - days[-1] >= DAY:
            days.append(each.day)
            units.append(Fraction(0))
        units[-1] += Fraction(repr(each.units))
        if each is one:
            place = len(days) - 1
    day = days[place]
    unit = (2 * lasts + day - days[0]) / (2 + sum(units[:place], Fraction(0)))
    return day, day + floor(units[place] * unit + Fraction(1, 2))
