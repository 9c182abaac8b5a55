"""The fastest pages of tests/clients/browser: Shopify's pixel in its sandboxed frame, Matomo's script, and copied hits of
gtag.

`make clients` walks through all of them.
"""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from agents.config.settings import Settings
from tests.clients.browser.pages import shop
from tests.clients.browser.stories import QUICK, check


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with shop() as address:
        yield address


@pytest.mark.parametrize("name", QUICK)
def test_a_client_walks_the_story_and_each_event_comes_once(
    name: str, settings: Settings, tab: Chrome, url: str
) -> None:
    check(name, settings, tab, url)
