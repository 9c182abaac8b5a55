"""Facts forwarded to a person by a key of identity: another visitor's order, cancelled order or consent.

Each is shown as an event of the visitor `~~<key>`, which its fact names. Source: docs/semantics.md, 11.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from stream import backtest, recipes_file
from stream.events.owner import MARK, pseudo_key
from stream.stages.core import Core
from stream.state.facts import AnyFact, Consented, Identified, Ordered, Unordered

Record = dict[str, Any]

BY_KEY: Final = MARK * 2
SORTS: Final = {
    "cart": "the cart",
    "checkout": "the checkout",
    "customer": "the customer",
    "email": "the e-mail key",
    "phone": "the phone key",
}


def who(visitor: str) -> str:
    """A visitor in words: `phone-7`, or `somebody (known by the cart 7)` for a pseudo-visitor."""
    if not visitor.startswith(MARK):
        return visitor
    return f"somebody (known by {_key(visitor.lstrip(MARK))})"


def _key(key: str) -> str:
    sort, _, id = key.partition(":")
    return f"{SORTS.get(sort, sort)} {id}"


def named_by(event: Mapping[str, Any]) -> Iterator[str]:
    """The persons whom an event names."""
    if event.get("customer"):
        yield f"customer:{event['customer']}"
    for sort in ("email", "phone"):
        id = event.get("keys", {}).get(sort)
        if id:
            yield f"{sort}:{id}"
    own = pseudo_key(event["visitor"])
    if own is not None and own[0] in ("customer", "email", "phone"):
        yield ":".join(own)


def forwarded(lines: Iterable[bytes]) -> Iterator[AnyFact]:
    """The facts that the keys stage forwards in a backtest of these lines. A shared key forwards to fewer persons.

    Raises OutOfOrder.
    """
    core = Core(recipes_file.DEFAULT)
    for first in backtest.handed(core.visitors, lines):
        yield from core.forwarded(first).handed
        core.visitors.rest()
        core.keys.rest()


def of_fact(fact: AnyFact) -> Iterator[Record]:
    """The events of a forwarded fact, also of the orders that a key hands over to a person bound to it later."""
    start = {"t": fact.at, "visitor": fact.visitor}
    if isinstance(fact, Ordered):
        yield start | {"type": "order.placed", "order": {"id": fact.order_id}}
    elif isinstance(fact, Unordered):
        yield start | {"type": "order.cancelled", "order": {"id": fact.order_id}}
    elif isinstance(fact, Consented):
        yield start | {
            "type": "consent.changed", "channels": fact.channels, "granted": fact.granted
        }  # fmt: skip
    elif isinstance(fact, Identified):
        for order in fact.orders:
            yield start | {"t": order.at, "type": "order.placed", "order": {"id": order.id}}
