"""Claims: records of the visitors stage for the keys stage, in `identity.claims`. Source: docs/semantics.md, 11.

The place of a claim among all claims of a key is (at, visitor, n), like that of a fact among those of a person. n counts
the facts and claims of a visitor together. Watermark records are in the same topic.
"""

import msgspec
from msgspec import Struct

from stream.state.cart import Contents
from stream.state.facts import WatermarkRecord
from stream.state.whole_order import WholeOrder


class Claim(Struct, tag_field="type", kw_only=True, omit_defaults=True, gc=False):
    """A claim. `at`: ms · `key`: the key of identity, like `cart:7` · `person`: the visitor's, at this event."""

    at: int
    visitor: str
    n: int
    key: str
    person: str


class Bound(Claim, tag="bound", gc=False):
    """Says that the key belongs to this person."""


class OrderClaim(Claim, tag="order.placed", gc=False):
    order_id: str
    cart_id: str | None = None
    contents: Contents | None = None
    whole: WholeOrder | None = None


class CancelClaim(Claim, tag="order.cancelled", gc=False):
    order_id: str
    unpaid: tuple[int, int] | None = None


class DeliveryClaim(Claim, tag="order.delivered", gc=False):
    order_id: str


class ConsentClaim(Claim, tag="consent.changed", gc=False):
    channels: list[str]
    granted: bool
    late: bool = False


class ErasureClaim(Claim, tag="person.erased", gc=False):
    """Says that the key is erased. `owners`: its owners are erased too · `event`: the id of the event that asked."""

    owners: bool = False
    event: str = ""


AnyClaim = Bound | OrderClaim | CancelClaim | DeliveryClaim | ConsentClaim | ErasureClaim

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyClaim | WatermarkRecord).decode
