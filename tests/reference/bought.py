"""Section 6: a person's purchases by cart id, from the orders' lines."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference.orders import Order
from tests.reference.times import DAY, MINUTE

_KEPT = 14 * DAY
Line = dict[str, Any]


@dataclass
class _Bought:
    """One line of an order, kept until its expiry."""

    cart_id: str
    line: tuple[str, str, float]
    order: Order
    until: int


def _plain(line: Line) -> tuple[str, str, float]:
    return line["product_id"], line["variant_id"], line["quantity"]


@dataclass
class Bought:
    entries: list[_Bought] = field(default_factory=list)

    def holds(self, cart_id: str, line: Line, at: int) -> bool:
        """Whether the line was bought in the same quantity."""
        self._lapse(at)
        return any(each.cart_id == cart_id and each.line == _plain(line) for each in self.entries)

    def _lapse(self, at: int) -> None:
        self.entries = [each for each in self.entries if at < each.until]

    def add(self, cart_id: str, lines: list[Line], order: Order) -> None:
        """Adds an order's lines, each for 14d unless a summary extends it."""
        for line in lines:
            same = (cart_id, _plain(line), order)
            if all((each.cart_id, each.line, each.order) != same for each in self.entries):
                self.entries.append(_Bought(*same, order.time + _KEPT))

    def shown(self, cart_id: str, lines: list[Line], at: int) -> None:
        """Extends lines that a summary has in the same quantity to 14d from then."""
        self._lapse(at)
        for each in self.entries:
            if each.cart_id == cart_id and each.line in [_plain(line) for line in lines]:
                each.until = at + _KEPT

    def not_shown(self, cart_id: str, lines: list[Line], changed_at: int | None, last: int) -> None:
        """Removes lines that a current summary lacks or has in another quantity."""
        if changed_at is None or changed_at <= last + 5 * MINUTE:
            return
        if any(line["by_added"] for line in lines):
            return
        shown = [_plain(line) for line in lines]
        self.entries = [
            each for each in self.entries if each.cart_id != cart_id or each.line in shown
        ]

    def forget(self, orders: list[Order]) -> None:
        """Removes the lines of orders that were cancelled or marked unpaid."""
        self.entries = [each for each in self.entries if each.order not in orders]
