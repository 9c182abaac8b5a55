"""Published node SDKs: Segment, RudderStack, PostHog, Snowplow, Matomo and CloudEvents."""

from pathlib import Path

import pytest

from agents.config.settings import Settings
from tests.clients.walking import Answering, Broken, Walk, command, honest, walked
from tests.node import installed

FOLDER = Path(__file__).parent

SEGMENT = """\
page.viewed v-1: home /
category.viewed v-1: Shirts
search.performed v-1: shirt
product.viewed v-1: p-1@19.9
cart.item_added v-1/cart: p-1×2@19.9EUR
cart.updated v-1/cart: c-1 [p-1×2@19.9EUR]
checkout.started v-1
checkout.advanced v-1: shipping
checkout.advanced v-1: payment
visitor.identified v-1/u-1/email: email
order.placed v-1/u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
POSTHOG = """\
cart.updated u-1/cart: c-1 [p-1×2@19.9EUR]
checkout.started u-1
visitor.identified u-1/email: email
order.placed u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
order.cancelled u-1: o-1
visitor.identified V/u-1
"""
SNOWPLOW = """\
page.viewed v-1/u-1: home /
activity.pinged v-1/u-1
category.viewed v-1/u-1: Shirts
product.viewed v-1/u-1: p-1@19.9
cart.item_added v-1/u-1: p-1×2@19.9EUR
checkout.started v-1/u-1
checkout.advanced v-1/u-1: contact
checkout.advanced v-1/u-1: payment
order.placed v-1/u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
order.placed v-1/u-1: o-2 5.0 EUR
"""
MATOMO = """\
page.viewed V: home /
category.viewed V: Shirts
search.performed V: shirt
product.viewed V: p-1@19.9
cart.updated V: [p-1×2@19.9EUR]
activity.pinged V
order.placed V: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
CLOUDEVENTS = """\
page.viewed v-1: home /
product.viewed v-1: p-1@19.9
cart.updated v-1: c-1 [p-1×2@19.9EUR]
checkout.started v-1
order.placed v-1: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
STORIES = {
    "segment": (["sk"], SEGMENT),
    "rudder": (["sk"], SEGMENT),
    "posthog": (["phc_server"], POSTHOG),
    "posthog of the newer protocol": (["phc_server"], POSTHOG),
    "snowplow": (["shop-server"], SNOWPLOW),
    "matomo": (["1"], MATOMO),
    "cloudevents": (["", "bus-secret"], CLOUDEVENTS),
}


def walk(name: str, settings: Settings, answering: Answering = honest) -> Walk:
    home = installed(FOLDER)
    file, _, newer = name.partition(" ")
    environ = {"POSTHOG_CAPTURE_MODE": "v1"} if newer else {}
    script = command("node", f"{file}.mjs", "URL", *STORIES[name][0], cwd=home, environ=environ)
    return walked(settings, script, answering)


@pytest.mark.parametrize("name", STORIES)
def test_a_client_walks_the_story_and_sends_each_event_once(name: str, settings: Settings) -> None:
    done = walk(name, settings)
    assert sorted(done.told()) == sorted(STORIES[name][1].splitlines()), done
    assert done.copies() == 1
    assert {each.status for each in done.heard} <= {200, 204}


@pytest.mark.parametrize("name", ["segment", "rudder", "posthog", "snowplow"])
def test_what_a_client_repeats_has_the_same_ids(name: str, settings: Settings) -> None:
    """The events were accepted, but the answer reported an error."""
    done = walk(name, settings, Broken(1))
    once = {each["id"]: line for each, line in zip(done.events, done.told(), strict=True)}
    assert sorted(once.values()) == sorted(STORIES[name][1].splitlines()), done
    assert done.copies() == 2
