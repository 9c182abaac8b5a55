"""Section 3: the state of one visitor."""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.reference.cart import Cart, Key, Line
from tests.reference.checkout import Checkout
from tests.reference.events import CHECKOUT, LOOKS, Event
from tests.reference.orders import Order, Orders
from tests.reference.recipes import Recipe
from tests.reference.times import MINUTE

_KEPT_VIEWS = 20
_KEPT_IDS = 256


@dataclass
class Ordered:
    """The cart emptied by the visitor's latest order, and events since."""

    order: Order
    cart_id: str
    of_shop: bool
    lines: dict[Key, Line]
    keys: list[str]
    cart_filled: bool
    checkout_started: bool = False
    cancelled: bool = False


@dataclass
class Visitor:
    id: str
    ids: list[tuple[str, str]] = field(default_factory=list)
    former: tuple[str, int] | None = None
    customer_changed: int | None = None
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    last_event: int | None = None
    last_active: int | None = None
    last_change: int | None = None
    idle_pending: bool = False
    visits: int = 0
    visit_start: int = 0
    views: list[dict[str, Any]] = field(default_factory=list)
    on_screen: str | None = None
    page: str | None = None
    searches: int = 0
    open_search: bool = False
    last_look: int | None = None
    signals: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[Recipe, str]] = field(default_factory=list)
    fired: list[Recipe] = field(default_factory=list)
    checkout: Checkout | None = None
    taken: tuple[int, dict[Key, Line]] | None = None
    """Time and lines of a cart.updated that emptied the cart; None after an addition or order."""
    orders: Orders = field(default_factory=Orders)
    ordered: Ordered | None = None
    consent: dict[str, bool] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    last_offer: int | None = None
    shadow_offers: dict[str, int] = field(default_factory=dict)
    exits: list[tuple[Recipe, int]] = field(default_factory=list)
    watches: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)
    """The last reported watch of each recipe, with its end."""
    to_tell: list[tuple[str, Any]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    presence: str | None = None
    summary_was_full: bool = False
    """Whether the last summary sent to this person had a cart or a checkout."""
    bound_pairs: list[tuple[str, str, int]] = field(default_factory=list)
    looks: int = 0
    subscribed: bool = False
    subscription: list[str] | None = None

    def __post_init__(self) -> None:
        self.cart = Cart(self.id)

    def person(self) -> str:
        if self.customer is not None:
            return f"customer:{self.customer}"
        return self.email or self.phone or f"visitor:{self.id}"

    def accept(self, kind: str, id_: str | None, at: int) -> None:
        self.last_event = at
        if id_ is not None:
            self.ids = [*self.ids, (kind, id_)][-_KEPT_IDS:]

    def next_customer(self, at: int) -> "Visitor":
        """A new visitor after the customer ends; only the id and the remembered event ids are kept."""
        former = (self.person(), at)
        return Visitor(self.id, self.ids, former, customer_changed=at, last_event=at)

    def engage(self, event: Event, at: int) -> None:
        """Updates visit, dwell, views and searches for an engaged event."""
        if self.last_active is None or at - self.last_active >= 30 * MINUTE:
            self._new_visit(at)
        elif self.on_screen is not None:
            for view in self.views:
                if view["id"] == self.on_screen:
                    view["dwell"] += at - self.last_active
        self.last_active, self.idle_pending = at, True
        if event.type in LOOKS:
            self.last_look, self.on_screen, self.page = at, None, None
            self.looks += 1
        if event.type == "page.viewed":
            self.page = event.body["kind"]
        if event.type == "product.viewed":
            self._view(event.body["product"], at)
        if event.type == "search.performed":
            self.searches += 1
            self.open_search = True

    def _new_visit(self, at: int) -> None:
        self.visits += 1
        self.visit_start = at
        self.views, self.on_screen, self.page = [], None, None
        self.searches, self.open_search, self.last_look = 0, False, None
        self.signals, self.refused, self.fired = {}, [], []
        self.looks = 0

    def _view(self, product: dict[str, Any], at: int) -> None:
        before = [view for view in self.views if view["id"] == product["id"]]
        others = [view for view in self.views if view["id"] != product["id"]]
        seen = {**product, "count": 1, "dwell": 0, "at": at}
        if before:
            seen |= {"count": before[0]["count"] + 1, "dwell": before[0]["dwell"]}
        self.views = [*others, seen][-_KEPT_VIEWS:]
        self.on_screen, self.open_search = product["id"], False

    def shop(self, event: Event, at: int) -> None:
        """Updates cart and checkout for a cart, checkout or payment event."""
        kind, had = event.type, copy.deepcopy(self.cart.lines)
        if kind == "cart.updated":
            self.cart.updated(event.body["cart"], at)
        if kind == "cart.item_added":
            self.cart.item_added(event.body["item"], at)
        if kind == "cart.item_removed":
            self.cart.item_removed(event.body["item"], at)
        if had and not self.cart.lines:
            self.taken = (at, had) if kind == "cart.updated" else None
            checkout = self.open_checkout(at)
            if checkout is not None:
                checkout.emptied = True
        if self.cart.lines:
            self.taken = None
            if self.ordered is not None:
                self.ordered.cart_filled = True
        if kind in CHECKOUT:
            self.checkout = self.open_checkout(at) or Checkout(at)
            self.checkout.happens(kind, event.body.get("stage", "started"))
            if kind == "checkout.started" and self.ordered is not None:
                self.ordered.checkout_started = True

    def unattended(self, event: Event, at: int) -> None:
        """Applies a change that is no sign of an active visitor."""
        before = copy.deepcopy((self.cart.contents(), self.open_checkout(at)))
        self.shop(event, at)
        if before != (self.cart.contents(), self.open_checkout(at)):
            self.changes(at)

    def changes(self, at: int) -> None:
        self.last_change, self.idle_pending = at, True

    def open_checkout(self, at: int) -> Checkout | None:
        if self.checkout is not None and not self.checkout.is_open(at):
            self.checkout = None
        return self.checkout

    def last_sign(self) -> int | None:
        """The larger of last_active and last_change."""
        times = [time for time in (self.last_active, self.last_change) if time is not None]
        return max(times, default=None)

    def has_reason_to_be_idle(self, at: int) -> bool:
        """Whether there is anything to act on, or to update at the person."""
        to_act_on = bool(self.views) or self.searches > 0 or bool(self.cart.lines)
        to_act_on = to_act_on or self.open_checkout(at) is not None
        return to_act_on or self.summary_was_full or self.presence == "active"

    def summary(self, at: int) -> dict[str, Any]:
        """The summary in an idle fact; may close the checkout of an empty cart first."""
        checkout, last = self.open_checkout(at), self.orders.last()
        last_order = None if last is None else last.time
        if checkout is not None and checkout.closes_when_idle(not self.cart.lines, last_order):
            self.checkout = None
        return {
            "visit_start": self.visit_start,
            "last_active": self.last_sign(),
            "views": copy.deepcopy(self.views),
            "on_screen": self.on_screen,
            "open_search": self.open_search,
            "cart": self.cart.snapshot(),
            "checkout": copy.deepcopy(self.checkout),
            "visits": self.visits,
        }
