"""Section 6: the lines and checkout that count, of a summary or an episode's last state."""

from dataclasses import dataclass
from typing import Any

from tests.reference.bought import Bought
from tests.reference.checkout import Checkout
from tests.reference.orders import Orders
from tests.reference.times import DAY

Line = dict[str, Any]


@dataclass
class Counted:
    """The parts that count. `lines`: the cart; `checkout`: the open checkout."""

    lines: list[Line]
    checkout: Checkout | None
    old: bool

    def nothing(self) -> bool:
        return not self.lines and self.checkout is None

    def kind(self) -> str | None:
        """The kind of its funnel episode."""
        if self.checkout:
            return "payment-failed" if self.checkout.failed else "checkout-abandonment"
        return "cart-abandonment" if self.lines else None


def count(
    orders: Orders,
    bought: Bought,
    cart_id: str,
    lines: list[Line],
    changed_at: int | None,
    checkout: Checkout | None,
    at: int,
) -> Counted:
    """The part of these lines and this checkout that counts. `changed_at`: last change of the cart."""
    if orders.last() is None:
        never_changed = not lines and changed_at is None
        return Counted(lines, checkout, old=never_changed and checkout is None)
    last = orders.last_time()
    left = [line for line in lines if not _is_bought(line, last, bought, cart_id, at)]
    if lines:
        old = not left
    else:
        old = changed_at is None or changed_at <= last
    if checkout is not None and _closed(checkout, last, empty=not lines, old=old):
        checkout = None
    if checkout is not None and not left:
        return Counted(lines, checkout, old=False)
    return Counted(left, checkout, old)


def _is_bought(line: Line, last: int, bought: Bought, cart_id: str, at: int) -> bool:
    if line["since"] <= last:
        return True
    return not line["by_added"] and bought.holds(cart_id, line, at)


def _closed(checkout: Checkout, last: int, empty: bool, old: bool) -> bool:
    if checkout.started_at <= last:
        return True
    soon = checkout.started_at - last < DAY
    return soon and (empty or (old and not checkout.failed))
