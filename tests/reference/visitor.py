"""Section 3: the state of one visitor."""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.reference.cart import Cart, Checkout
from tests.reference.events import ENGAGED
from tests.reference.times import MINUTE

_KEPT_VIEWS = 20
_LOOKS = {"page.viewed", "product.viewed", "category.viewed", "search.performed"}


@dataclass
class Visitor:
    id: str
    customer: str | None = None
    ids: list[str] = field(default_factory=list)
    last_event: int | None = None
    last_active: int | None = None
    idle_pending: bool = False
    visits: int = 0
    visit_start: int = 0
    views: list[dict[str, Any]] = field(default_factory=list)
    on_screen: str | None = None
    searches: int = 0
    open_search: bool = False
    last_look: int | None = None
    signals: dict[str, int] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    checkout: Checkout | None = None
    orders: list[tuple[str, int]] = field(default_factory=list)
    consent: dict[str, bool] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    last_offer: int | None = None
    exits: dict[str, list[int]] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    presence: str | None = None

    def __post_init__(self) -> None:
        self.cart = Cart(self.id)

    def person(self) -> str:
        return f"visitor:{self.id}" if self.customer is None else f"customer:{self.customer}"

    def starts_visit(self, kind: str, at: int) -> bool:
        if kind not in ENGAGED:
            return False
        return self.last_active is None or at - self.last_active >= 30 * MINUTE

    def new_visit(self, at: int) -> None:
        self.visits += 1
        self.visit_start = at
        self.views, self.on_screen = [], None
        self.searches, self.open_search, self.last_look = 0, False, None
        self.signals, self.refused, self.fired = {}, set(), set()

    def engage(self, event: dict[str, Any], at: int) -> None:
        """Dwell, views and searches of an engaged event; a new visit has been started by now."""
        kind = event["type"]
        if self.last_active is not None and self.on_screen is not None:
            for view in self.views:
                if view["id"] == self.on_screen:
                    view["dwell"] += at - self.last_active
        self.last_active, self.idle_pending = at, True
        if kind in _LOOKS:
            self.last_look, self.on_screen = at, None
        if kind == "product.viewed":
            self._view(event["product"], at)
        if kind == "search.performed":
            self.searches += 1
            self.open_search = True

    def _view(self, product: dict[str, Any], at: int) -> None:
        before = [view for view in self.views if view["id"] == product["id"]]
        others = [view for view in self.views if view["id"] != product["id"]]
        seen = {**product, "count": 1, "dwell": 0, "at": at}
        if before:
            seen |= {"count": before[0]["count"] + 1, "dwell": before[0]["dwell"]}
        self.views = [*others, seen][-_KEPT_VIEWS:]
        self.on_screen, self.open_search = product["id"], False

    def shop(self, event: dict[str, Any], at: int) -> None:
        """Cart and checkout of an engaged event."""
        kind, filled = event["type"], bool(self.cart.lines)
        if kind == "cart.updated":
            self.cart.updated(event["cart"], at)
        if kind == "cart.item_added":
            self.cart.item_added(event["item"], at)
        if kind == "cart.item_removed":
            self.cart.item_removed(event["item"], at)
        if filled and not self.cart.lines:
            self.checkout = None
        if kind in ("checkout.started", "checkout.advanced", "payment.failed"):
            self.checkout = self.open_checkout(at) or Checkout(at)
            self.checkout.failed = kind == "payment.failed"
            if self.checkout.failed:
                self.checkout.reach("payment")
            self.checkout.reach(event.get("stage", "started") if "advanced" in kind else "started")

    def open_checkout(self, at: int) -> Checkout | None:
        if self.checkout is not None and not self.checkout.is_open(at):
            self.checkout = None
        return self.checkout

    def order(self, order: dict[str, Any], at: int) -> bool:
        """An order.placed; False if it repeats one of the last 10."""
        if order["id"] in [id_ for id_, _ in self.orders[-10:]]:
            return False
        self.orders.append((order["id"], at))
        given, wanted = self.cart.given_id, order.get("cart_id")
        if wanted is None or given is None or wanted == given:
            self.cart.empty(at)
        self.checkout = None
        return True

    def take_back(self, order: str) -> None:
        self.orders = [(id_, at) for id_, at in self.orders if id_ != order]

    def can_act(self, at: int) -> bool:
        """Whether there is anything that a reminder could speak of."""
        searched_or_viewed = bool(self.views) or self.searches > 0
        return searched_or_viewed or bool(self.cart.lines) or self.open_checkout(at) is not None

    def summary(self, at: int) -> dict[str, Any]:
        checkout = self.open_checkout(at)
        return {
            "visit_start": self.visit_start,
            "last_active": self.last_active,
            "views": copy.deepcopy(self.views),
            "open_search": self.open_search,
            "cart": self.cart.snapshot(),
            "checkout": copy.deepcopy(checkout),
            "visits": self.visits,
        }
