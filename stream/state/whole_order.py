"""The value and lines of an order, as sent in facts and claims, and handed over between records.

Source: docs/semantics-life.md, 12, "Orders travel whole". Times are in ms, NEVER (-1) for what was not given.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET, Struct

from stream import limits
from stream.durations import DAY
from stream.events.parts import OrderItem
from stream.events.types import OrderPlaced, VisitorSubscribed
from stream.state import cart as carts
from stream.state.cart import NEVER, Line
from stream.state.filling import key_of, lines_of

OLD_AFTER: Final = DAY


class OrderLine(Struct, array_like=True, gc=False):
    """A line of an order. `renews`: a subscription will bring it again."""

    product_id: str
    variant_id: str
    quantity: float
    name: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None
    image: str | None = None
    currency: str | None = None
    renews: bool = False


class WholeOrder(Struct, array_like=True, gc=False):
    """An order with its lines.

    `value` None: unknown · `day`: if it differs from the order's time · `whose`, `visitor`, `event`: person,
    visitor and id of its event · `withheld`: it opens no episode where it arrives.
    """

    value: float | None = None
    currency: str | None = None
    lines: list[OrderLine] = []
    old: bool = False
    day: int = NEVER
    whose: str = ""
    visitor: str = ""
    event: str = ""
    withheld: bool = False


def is_old(event: OrderPlaced | VisitorSubscribed, t: int) -> bool:
    """Whether an order or a subscription is an old one: it counts, but opens no episode."""
    sent = event.client_time
    return event.imported is True or (sent is not UNSET and t - sent > OLD_AFTER)


def given_lines(event: OrderPlaced) -> list[OrderLine]:
    """The lines of an order. Equal items become one line."""
    order = event.order
    if order.items is UNSET or not order.items:
        return []
    currency = None if order.currency is UNSET else order.currency or None
    renewing = _renewing(order.items)
    lines = lines_of(order.items, currency)
    return [_line(line, renewing.get(key, False)) for key, line in lines.items()]


def _renewing(items: Iterable[OrderItem]) -> dict[str, bool]:
    """By line: whether a subscription renews it. Of equal items the last one counts."""
    return {
        key_of(item): item.renews
        for item in items
        if item.renews is not UNSET and item.quantity > 0
    }


def emptied_lines(lines: Iterable[Line]) -> list[OrderLine]:
    """The lines of a cart that an order emptied."""
    return [_line(line, False) for line in lines]


def _line(line: Line, renews: bool) -> OrderLine:
    return OrderLine(
        line.product_id,
        line.variant_id,
        line.quantity,
        line.name,
        line.category,
        line.price,
        line.url,
        line.image,
        line.currency,
        renews,
    )


def whole(event: OrderPlaced, person: str, lines: list[OrderLine], t: int) -> WholeOrder:
    """The whole order of an event at `t` (ms). `person`: that of the event."""
    order, sent = event.order, event.client_time
    return WholeOrder(
        value=order.value if order.value is not UNSET else worth(lines),
        currency=None if order.currency is UNSET else order.currency or None,
        lines=lines,
        old=is_old(event, t),
        day=sent if sent is not UNSET and sent < t else NEVER,
        whose=person,
        visitor=event.visitor,
        event=event.id,
    )


def worth(lines: Iterable[OrderLine]) -> float | None:
    """The value of lines. None if no line has a price, or if they name more than one currency."""
    found = list(lines)
    if all(line.price is None for line in found):
        return None
    return carts.value(found)


def currency_shown(order: WholeOrder) -> str | None:
    """The currency of the order, else the only one of its lines."""
    if order.currency:
        return order.currency
    named = {
        line.currency.lower(): line.currency for line in reversed(order.lines) if line.currency
    }
    return next(iter(named.values())) if len(named) == 1 else None


def brought(order: WholeOrder, *, value: bool, currency: bool, lines: bool) -> WholeOrder | None:
    """The parts of a repetition that a record lacks. None if it lacks none."""
    parts = WholeOrder(
        value=order.value if value else None,
        currency=order.currency if currency else None,
        lines=order.lines if lines else [],
        visitor=order.visitor,
        event=order.event,
    )
    has = parts.value is not None or parts.currency is not None or bool(parts.lines)
    return parts if has else None


def lacking(record: WholeOrder, order: WholeOrder) -> WholeOrder | None:
    """Like `brought`, for a record that keeps its orders whole."""
    return brought(
        order,
        value=record.value is None,
        currency=record.currency is None,
        lines=not record.lines,
    )


def bring(record: WholeOrder, parts: WholeOrder) -> WholeOrder:
    """The record's order with the parts of a repetition added."""
    return WholeOrder(
        record.value if parts.value is None else parts.value,
        record.currency if parts.currency is None else parts.currency,
        parts.lines or record.lines,
        record.old,
        record.day,
        record.whose,
        record.visitor,
        record.event,
        record.withheld,
    )


def size(lines: Iterable[OrderLine]) -> int:
    """About how many characters the lines take."""
    return sum(map(limits.size, lines))
