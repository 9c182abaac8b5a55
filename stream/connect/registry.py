"""The registry: one line for each kind of source.

To add a kind, add a file in stream/connect, a folder of examples in schemas/examples/connect, and its line.
"""

from collections.abc import Callable, Mapping
from typing import Final

from stream.connect import (
    adobe_commerce,
    adobe_orders,
    cloudevents,
    commerce_names,
    commercetools,
    ga4,
    ga4_events,
    matomo,
    own,
    posthog,
    segment,
    shopify,
    shopify_pixel,
    snowplow,
    snowplow_events,
    woocommerce,
)
from stream.connect.finishing import finish
from stream.connect.request import Given, Record
from stream.connect.source import Source
from stream.connect.translation import Translation

Translate = Callable[[Given, Source, int], Translation]
"""(request or record, its source, when it arrived in ms) to our events."""

REGISTRY: Final[Mapping[str, Translate]] = {
    "adobe-commerce": adobe_commerce.translate,
    "cloudevents": cloudevents.translate,
    "commercetools": commercetools.translate,
    "ga4": ga4.translate,
    "matomo": matomo.translate,
    "posthog": posthog.translate,
    "segment": segment.translate,
    "shopify": shopify.translate,
    "shopify-pixel": shopify_pixel.translate,
    "snowplow": snowplow.translate,
    "woocommerce": woocommerce.translate,
}


IGNORE: Final = frozenset({"ignore"})
SPECIFIED: Final = frozenset(commerce_names.TYPES)
TRACKED: Final = frozenset(snowplow_events.OURS)

RENAMED: Final[Mapping[str, frozenset[str]]] = {
    "adobe-commerce": TRACKED | adobe_orders.OF_STATES.keys(),
    "cloudevents": frozenset(own.BODIES) | IGNORE,
    "commercetools": IGNORE,
    "ga4": frozenset(ga4_events.OURS),
    "matomo": SPECIFIED,
    "posthog": SPECIFIED,
    "segment": SPECIFIED | segment.PEOPLE.keys(),
    "shopify": IGNORE,
    "shopify-pixel": frozenset(shopify_pixel.NAMES) | IGNORE,
    "snowplow": TRACKED,
    "woocommerce": frozenset(woocommerce.MEANT) | IGNORE,
}
"""The types of ours to which a shop's own names may be mapped, by the kind of its source."""


def translate(kind: str, given: Given, source: Source, now_ms: int) -> Translation:
    """Our events of what a source sent. Never raises. An unknown kind is refused.

    A record counts as arrived when its broker took it: the time that it lay in the topic makes nothing late.
    """
    function = REGISTRY.get(kind)
    if function is None:
        return Translation(refused=[(0, "unknown_kind")])
    arrived = given.time if isinstance(given, Record) and 0 < given.time < now_ms else now_ms
    try:
        return finish(function(given, source, arrived), source, now_ms - arrived)
    except Exception:  # a fault of ours costs one message, not the stream
        return Translation(refused=[(0, "translator_failed")])
