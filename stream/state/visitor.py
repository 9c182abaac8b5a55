"""A visitor: visit, views, cart, checkout and what was sent about them. Source: docs/semantics.md, 3 and 4.

Invariants: `views` is ordered by last view, the newest last; everything of a visit is cleared by the
event that starts the next; the cart and the checkout outlive the visit.
"""

from typing import Final

from msgspec import UNSET, Struct

from stream.durations import DAY, MINUTE
from stream.events.types import Event, ProductViewed, SearchPerformed
from stream.state.cart import NEVER, Cart
from stream.state.orders import OrderEntry

VISIT_GAP: Final = 30 * MINUTE
IDLE_AFTER: Final = 5 * MINUTE
FORGET_AFTER: Final = 30 * DAY
CHECKOUT_LASTS: Final = 7 * DAY
LATE_AFTER: Final = 5 * MINUTE

KEPT_IDS: Final = 16
KEPT_VIEWS: Final = 20

NOTHING, ACTIVE, IDLE = 0, 1, 2
"""What the people stage was told last of this visitor's presence."""

STARTED, CONTACT, SHIPPING, PAYMENT = 0, 1, 2, 3
STAGES: Final = {"contact": CONTACT, "shipping": SHIPPING, "payment": PAYMENT}
STAGE_NAMES: Final = ("started", "contact", "shipping", "payment")


class View(Struct, array_like=True, gc=False, omit_defaults=True):
    """One product of the visit: how often, how long (ms on screen), when last, as last shown."""

    id: str
    count: int
    dwell: int
    at: int
    event: str
    name: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None
    image: str | None = None


class Glance(Struct, array_like=True, gc=False):
    """A view without what the product looks like: most of its bytes, and told of the subject alone."""

    id: str
    count: int
    dwell: int
    at: int
    event: str
    category: str | None = None


class Checkout(Struct, array_like=True, gc=False):
    started_at: int
    event: str
    stage: int = STARTED
    failed: bool = False


class Signal(Struct, array_like=True, gc=False):
    at: int
    event: str


class Published(Struct, array_like=True, gc=False):
    """A trigger that went out and may still be cancelled before `valid_until`."""

    trigger_id: str
    recipe: str
    person: str
    step: int
    channels: list[str]
    valid_until: int


class Visitor(Struct, array_like=True, gc=False):
    """The state of one visitor. Times in ms, NEVER (-1) for what has not happened."""

    id: str
    cart: Cart
    applied: int = -1
    version: int = 0
    armed: int = NEVER
    customer: str | None = None
    facts: int = 0
    sent: int = NOTHING
    last_event: int = NEVER
    last_active: int = NEVER
    idle_pending: bool = False
    ids: dict[str, None] = {}
    visits: int = 0
    visit_start: int = NEVER
    last_look: int = NEVER
    screen: str = ""
    views: dict[str, View] = {}
    searches: int = 0
    query: str = ""
    unanswered: bool = False
    search_event: str = ""
    signals: dict[str, Signal] = {}
    fired: list[str] = []
    refused: list[str] = []
    cart_event: str = ""
    checkout: Checkout | None = None
    orders: list[OrderEntry] = []
    traits_orders: int = 0
    traits_value: float = 0.0
    consent: dict[str, bool] = {}
    offered_at: int = NEVER
    exits: dict[str, int] = {}
    published: list[Published] = []

    @property
    def person(self) -> str:
        return f"visitor:{self.id}" if self.customer is None else f"customer:{self.customer}"

    @property
    def products(self) -> int:
        """How many were looked at in the visit."""
        return len(self.views)

    def engage(self, t: int) -> None:
        """An engaged event: goes on with the visit, or starts the next; adds to the dwell on screen."""
        last = self.last_active
        if last == NEVER or t - last >= VISIT_GAP:
            self.visits += 1
            self.visit_start = t
            self.ids = {}
            self.views = {}
            self.screen = ""
            self.searches = 0
            self.query = ""
            self.unanswered = False
            self.search_event = ""
            self.signals = {}
            self.fired = []
            self.refused = []
            self.last_look = NEVER
        elif self.screen:
            self.views[self.screen].dwell += t - last
        self.last_active = t
        self.idle_pending = True

    def view(self, event: ProductViewed, t: int) -> None:
        """product.viewed: counts the view and takes the attributes of the newest one."""
        product, views = event.product, self.views
        key = product.id
        name, category, price = product.name, product.category, product.price
        url, image = product.url, product.image
        seen = views.pop(key, None)
        views[key] = View(
            key,
            1 if seen is None else seen.count + 1,
            0 if seen is None else seen.dwell,
            t,
            event.id,
            None if name is UNSET else name,
            None if category is UNSET else category,
            None if price is UNSET else price,
            None if url is UNSET else url,
            None if image is UNSET else image,
        )
        if len(views) > KEPT_VIEWS:
            del views[next(iter(views))]
        self.screen = key
        self.unanswered = False
        self.last_look = t

    def look_away(self, event: Event, t: int) -> None:
        """A page, a category or a search: no product is on screen any more."""
        self.screen = ""
        self.last_look = t

    def search(self, event: SearchPerformed, t: int) -> None:
        self.look_away(event, t)
        self.searches += 1
        self.query = event.query
        self.unanswered = True
        self.search_event = event.id

    def subject(self) -> View | None:
        """The product with most dwell in the visit, ties to the latest view."""
        best, longest = None, NEVER
        for each in self.views.values():
            if each.dwell >= longest:
                best, longest = each, each.dwell
        return best

    def glances(self) -> list[Glance]:
        """The views of the visit, the newest last."""
        return [
            Glance(view.id, view.count, view.dwell, view.at, view.event, view.category)
            for view in self.views.values()
        ]

    def knows(self, id: str) -> bool:
        """Whether an event of this id is among the last that were applied in the visit."""
        return id in self.ids

    def remember(self, id: str) -> None:
        ids = self.ids
        ids[id] = None
        if len(ids) > KEPT_IDS:
            del ids[next(iter(ids))]


def open_checkout(state: Visitor, t: int) -> Checkout | None:
    """The checkout if one is open at `t`; one that is 7 days old closes when it is looked at."""
    checkout = state.checkout
    if checkout is not None and t - checkout.started_at >= CHECKOUT_LASTS:
        checkout = state.checkout = None
    return checkout


def check_out(state: Visitor, stage: int, failed: bool, t: int, event: str) -> None:
    """checkout.started, checkout.advanced or payment.failed: opens it, or goes on to the furthest stage."""
    checkout = open_checkout(state, t)
    if checkout is None:
        checkout = state.checkout = Checkout(t, event)
    checkout.stage = max(checkout.stage, stage)
    checkout.failed = failed


def something_to_act_on(state: Visitor, t: int) -> bool:
    return bool(
        state.products or state.searches or state.cart.lines or open_checkout(state, t) is not None
    )
