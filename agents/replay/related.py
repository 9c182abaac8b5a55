"""Finds the visitors whose events can affect a person: those joined by customers, carts, checkouts and addresses. Pure.

These are more than the person's own visitors: an order that names only a cart can end the person's reminders, too.
Source: docs/semantics.md, 4 and 11.
"""

from collections.abc import Iterable, Iterator

from msgspec import UNSET

from stream.events.owner import customer_of, keys_of, pseudo_key
from stream.events.types import Event, OrderPlaced


class Joined:
    """Names (`visitor:v`, `customer:c`, `cart:7`, `email:…`) that events have joined to one another."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def add(self, event: Event) -> None:
        mine = self._root(f"visitor:{event.visitor}")
        for name in _names(event):
            other = self._root(name)
            if other != mine:
                self._above[other] = mine

    def known(self, names: Iterable[str]) -> str | None:
        """The first of the names that an event had."""
        return next((name for name in names if name in self._above), None)

    def with_(self, name: str) -> frozenset[str]:
        """The visitors that are joined to a name."""
        root = self._root(name)
        visitors = (each for each in list(self._above) if each.startswith("visitor:"))
        return frozenset(
            each.removeprefix("visitor:") for each in visitors if self._root(each) == root
        )

    def _root(self, name: str) -> str:
        above = self._above.setdefault(name, name)
        while above != name:
            self._above[name] = self._above[above]
            name, above = above, self._above[above]
        return name


def _names(event: Event) -> Iterator[str]:
    """The names to which an event joins its visitor."""
    customer = customer_of(event)
    if customer is not None:
        yield f"customer:{customer}"
    yield from keys_of(event)
    own = pseudo_key(event.visitor)
    if own is not None:
        yield ":".join(own)
    if type(event) is OrderPlaced and event.order.cart_id is not UNSET:
        yield f"cart:{event.order.cart_id}"
