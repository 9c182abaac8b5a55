"""Facts: records of the visitors and keys stages for the people stage, in `visitor.facts`. Source: docs/semantics.md, 4.

The place of a fact among all facts of a person is (at, visitor, n). The same place always has the same bytes, so a copy
after a crash is recognized by its place. Watermark records are in the same topic.
"""

import msgspec
from msgspec import Struct

from stream.state.cart import Contents, Line
from stream.state.in_time import Attributed
from stream.state.orders import HandedOrder
from stream.state.view import View, ViewSummary
from stream.state.visitor import Checkout, Visitor
from stream.state.whole_order import WholeOrder


class CartSummary(Struct, gc=False, omit_defaults=True):
    """A visitor's cart; `changed_at` NEVER: it never changed."""

    id: str
    changed_at: int
    added_at: int
    lines: list[Line] = []
    currency: str | None = None
    url: str | None = None


class Summary(Struct, omit_defaults=True, gc=False):
    """The visitor at the time of the fact, from which episodes are decided.

    `last_active`: the last sign of the visitor, its last unattended change included · `subject`: the
    view that a reminder would be about · `on_screen`: the product on screen, "" for none · `evidence`: ids
    of the events behind search, cart and checkout; each view names its own.
    """

    visit_start: int
    last_active: int
    visits: int
    orders: int
    cart: CartSummary
    checkout: Checkout | None = None
    views: list[ViewSummary] = []
    subject: View | None = None
    on_screen: str = ""
    searches: int = 0
    query: str = ""
    unanswered: bool = False
    evidence: list[str] = []


class Fact(Struct, tag_field="type", kw_only=True, omit_defaults=True, gc=False):
    """A fact. `at`: ms · `n`: the fact number. The order of a person's facts is (at, visitor, n)."""

    at: int
    visitor: str
    n: int
    person: str


class Idle(Fact, tag="visitor.idle", gc=False):
    summary: Summary


class Active(Fact, tag="visitor.active", gc=False):
    last_active: int


class Moved(Fact, tag="visitor.moved", gc=False):
    """Says that the visitor belongs to another person from now on."""


class Identified(Fact, tag="visitor.identified", omit_defaults=True, gc=False):
    """A change of person, with what the new person takes over; or the contacts and traits of an identifying event.

    `contacts` None: not given; empty: the person has none · `event`: the id of the event of a change ·
    `subscription`: channels of a subscription that is handed over · `watches`: the visitor's last ones, by recipe.
    """

    orders: list[HandedOrder] = []
    withdrawn: list[str] = []
    granted: list[str] = []
    contacts: list[str] | None = None
    traits_orders: int | None = None
    traits_value: float | None = None
    time_zone: str | None = None
    event: str = ""
    subscription: list[str] = []
    watches: list[Attributed] = []


class OnsiteDecided(Fact, tag="onsite.decided", gc=False):
    """An onsite candidate has reached the holdout, under a recipe whose orders are counted."""

    about: Attributed


class Ordered(Fact, tag="order.placed", gc=False):
    """An order. `cart_id`: under which its lines count as bought · `contents`: of the cart that it emptied."""

    order_id: str
    cart_id: str | None = None
    contents: Contents | None = None
    recurring: bool = False
    whole: WholeOrder | None = None


class Supplemented(Fact, tag="order.supplemented", gc=False):
    """Parts of an order placed at `order_at` (ms) that a repetition added to the record of a key.

    It creates no person, and no person is remembered longer for it.
    """

    order_id: str
    order_at: int
    whole: WholeOrder


class Delivered(Fact, tag="order.delivered", gc=False):
    order_id: str


class Unordered(Fact, tag="order.cancelled", gc=False):
    """A cancelled order. `unpaid`: [from, until) in ms, when an order whose payment failed may have been placed."""

    order_id: str
    unpaid: tuple[int, int] | None = None


class Consented(Fact, tag="consent.changed", gc=False):
    """A consent. `late`: its event was late; a late grant lifts no withdrawal."""

    channels: list[str]
    granted: bool
    late: bool = False


class Subscribed(Fact, tag="visitor.subscribed", gc=False):
    """A subscription. It replaces a consent.changed that grants. `event`: the id of its event."""

    channels: list[str]
    late: bool = False
    old: bool = False
    event: str = ""


class Erased(Fact, tag="person.erased", gc=False):
    """Says that the person is erased. Nothing of it is kept. `event`: the id of the event that asked for it."""

    event: str = ""


class WatermarkRecord(Struct, tag_field="type", tag="mark", gc=False, omit_defaults=True):
    """Evidence (ms) of some of `sources` partitions. All facts before that time come before this record.

    `stage`: whose partitions they are: those of the input (visitors) or of the claims (keys).
    """

    sources: int
    evidence: dict[int, int]
    stage: str = "visitors"


AnyFact = (
    Idle
    | Active
    | Moved
    | Identified
    | Ordered
    | Unordered
    | Consented
    | Supplemented
    | Delivered
    | Subscribed
    | Erased
    | OnsiteDecided
)


def number(state: Visitor) -> int:
    """The next number of a fact or a claim."""
    state.facts += 1
    return state.facts - 1


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyFact | WatermarkRecord).decode
