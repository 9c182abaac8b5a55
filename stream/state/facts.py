"""Facts of `visitor.facts`: what the visitors stage tells the people stage. Source: docs/semantics.md, 4.

A fact's place among all facts of a person is (at, visitor, n); the same place always holds the same
bytes, so a copy after a crash is recognised by its place. Marks travel in the same topic.
"""

import msgspec
from msgspec import Struct

from stream.state.cart import Contents, Line
from stream.state.orders import HandedOrder
from stream.state.visitor import Checkout, Glance, View


class CartSummary(Struct, gc=False, omit_defaults=True):
    id: str
    changed_at: int
    added_at: int
    lines: list[Line] = []
    currency: str | None = None
    url: str | None = None


class Summary(Struct, omit_defaults=True, gc=False):
    """All that episodes are decided on: the visitor as it is at the fact's time.

    `subject`: that of the views which a reminder would be about · `evidence`: ids of the events behind search,
    cart and checkout; each view names its own.
    """

    visit_start: int
    last_active: int
    visits: int
    orders: int
    cart: CartSummary
    checkout: Checkout | None = None
    views: list[Glance] = []
    subject: View | None = None
    searches: int = 0
    query: str = ""
    unanswered: bool = False
    evidence: list[str] = []


class Fact(Struct, tag_field="type", kw_only=True, omit_defaults=True, gc=False):
    """`at` in ms, `n` the visitor's fact number: the order of a person's facts is (at, visitor, n)."""

    at: int
    visitor: str
    n: int
    person: str


class Idle(Fact, tag="visitor.idle", gc=False):
    summary: Summary


class Active(Fact, tag="visitor.active", gc=False):
    last_active: int


class Moved(Fact, tag="visitor.moved", gc=False):
    """The visitor is another person's from now on."""


class Identified(Fact, tag="visitor.identified", omit_defaults=True, gc=False):
    """A change of person, with what it takes over from a `visitor:` person; or what an event said."""

    orders: list[HandedOrder] = []
    withdrawn: list[str] = []
    granted: list[str] = []
    contacts: list[str] | None = None
    traits_orders: int | None = None
    traits_value: float | None = None
    time_zone: str | None = None


class Ordered(Fact, tag="order.placed", omit_defaults=True, gc=False):
    """`contents`: what the order emptied at this visitor."""

    order_id: str
    cart_id: str | None = None
    contents: Contents | None = None
    recurring: bool = False


class Unordered(Fact, tag="order.cancelled", omit_defaults=True, gc=False):
    """`unpaid`: the window [from, until) of the order's time, ms."""

    order_id: str
    unpaid: tuple[int, int] | None = None


class Consented(Fact, tag="consent.changed", omit_defaults=True, gc=False):
    """`late`: a late grant lifts no withdrawal."""

    channels: list[str]
    granted: bool
    late: bool = False


class Mark(Struct, tag_field="type", tag="mark", omit_defaults=True, gc=False):
    """Evidence (ms) of a stage's partitions, of how many: all that they sent before it stands before this record."""

    sources: int
    evidence: dict[int, int]
    stage: str = "visitors"


AnyFact = Idle | Active | Moved | Identified | Ordered | Unordered | Consented

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyFact | Mark).decode
