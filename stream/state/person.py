"""A person: its visitors, known carts, episodes, orders, contacts, consent and fired steps.

Source: docs/semantics.md, 6 and 7. Times are in ms, NEVER (-1) for what has not happened.
"""

from math import fsum
from typing import Final

from msgspec import Struct

from stream.durations import DAY
from stream.events.words import CONTACTS
from stream.recipes.aliases import is_shadow
from stream.state.bought import Bought, KnownCart
from stream.state.cart import NEVER
from stream.state.facts import CartSummary
from stream.state.in_time import PersonInTime
from stream.state.life_record import Course, Life
from stream.state.orders import OrderEntry
from stream.state.view import View
from stream.state.visitor import Checkout, Published

FORGET_AFTER: Final = 30 * DAY
NO_ORDER: Final = NEVER - 1
"""A time before every other, NEVER included: a cart that never changed is not older than no order."""

_REACH: Final = {"email": ["email"], "phone": ["sms"]}
"""By the kind of a contact person, the channel that names it."""


def by_time(order: OrderEntry) -> int:
    return order.at


class PersonVisitor(Struct, array_like=True, gc=False):
    """One visitor of the person, as of its last fact."""

    active: bool
    last_active: int
    visits: int = 0


class FiredStep(Struct, array_like=True, gc=False):
    at: int
    recipe: str
    origin: str
    key_time: int


class Episode(Struct, array_like=True, gc=False):
    """An episode: one thing left behind, under one recipe. A finished episode stays, so that it is remembered.

    - `origin`: the cart id at its opening; of a browse episode the visitor · `cart_id`: the cart id now
    - `visitor`, `fed_at`: who fed it last, and when; "" if no visitor's fact opened a life episode
    - `step`, `due`: the next step, from 1, and its planned time
    - `contents`: fingerprint of the cart as last fed, "" once it no longer counts
    - `emptied`: its cart ids that were known to be empty since · `looked_at`: category of the subject
    - `messages`, `fired_step`, `fired_at`: number of fired steps, the last one, and its time
    - `course`: what a life episode has beside this, None for any other
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
    course: Course | None = None

    @property
    def wakes(self) -> int:
        """When its next step or the end of its wait is due (ms). NEVER if nothing is planned."""
        course = self.course
        return self.due if course is None or self.due != NEVER else course.ends

    def is_about(self, cart_id: str) -> bool:
        """Whether the cart id is the episode's, now or at its opening."""
        return cart_id in {self.origin, self.cart_id}


class Person(Struct, array_like=True, gc=False):
    """The state of one person. Its last fact had the place (applied, last_visitor, last_n).
    - `orders`: the record; `cancelled`, `unpaid`: taken out of it · `contacts`: None if never given
    - `left`: its last visitor has left it, and no fact of the person has come since
    - `remembered`: the last fact from which `keep` counts, if later ones do not prolong it (ms)
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
    left: bool = False
    remembered: int = NEVER
    life: Life | None = None
    in_time: PersonInTime | None = None

    @property
    def customer(self) -> str | None:
        return self.id.removeprefix("customer:") if self.id.startswith("customer:") else None

    @property
    def reach(self) -> list[str] | None:
        """The channels that reach the person: the contacts, else the one that names a contact person. None: unknown."""
        if self.contacts is None:
            return _REACH.get(self.id.partition(":")[0])
        return self.contacts

    @property
    def placed(self) -> list[OrderEntry]:
        """The orders of the record that somebody placed: not recurring."""
        return [order for order in self.orders if not order.recurring]

    @property
    def last_placed(self) -> OrderEntry | None:
        """The latest order ever entered. A cancelled one counts, an unpaid one does not."""
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
        """The time (ms) of `last_placed`."""
        last = self.last_placed
        return NO_ORDER if last is None else last.at

    @property
    def last_recorded(self) -> int:
        """The time (ms) of the latest order in the record."""
        return max([order.at for order in self.placed], default=NO_ORDER)

    @property
    def order_count(self) -> int:
        return max(len(self.orders), self.traits_orders)

    @property
    def spent(self) -> float:
        """What the person spent: the larger of the value in its traits and the sum of its orders."""
        spent = 0.0 if self.life is None else self.life.spent
        if self.orders:
            spent = fsum((spent, *(each.value for each in self.orders if each.value is not None)))
        return max(self.traits_value, spent)

    @property
    def is_reachable(self) -> bool:
        """Whether a channel reaches the person and is not withdrawn."""
        reach = self.reach
        if reach is None:
            reach = list(CONTACTS) if self.id.startswith("customer:") else []
        if not reach or not self.consent:
            return bool(reach)
        return any(self.consent.get(channel) is not False for channel in reach)

    @property
    def is_known(self) -> bool:
        """Whether it is a customer or a contact person, not only a visitor."""
        return not self.id.startswith("visitor:")

    @property
    def visits(self) -> int:
        return sum(device.visits for device in self.visitors.values())

    @property
    def anchor(self) -> int:
        """The latest activity (ms) of any of the person's visitors."""
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

    def forgotten_at(self, keep: int) -> int:
        """When the person is forgotten (ms): `keep` (ms) after its last fact, but not before a planned life step."""
        last = (self.applied if self.remembered == NEVER else self.remembered) + keep
        for each in self.episodes:
            planned = each.course is not None and each.open and each.due > last
            if planned and not is_shadow(each.recipe):
                last = each.due
        return last

    def deadline(self, keep: int = FORGET_AFTER) -> int:
        """The next time (ms) at which something of this person fires."""
        first = self.forgotten_at(keep)
        for each in self.episodes:
            if each.open and NEVER != each.wakes < first:
                first = each.wakes
        if self.life is not None and NEVER != self.life.bound < first:
            first = self.life.bound
        if self.in_time is not None:
            first = min([first, *(watch.about.until for watch in self.in_time.watches)])
        return first

    def of_life(self) -> Life:
        """The record of the life kinds, created if there is none."""
        if self.life is None:
            self.life = Life()
        return self.life

    def of_time(self) -> PersonInTime:
        """The record of watches and changing recipes, created if there is none."""
        if self.in_time is None:
            self.in_time = PersonInTime()
        return self.in_time
