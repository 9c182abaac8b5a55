"""A source: one shop's Segment, GA4, Shopify … and what the shop says of it. Source: docs/connect.md, 7.4."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

KeyOf = Callable[[str, str], str | None]
"""("email" or "phone", raw) → a keyed hash, or None for an address that is none."""

HARMLESS: Final = frozenset({"variant", "sku"})
"""Parameters of a URL that name a product's variant and nobody."""


def no_key(kind: str, raw: str) -> str | None:
    """Without a pepper there is no key: a hash that everybody can make is an address."""
    return None


class Source(Struct, frozen=True, kw_only=True):
    """`key_of` is given from outside, since normalising an address needs libraries and a secret."""

    name: str
    kind: str
    trust: Literal["browser", "server"] = "browser"
    """A key that stands in a page proves nothing: `browser` tells of its own visitor only."""
    cart_authority: bool = True
    """Whether carts of this source count. With two sources only one may tell of carts."""
    network_userid: bool = False
    """Of Snowplow: whether its collector's cookie names a visitor whom its tracker does not."""
    events: dict[str, str] = {}
    """The shop's own event names → a type of ours, or "ignore"."""
    steps: dict[str, str] = {}
    """Names or numbers of checkout steps → contact, shipping or payment."""
    consent: dict[str, list[str]] = {}
    """Categories of consent → channels."""
    currency: str | None = None
    region: str | None = None
    """The region of phone numbers that are written without one."""
    url_parameters: frozenset[str] = HARMLESS
    key_of: KeyOf = no_key
