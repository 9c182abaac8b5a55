"""A key of identity: its owners, and the orders and withdrawals that were claimed under it.

Source: docs/semantics.md, 11. Times in ms, NEVER (-1) for what has not happened.
"""

from typing import Final

from msgspec import Struct, structs

from schemas import names_nobody
from stream import limits
from stream.durations import DAY
from stream.state.cart import NEVER, Contents
from stream.state.whole_order import WholeOrder, bring, lacking, size

FORGET_AFTER: Final = 30 * DAY
ORDERS_FOR: Final = 30 * DAY
MOST_OWNERS: Final = 8
MOST_KEPT_ORDERS: Final = 64
SHARED_WITHIN: Final = DAY
"""A ninth person makes a key shared if all eight owners were bound within this time (ms)."""

ADDRESSES: Final = ("email:", "phone:")
CUSTOMER: Final = "customer:"
VISITOR: Final = "visitor:"


class Owner(Struct, array_like=True, gc=False):
    """A person bound to the key. `at`: when it was bound last (ms)."""

    person: str
    at: int


class ClaimedOrder(Struct, array_like=True, gc=False):
    """An order. `person`: who placed it · `contents`: what it emptied · `opened`: a known owner got it."""

    id: str
    at: int
    person: str
    cart_id: str | None = None
    contents: Contents | None = None
    whole: WholeOrder | None = None
    opened: bool = False


class Key(Struct, array_like=True, gc=False):
    """The state of one key. Its last claim had the place (applied, last_visitor, last_n).

    `facts`: how many it has sent · `owners`: in the order in which they were bound · `orders`: in the order
    of their claims · `withdrawn`: who withdrew each channel.
    """

    id: str
    applied: int = NEVER
    version: int = 0
    armed: int = NEVER
    last_visitor: str = ""
    last_n: int = NEVER
    facts: int = 0
    owners: list[Owner] = []
    shared: bool = False
    orders: list[ClaimedOrder] = []
    withdrawn: dict[str, list[str]] = {}

    def deadline(self) -> int:
        """The time (ms) at which the key is forgotten."""
        return self.applied + FORGET_AFTER

    def parts(self, one: str, other: str) -> bool:
        """Whether two persons are two customers who share an address. The key then forwards nothing between them."""
        return (
            self.id.startswith(ADDRESSES)
            and one.startswith(CUSTOMER)
            and other.startswith(CUSTOMER)
        )


def bind(key: Key, person: str, at: int) -> bool:
    """Makes the person the owner that was bound last. False if the person was an owner before."""
    for place, owner in enumerate(key.owners):
        if owner.person == person:
            key.owners.append(key.owners.pop(place))
            owner.at = at
            return False
    if len(key.owners) == MOST_OWNERS:
        if all(at - owner.at < SHARED_WITHIN for owner in key.owners):
            key.shared = True
        del key.owners[0]
    key.owners.append(Owner(person, at))
    return True


def known(key: Key, id: str, at: int) -> ClaimedOrder | None:
    """The order that one placed at `at` (ms) repeats. With an id of nobody it must have the same time."""
    nobody = names_nobody(id)
    for order in key.orders:
        if order.id == id and (order.at == at or not nobody):
            return order
    return None


def supplement(key: Key, order: ClaimedOrder, repetition: WholeOrder) -> WholeOrder | None:
    """Adds the parts that an order lacks and a repetition has. Returns them, None if there are none."""
    record = order.whole or WholeOrder()
    parts = lacking(record, repetition)
    if parts is not None:
        order.whole = bring(record, parts)
        _trim_contents(key)
    return parts


def enter(key: Key, order: ClaimedOrder) -> None:
    """Keeps an order that the key does not know."""
    key.orders.append(order)
    if len(key.orders) > MOST_KEPT_ORDERS:
        del key.orders[0]
    _trim_contents(key)


def _trim_contents(key: Key) -> None:
    """Drops the contents and lines of old orders that have no room."""
    room = limits.LARGEST_ORDERED
    for order in reversed(key.orders):
        if order.contents:
            room -= sum(20 + len(product) + len(variant) for product, variant, _ in order.contents)
            if room < 0:
                order.contents = None
        if order.whole is not None and order.whole.lines:
            room -= size(order.whole.lines)
            if room < 0:
                order.whole = structs.replace(order.whole, lines=[])


def take_out(key: Key, order_id: str, window: tuple[int, int] | None) -> None:
    """Takes an order out, if its time is in the window. With an id of nobody it takes the latest such order."""
    found = [order for order in key.orders if order.id == order_id]
    if names_nobody(order_id):
        found = found[-1:]
    if window is not None:
        found = [order for order in found if window[0] <= order.at < window[1]]
    key.orders = [order for order in key.orders if order not in found]


def drop_old(key: Key, at: int) -> None:
    """Drops the orders that are 30 days old at `at` (ms)."""
    if key.orders and key.orders[0].at <= at - ORDERS_FOR:
        key.orders = [order for order in key.orders if order.at > at - ORDERS_FOR]


def withdraw(key: Key, channels: list[str], person: str) -> None:
    """Notes who withdrew the channels.

    It keeps at most two customers and two others. So every person finds somebody else among them, if
    anybody else withdrew.
    """
    customer = person.startswith(CUSTOMER)
    for channel in channels:
        known = key.withdrawn.setdefault(channel, [])
        same_sort = [each for each in known if each.startswith(CUSTOMER) == customer]
        if person not in known and len(same_sort) < 2:
            known.append(person)


def grant(key: Key, channels: list[str]) -> None:
    """Deletes all withdrawals of the channels."""
    for channel in channels:
        key.withdrawn.pop(channel, None)
