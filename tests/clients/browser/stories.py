"""The expected events of each page of this folder, and the walk through a page."""

import json
from collections import Counter
from collections.abc import Callable

from selenium.webdriver import Chrome

from agents.config.settings import Settings
from tests.clients.browser.pages import visit
from tests.clients.walking import Answering, Walk, brief, honest, walked
from tests.integration.collecting import kept

SEGMENT = """\
page.viewed V: home /segment.html
category.viewed V: Shirts
search.performed V: shirt
product.viewed V: p-1@19.9
cart.item_added V/cart: p-1×2@19.9EUR
cart.updated V/cart: c-1 [p-1×2@19.9EUR]
checkout.started V/cart
checkout.advanced V: payment
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
activity.pinged V
"""
POSTHOG = SEGMENT.replace("home", "other")
SNOWPLOW = """\
page.viewed V: home /snowplow.html
category.viewed V: Shirts
search.performed V: blue shirt
product.viewed V: p-1@19.9
cart.item_added V/cart: p-1×2@19.9EUR
checkout.started V
checkout.advanced V: contact
checkout.advanced V: payment
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
GA4 = """\
page.viewed V: other /ga4.html
category.viewed V: Shirts
search.performed V: shirt
product.viewed V: p-1@19.9
cart.item_added V: p-1×2@19.9EUR
cart.updated V: [p-1×2@19.9EUR]
checkout.started V
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
COPIED = """\
page.viewed V: other /ga4_copied.html
product.viewed V: p-1@19.9
cart.updated V: [p-1×2@19.9EUR]
checkout.started V
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
MATOMO = """\
page.viewed V: other /matomo.html
category.viewed V: Shirts
search.performed V: shirt
product.viewed V: p-1@19.9
cart.updated V: [p-1×2@19.9EUR]
activity.pinged V
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
ADOBE = """\
page.viewed V: other /adobe.html
product.viewed V: p-1@19.9
cart.updated V/cart: c-1 [p-1×2@19.9EUR]
cart.updated V/cart: c-1 [p-1×2@19.9EUR]
cart.updated V/cart: c-1 [p-1×2@19.9EUR]
checkout.started V/cart
order.placed V: o-1
"""
SHOPIFY = """\
page.viewed V: product /products/shirt
category.viewed V: Shirts
search.performed V: shirt
product.viewed V: p-1@19.9
cart.item_added V: p-1×2@19.9EUR
cart.updated V/cart: c-1 [p-1×2@19.9EUR]
checkout.started V/checkout
checkout.advanced V/checkout: payment
order.placed V/checkout: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
STORIES = {
    "segment": ("segment", {}, SEGMENT),
    "segment in batches": ("segment_batching", {}, SEGMENT),
    "rudder": ("rudder", {}, SEGMENT),
    "rudder by beacons": ("rudder", {"beacon": "1"}, SEGMENT),
    "rudder of version 1": ("rudder_before", {}, SEGMENT),
    "posthog": ("posthog", {}, POSTHOG),
    "posthog unpacked, one by one": ("posthog", {"plain": "1", "single": "1"}, POSTHOG),
    "posthog of a page that is left": ("posthog", {"leave": "1"}, POSTHOG),
    "snowplow": ("snowplow", {}, SNOWPLOW),
    "snowplow by GET": ("snowplow", {"method": "get", "base64": "no"}, SNOWPLOW),
    "snowplow with its own path": ("snowplow", {"path": "/com.shop.events/track"}, SNOWPLOW),
    "ga4": ("ga4", {}, GA4),
    "ga4 copied": ("ga4_copied", {}, COPIED),
    "matomo": ("matomo", {}, MATOMO),
    "matomo by POST": ("matomo", {"post": "1", "nobeacon": "1"}, MATOMO),
    "matomo by GET": ("matomo", {"nobeacon": "1"}, MATOMO),
    "adobe": ("adobe", {}, ADOBE),
    "shopify's pixel": ("shopify", {}, SHOPIFY),
}
"""By name: the page, its parameters, and the events expected in Kafka."""

QUICK = ("shopify's pixel", "matomo", "ga4 copied")
"""The stories without a node package."""


def walk(
    name: str,
    settings: Settings,
    tab: Chrome,
    url: str,
    enough: Callable[[], bool],
    answering: Answering = honest,
) -> Walk:
    """`enough`: whether what is expected is in Kafka."""
    page, wanted, _ = STORIES[name]
    found = Walk()
    script = visit(tab, url, page, found, enough, **wanted)
    return walked(settings, script, answering, found=found)


def plain(story: str) -> list[str]:
    """The events of a story without the page's name and without pings, whose number differs by client."""
    lines = (line.split(" /")[0] for line in story.splitlines())
    return sorted(line for line in lines if not line.startswith("activity.pinged"))


def check(name: str, settings: Settings, tab: Chrome, url: str) -> None:
    wanted = Counter(plain(STORIES[name][2]))

    def all_are_there() -> bool:
        told = [brief(json.loads(record.value)) for record in kept(settings) if record.value]
        return wanted <= Counter(plain("\n".join(told)))

    done = walk(name, settings, tab, url, all_are_there)
    assert plain("\n".join(done.told())) == plain(STORIES[name][2]), done
    assert done.copies() == 1
    settings_of_theirs = [each for each in done.heard if (each.method, each.status) == ("GET", 404)]
    assert {each.status for each in done.heard if each not in settings_of_theirs} <= {200, 204}
    assert "CORS" not in done.output
