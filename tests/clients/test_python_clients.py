"""Published Python SDKs in their own environment: Segment, RudderStack, PostHog, Snowplow, GA4, CloudEvents."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from agents.config.settings import Settings
from tests.clients.walking import (
    Answering,
    Broken,
    Walk,
    accepted,
    command,
    honest,
    repeated,
    walked,
)

SCRIPTS = Path(__file__).parent / "python"

SEGMENT = """\
page.viewed v-1: home /
category.viewed v-1: Shirts
search.performed v-1: shirt
product.viewed v-1: p-1@19.9
cart.item_added v-1/cart: p-1×2@19.9EUR
cart.updated v-1/cart: c-1 [p-1×2@19.9EUR]
checkout.started v-1
visitor.identified v-1/u-1/email: email
checkout.advanced v-1/u-1/checkout: payment
order.placed v-1/u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
order.cancelled v-1/u-1: o-1
"""
POSTHOG = """\
cart.updated u-1/cart: c-1 [p-1×2@19.9EUR]
checkout.started u-1
visitor.identified u-1/email: email
order.placed u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
order.cancelled u-1: o-1
"""
SNOWPLOW = """\
page.viewed v-1/u-1: home /
activity.pinged v-1/u-1
search.performed v-1/u-1: blue shirt
category.viewed v-1/u-1: Shirts
product.viewed v-1/u-1: p-1@19.9
cart.item_added v-1/u-1: p-1×2@19.9EUR
checkout.started v-1/u-1
checkout.advanced v-1/u-1: contact
checkout.advanced v-1/u-1: payment
order.placed v-1/u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
GA4 = """\
page.viewed V/u-1: home /
category.viewed V/u-1: Shirts
search.performed V/u-1: shirt
product.viewed V/u-1: p-1@19.9
cart.item_added V/u-1: p-1×2@19.9EUR
cart.updated V/u-1: [p-1×2@19.9EUR]
checkout.started V/u-1
checkout.advanced V/u-1: payment
order.placed V/u-1: o-1 39.8 EUR [p-1×2@19.9EUR]
order.cancelled V/u-1: o-1
"""
CLOUDEVENTS = """\
page.viewed v-1: home /
product.viewed v-1: p-1@19.9
cart.updated v-1: c-1 [p-1×2@19.9EUR]
checkout.started v-1
order.placed v-1: o-1 39.8 EUR [p-1×2@19.9EUR]
"""
STORIES: dict[str, tuple[list[str], str]] = {
    "segment_sdk": (["sk"], SEGMENT),
    "rudder_sdk": (["sk"], SEGMENT),
    "posthog_sdk": (["phc_server"], POSTHOG),
    "posthog_sdk of the newer protocol": (["phc_server"], POSTHOG),
    "snowplow_sdk": (["shop-server"], SNOWPLOW),
    "ga4_sdk": (["G-WEB", "mp-secret"], GA4),
    "cloudevents_sdk": (["bus-secret"], CLOUDEVENTS),
}


def walk(
    name: str,
    settings: Settings,
    room: Path,
    answering: Answering = honest,
    enough: Callable[[], bool] | None = None,
) -> Walk:
    file, _, newer = name.partition(" ")
    environ = {"POSTHOG_CAPTURE_MODE": "v1"} if newer else {}
    words: list[str | Path] = [room, SCRIPTS / f"{file}.py", "URL", *STORIES[name][0]]
    script = command(*words, enough=enough, environ=environ)
    return walked(settings, script, answering)


@pytest.mark.parametrize("name", STORIES)
def test_a_client_walks_the_story_and_sends_each_event_once(
    name: str, settings: Settings, room: Path
) -> None:
    done = walk(name, settings, room)
    assert sorted(done.told()) == sorted(STORIES[name][1].splitlines()), done
    assert done.copies() == 1
    assert {each.status for each in done.heard} <= {200, 204}


@pytest.mark.parametrize("name", ["rudder_sdk", "posthog_sdk"])
def test_an_answer_of_202_makes_the_client_send_everything_again(
    name: str, settings: Settings, room: Path
) -> None:
    """The control of the test above: with another success status, clients resend accepted events."""
    sent_again = partial(repeated, settings)
    assert walk(name, settings, room, accepted, sent_again).copies() > 1


@pytest.mark.parametrize("name", ["segment_sdk", "rudder_sdk", "posthog_sdk"])
def test_what_a_client_repeats_has_the_same_ids(name: str, settings: Settings, room: Path) -> None:
    """The events were accepted, but the answer reported an error."""
    done = walk(name, settings, room, Broken(1))
    once = {each["id"]: line for each, line in zip(done.events, done.told(), strict=True)}
    assert sorted(once.values()) == sorted(STORIES[name][1].splitlines()), done
    assert done.copies() == 2
