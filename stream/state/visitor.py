"""A visitor: visit, views, cart, checkout and what was sent about them. Source: docs/semantics.md, 3 and 4.

Invariants: `views` is ordered by last view, the newest last; everything of a visit is cleared by the
event that starts the next; the cart and the checkout outlive the visit. Checkout and orders: the files
`checkout.py` and `ordered.py` beside this one.
"""

from typing import Final

from msgspec import UNSET, Struct

from stream.durations import DAY, MINUTE
from stream.events.types import PageViewed, ProductViewed, SearchPerformed
from stream.state.cart import NEVER, Cart
from stream.state.in_time import VisitorInTime
from stream.state.kept import Gone, Kept, TakenLines
from stream.state.orders import OrderEntry
from stream.state.view import View, ViewSummary

VISIT_GAP: Final = 30 * MINUTE
IDLE_AFTER: Final = 5 * MINUTE
FORGET_AFTER: Final = 30 * DAY
LATE_AFTER: Final = 5 * MINUTE

KEPT_IDS: Final = 256
KEPT_VIEWS: Final = 20

NOTHING, ACTIVE, IDLE = 0, 1, 2
"""The last presence fact that was sent for this visitor."""

STARTED, CONTACT, SHIPPING, PAYMENT = 0, 1, 2, 3
STAGES: Final = {"contact": CONTACT, "shipping": SHIPPING, "payment": PAYMENT}


class Checkout(Struct, array_like=True, gc=False):
    started_at: int
    event: str
    stage: int = STARTED
    failed: bool = False


class Signal(Struct, array_like=True, gc=False):
    at: int
    event: str


class Published(Struct, array_like=True, gc=False):
    """A published trigger, which may be cancelled before `valid_until`."""

    trigger_id: str
    recipe: str
    person: str
    step: int
    channels: list[str]
    valid_until: int


class Visitor(Struct, array_like=True, gc=False):
    """The state of one visitor. Times are in ms, NEVER (-1) for what has not happened.

    - `page`: the kind of the page on screen, "" for none
    - `ids`: ids of the last accepted events, each after the code of its type
    - `shown`: the last summary had a cart or a checkout
    - `customer_since`: when the customer changed last
    - `email`, `phone`: its own keys
    - `former`, `left_at`: whose it was, and until when
    - `bound_pairs`: the pairs (key, person) that were claimed last, with their time
    - `looks`: number of pages, products, categories and searches of the visit
    - `subscription`: channels of a subscription that is to be handed over, [] for none
    """

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
    last_change: int = NEVER
    shown: bool = False
    emptied: bool = False
    taken: TakenLines | None = None
    ordered: Kept | None = None
    gone: list[Gone] = []
    email: str | None = None
    phone: str | None = None
    customer_since: int = NEVER
    former: str | None = None
    left_at: int = NEVER
    bound_pairs: dict[str, int] = {}
    page: str = ""
    looks: int = 0
    subscribed: bool = False
    subscription: list[str] = []
    in_time: VisitorInTime | None = None

    @property
    def person(self) -> str:
        if self.customer is not None:
            return f"customer:{self.customer}"
        if self.email is not None:
            return f"email:{self.email}"
        return f"visitor:{self.id}" if self.phone is None else f"phone:{self.phone}"

    @property
    def is_known(self) -> bool:
        """Whether it belongs to a customer or a contact person."""
        return self.customer is not None or self.email is not None or self.phone is not None

    @property
    def last_sign(self) -> int:
        """The time (ms) of the last engaged event, or of a later unattended change."""
        return self.last_active if self.last_active > self.last_change else self.last_change

    @property
    def products(self) -> int:
        """How many products were viewed in the visit."""
        return len(self.views)

    def begin_anew(self) -> None:
        """Clears everything but the visitor's id, its numbers, its last event and the accepted event ids."""
        new = Visitor(self.id, Cart(self.id))
        for name in _BEGINS_ANEW:
            setattr(self, name, getattr(new, name))

    def engage(self, t: int) -> None:
        """Applies an engaged event: it continues the visit or starts the next one, and adds to the dwell on screen."""
        last = self.last_active
        if last == NEVER or t - last >= VISIT_GAP:
            self.visits += 1
            self.visit_start = t
            self.views = {}
            self.screen = self.page = ""
            self.searches = self.looks = 0
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
        """Applies product.viewed: counts the view and takes the newest attributes."""
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
        self.page = ""
        self.unanswered = False
        self.last_look = t
        self.looks += 1

    def look_away(self, t: int) -> None:
        """Applies a category or a search: no product and no page is on screen any more."""
        self.screen = self.page = ""
        self.last_look = t
        self.looks += 1

    def turn(self, event: PageViewed, t: int) -> None:
        """Applies page.viewed: the page replaces what is on screen."""
        self.look_away(t)
        page = event.page
        if page is not UNSET and page.kind is not UNSET:
            self.page = page.kind

    def search(self, event: SearchPerformed, t: int) -> None:
        self.look_away(t)
        self.searches += 1
        self.query = event.query
        self.unanswered = True
        self.search_event = event.id

    def subject(self) -> View | None:
        """The product with the longest dwell in the visit. Of equal ones it is the one viewed last."""
        best, longest = None, NEVER
        for each in self.views.values():
            if each.dwell >= longest:
                best, longest = each, each.dwell
        return best

    def view_summaries(self) -> list[ViewSummary]:
        """The views of the visit, the newest last."""
        return [
            ViewSummary(view.id, view.count, view.dwell, view.at, view.event, view.category)
            for view in self.views.values()
        ]

    def knows(self, name: str) -> bool:
        """Whether an event is among the last accepted ones. `name`: the code of its type and its id."""
        return name in self.ids

    def remember(self, name: str) -> None:
        ids = self.ids
        ids[name] = None
        if len(ids) > KEPT_IDS:
            del ids[next(iter(ids))]


_BEGINS_ANEW: Final = tuple(
    name
    for name in Visitor.__struct_fields__
    if name not in ("id", "applied", "version", "armed", "facts", "last_event", "ids")
)
