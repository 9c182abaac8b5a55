"""A source: one shop's Segment, GA4, Shopify …, and its settings. Source: docs/connect.md, 7.4."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

KeyOf = Callable[[str, str], str | None]
"""("email" or "phone", raw address) to a keyed hash. None for an unusable address."""

HARMLESS: Final = frozenset({"variant", "sku"})
"""Parameters of a URL that name a product's variant, and no person."""


def no_key(kind: str, raw: str) -> str | None:
    """The KeyOf without a pepper: it makes no keys, since anybody could undo a hash without one."""
    return None


class Source(Struct, frozen=True, kw_only=True):
    """A source. `key_of`: given by the caller, because normalizing an address needs libraries and a secret."""

    name: str
    kind: str
    trust: Literal["browser", "server"] = "browser"
    """A `browser` may send only what concerns its own visitor: a key in a page proves nothing."""
    cart_authority: bool = True
    """Whether carts of this source count. Of two sources only one may send carts."""
    network_userid: bool = False
    """For Snowplow: whether the collector's cookie names the visitor if the tracker does not."""
    events: dict[str, str] = {}
    """From the shop's own event names to a type of ours, or to "ignore"."""
    steps: dict[str, str] = {}
    """From names or numbers of checkout steps to contact, shipping or payment."""
    consent: dict[str, list[str]] = {}
    """From categories of consent to channels."""
    currency: str | None = None
    region: str | None = None
    """The region of phone numbers that are written without a country."""
    url_parameters: frozenset[str] = HARMLESS
    key_of: KeyOf = no_key
