"""Claims of `identity.claims`: what the visitors stage tells the keys stage. Source: docs/semantics.md, 4 and 11.

A claim's place among all claims of a key is (at, visitor, n), as that of a fact; marks travel in the same topic.
"""

import msgspec
from msgspec import Struct

from stream.state.cart import Contents
from stream.state.facts import Mark


class Claim(Struct, tag_field="type", kw_only=True, omit_defaults=True, gc=False):
    """`at` in ms, `n` the visitor's fact number · `key`: of identity, `cart:…` · `person`: who claims."""

    at: int
    visitor: str
    n: int
    key: str
    person: str


class Bound(Claim, tag="bound", gc=False):
    """The person is an owner of the key."""


class OrderClaim(Claim, tag="order.placed", omit_defaults=True, gc=False):
    """`contents`: what the order emptied."""

    order_id: str
    cart_id: str | None = None
    contents: Contents | None = None


class CancelClaim(Claim, tag="order.cancelled", omit_defaults=True, gc=False):
    """`unpaid`: the window [from, until) of the order's time, ms."""

    order_id: str
    unpaid: tuple[int, int] | None = None


class ConsentClaim(Claim, tag="consent.changed", omit_defaults=True, gc=False):
    """`late`: a late grant lifts no withdrawal."""

    channels: list[str]
    granted: bool
    late: bool = False


AnyClaim = Bound | OrderClaim | CancelClaim | ConsentClaim

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyClaim | Mark).decode
