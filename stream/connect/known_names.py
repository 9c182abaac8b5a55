"""The names for which each kind of source has a row, and the one that is nearest to a name without one.

Source: docs/connect.md, 2.10.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from stream.connect import (
    adobe_orders,
    adobe_storefront,
    commerce_names,
    ga4_events,
    own,
    posthog,
    segment,
    shopify_pixel,
    snowplow_names,
    woocommerce,
)
from stream.connect.reading import words
from stream.connect.source import Source

SPECIFIED: Final = frozenset(commerce_names.NAMES)

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "adobe-commerce": frozenset(adobe_orders.OBSERVERS)
    | adobe_storefront.EVENTS.keys()
    | (adobe_orders.PAYING | adobe_orders.STANDING | adobe_orders.ENDED),
    "cloudevents": frozenset(own.BODIES),
    "ga4": frozenset(ga4_events.EVENTS),
    "matomo": SPECIFIED,
    "posthog": SPECIFIED | posthog.TYPES.keys(),
    "segment": SPECIFIED | segment.TYPES.keys(),
    "shopify-pixel": frozenset(shopify_pixel.EVENTS),
    "snowplow": frozenset(snowplow_names.ACTIONS) | snowplow_names.SCHEMAS.keys(),
    "woocommerce": frozenset(woocommerce.STATES),
}
"""By the kind of a source. The other kinds leave out what they have no row for as something that they do not need."""

UNKNOWN: Final = frozenset({"unknown", "unknown_type", "unknown_status"})
"""The reasons for which a name is one without a row."""

NEAR: Final = 0.75
"""How alike two names must be. Lower: names are offered that mean something else."""


def nearest(name: str, source: Source) -> str | None:
    """The known name, or the shop's own, that is nearest to a name without a row. None if none is near."""
    rows = {words(known): known for known in sorted({*KNOWN.get(source.kind, ()), *source.events})}
    plain = words(name).removeprefix("status ")
    found = get_close_matches(plain, rows, n=1, cutoff=NEAR)
    return rows[found[0]] if found else None
