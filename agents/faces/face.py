"""The faces: for each protocol the kinds of sources, their credentials, and the replies. A face knows no events.

Source: docs/connect.md, 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from agents.faces import answers, identification
from agents.faces.identification import Credentials
from agents.faces.post import Post, Reply


@dataclass(frozen=True)
class Face:
    """`kinds`: the kinds of sources that it serves.

    `credentials`: reads the credentials of a request · `reply`: the reply to accepted messages, given how many were refused ·
    `unreadable`: the status for an unreadable body; 204 where the SDK expects 204 for every body · `needs`: what a
    source that has both keys and secrets requires. secret: one of its secrets · any: a key or a secret · key: a key.
    """

    kinds: tuple[str, ...]
    credentials: Callable[[Post], Credentials]
    reply: Callable[[Post, int], Reply]
    needs: Literal["secret", "any", "key"] = "any"
    unreadable: int = 400


SEGMENT: Final = Face(("segment",), identification.write_key, answers.success)
SEGMENT_PIXEL: Final = Face(("segment",), identification.write_key, answers.pixel)
POSTHOG: Final = Face(("posthog",), identification.project_token, answers.status_ok)
POSTHOG_V1: Final = Face(("posthog",), identification.project_token, answers.results)
MATOMO: Final = Face(("matomo",), identification.site, answers.of_matomo, needs="key")
GA4_TAG: Final = Face(
    ("ga4",), identification.stream, answers.no_content, needs="key", unreadable=204
)
GA4_PROTOCOL: Final = Face(
    ("ga4",), identification.stream, answers.no_content, needs="secret", unreadable=204
)
TRACKERS: Final = ("snowplow", "adobe-commerce")
SNOWPLOW: Final = Face(TRACKERS, identification.app, answers.ok, needs="key")
SNOWPLOW_PIXEL: Final = Face(TRACKERS, identification.app, answers.pixel, needs="key")
SHOPIFY: Final = Face(("shopify",), identification.token, answers.empty)
WOOCOMMERCE: Final = Face(("woocommerce",), identification.token, answers.empty)
SHOPIFY_PIXEL: Final = Face(("shopify-pixel",), identification.token, answers.empty)
CLOUDEVENTS: Final = Face(("cloudevents",), identification.token, answers.empty, needs="secret")
COMMERCETOOLS: Final = Face(
    ("commercetools",), identification.token, answers.validated, needs="secret"
)
ADOBE: Final = Face(("adobe-commerce",), identification.token, answers.empty, needs="secret")

DEFAULTS: Final = {
    "adobe-commerce": ADOBE,
    "cloudevents": CLOUDEVENTS,
    "commercetools": COMMERCETOOLS,
    "ga4": GA4_TAG,
    "matomo": MATOMO,
    "posthog": POSTHOG,
    "segment": SEGMENT,
    "shopify": SHOPIFY,
    "shopify-pixel": SHOPIFY_PIXEL,
    "snowplow": SNOWPLOW,
    "woocommerce": WOOCOMMERCE,
}
"""By the kind of a source: the face that answers at the source's own address, unless the path names another."""
