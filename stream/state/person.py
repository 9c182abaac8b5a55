"""A person: visitors, carts they are known to have, episodes, orders, reach, consent, what has fired.

Source: docs/semantics.md, 6 and 7. Times in ms, NEVER (-1) for what has not happened.
"""

from typing import Final

from msgspec import Struct

from stream import limits
from stream.durations import DAY
from stream.state import bought
from stream.state.bought import Bought, KnownCart
from stream.state.cart import NEVER
from stream.state.facts import CartSummary
from stream.state.orders import OrderEntry
from stream.state.view import View
from stream.state.visitor import Checkout, Published

FORGET_AFTER: Final = 30 * DAY
NO_ORDER: Final = NEVER - 1
"""Before every time, and before NEVER: a cart that never changed is not older than no order."""

_REACH: Final = (("email:", ["email"]), ("phone:", ["sms"]))


def _by_time(order: OrderEntry) -> int:
    return order.at


class PersonVisitor(Struct, array_like=True, gc=False):
    """One visitor of the person, as told last."""

    active: bool
    last_active: int
    visits: int = 0


class FiredStep(Struct, array_like=True, gc=False):
    at: int
    recipe: str
    origin: str
    key_time: int


class Episode(Struct, array_like=True, gc=False):
    """One abandonment under one recipe; finished (not open) it is the memory of itself.

    `origin`: the cart id at opening, for browse the visitor · `cart_id`: the present one · `visitor`: that
    fed it last, at `fed_at` · `step`: the next to be decided, from 1, due at `due` if it is planned ·
    `contents`: fingerprint of the cart as last fed, "" once it no longer counts · `emptied`: its cart ids
    that were known empty since · `messages`: steps fired, the last one `fired_step` at `fired_at` ·
    `looked_at`: category of the subject.
    """

    recipe: str
    kind: str
    origin: str
    key_time: int
    opened_at: int
    visitor: str
    fed_at: int
    contents: str = ""
    open: bool = True
    step: int = 1
    due: int = NEVER
    messages: int = 0
    fired_step: int = 0
    fired_at: int = NEVER
    cart: CartSummary | None = None
    product: View | None = None
    sub_kind: str | None = None
    evidence: list[str] = []
    published: list[Published] = []
    cart_id: str = ""
    emptied: list[str] = []
    checkout: Checkout | None = None
    looked_at: str | None = None

    def is_about(self, cart_id: str) -> bool:
        """Whether the cart id is its origin or its present one."""
        return cart_id in {self.origin, self.cart_id}


class Person(Struct, array_like=True, gc=False):
    """The state of one person. The last fact in it has the place (applied, last_visitor, last_n).

    `orders`: the record · `cancelled`, `unpaid`: orders that were taken out of it · `contacts`: as last told,
    None if they never were.
    """

    id: str
    applied: int = NEVER
    version: int = 0
    armed: int = NEVER
    last_visitor: str = ""
    last_n: int = NEVER
    visitors: dict[str, PersonVisitor] = {}
    carts: dict[str, KnownCart] = {}
    episodes: list[Episode] = []
    fired: list[FiredStep] = []
    orders: list[OrderEntry] = []
    contacts: list[str] | None = None
    consent: dict[str, bool] = {}
    zone: str | None = None
    traits_orders: int = 0
    traits_value: float = 0.0
    offered_at: int = NEVER
    cancelled: list[OrderEntry] = []
    unpaid: list[OrderEntry] = []
    bought: Bought = {}

    @property
    def customer(self) -> str | None:
        return self.id.removeprefix("customer:") if self.id.startswith("customer:") else None

    @property
    def reach(self) -> list[str] | None:
        """The channels that reach the person: told, else what a contact person is named by; None: unknown."""
        if self.contacts is None:
            return next((reach for kind, reach in _REACH if self.id.startswith(kind)), None)
        return self.contacts

    @property
    def placed(self) -> list[OrderEntry]:
        """The orders in the record that somebody placed."""
        return [order for order in self.orders if not order.recurring]

    @property
    def last_placed(self) -> OrderEntry | None:
        """The latest order that was ever entered; one cancelled since counts, one that was not paid does not."""
        last = None
        for order in self.orders:
            if not order.recurring and (last is None or order.at > last.at):
                last = order
        for order in self.cancelled:
            if last is None or order.at > last.at:
                last = order
        return last

    @property
    def last_order(self) -> int:
        """The time of that order."""
        last = self.last_placed
        return NO_ORDER if last is None else last.at

    @property
    def last_recorded(self) -> int:
        """The time of the latest order in the record."""
        return max([order.at for order in self.placed], default=NO_ORDER)

    @property
    def order_count(self) -> int:
        return max(len(self.orders), self.traits_orders)

    @property
    def visits(self) -> int:
        number = 0
        for device in self.visitors.values():
            number += device.visits
        return number

    @property
    def anchor(self) -> int:
        """The largest `last_active` over the person's visitors."""
        latest = NEVER
        for device in self.visitors.values():
            if device.last_active > latest:  # noqa: PLR1730 - as in the loop over records
                latest = device.last_active
        return latest

    @property
    def is_active(self) -> bool:
        for device in self.visitors.values():  # noqa: SIM110 - at every fact, and any() is a generator
            if device.active:
                return True
        return False

    def open_episodes(self) -> list[Episode]:
        return [episode for episode in self.episodes if episode.open]

    def deadline(self) -> int:
        """The next time at which something of this person fires."""
        first = self.applied + FORGET_AFTER
        for each in self.episodes:
            if each.open and NEVER != each.due < first:
                first = each.due
        return first


def trim_visitors(person: Person) -> None:
    """After a fact that brings one visitor and no more."""
    if len(person.visitors) > limits.MOST_VISITORS:
        del person.visitors[min(person.visitors, key=lambda id: person.visitors[id].last_active)]


def trim(person: Person, at: int) -> None:
    """After a fact, which brings one visitor, one cart and few episodes: keeps the state in its bounds."""
    trim_visitors(person)
    if person.bought:
        _trim_bought(person, at)
    _trim_carts(person)
    for gone in (person.cancelled, person.unpaid):
        while len(gone) > limits.MOST_ORDERS:
            gone.remove(min(gone, key=_by_time))
    if len(person.episodes) > limits.MOST_REMEMBERED:
        finished = [each for each in person.episodes if not each.open]
        finished.sort(key=lambda each: each.fed_at, reverse=True)
        for each in finished[limits.MOST_REMEMBERED :]:
            person.episodes.remove(each)


def _trim_carts(person: Person) -> None:
    """Of too many known carts the oldest goes, and of the others the lines that have no room beside later ones."""
    if len(person.carts) > limits.MOST_CARTS:
        del person.carts[min(person.carts, key=lambda id: person.carts[id].changed_at)]
    lines = 0
    for cart in person.carts.values():
        lines += len(cart.lines)
    if lines <= limits.MOST_LINES:
        return
    room = limits.MOST_LINES
    for cart in sorted(person.carts.values(), key=lambda cart: cart.changed_at, reverse=True):
        room -= len(cart.lines)
        if room < 0:
            cart.lines = []


def _trim_bought(person: Person, at: int) -> None:
    """Of what is bought that goes which has lapsed, or has no room beside that of later carts."""
    bought.lapse(person.bought, at)
    while len(person.bought) > limits.MOST_CARTS:
        del person.bought[min(person.bought, key=lambda id: _bought_at(person, id))]
    if sum(map(len, person.bought.values())) <= limits.MOST_LINES:
        return
    room = limits.MOST_LINES
    for id in sorted(person.bought, key=lambda id: _bought_at(person, id), reverse=True):
        room -= len(person.bought[id])
        if room < 0:
            del person.bought[id]


def _bought_at(person: Person, cart_id: str) -> int:
    return max(line.order_at for line in person.bought[cart_id])
