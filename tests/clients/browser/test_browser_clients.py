"""Published browser SDKs in a real Chromium, on pages of another site than the collector's."""

from collections.abc import Iterator
from functools import partial

import pytest
from selenium.webdriver import Chrome

from agents.config.settings import Settings
from tests.clients.browser.pages import NODE, shop
from tests.clients.browser.stories import QUICK, STORIES, check, walk
from tests.clients.walking import accepted, repeated
from tests.node import installed


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with shop(installed(NODE) / "node_modules") as address:
        yield address


@pytest.mark.parametrize("name", [name for name in STORIES if name not in QUICK])
def test_a_client_walks_the_story_and_each_event_comes_once(
    name: str, settings: Settings, tab: Chrome, url: str
) -> None:
    check(name, settings, tab, url)


def test_an_answer_of_202_makes_the_client_send_everything_again(
    settings: Settings, tab: Chrome, url: str
) -> None:
    """The control of the test above: PostHog's library resends events accepted with a success other than 200."""
    sent_again = partial(repeated, settings)
    assert walk("posthog", settings, tab, url, sent_again, accepted).copies() > 1
