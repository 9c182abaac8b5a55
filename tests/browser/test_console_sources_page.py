"""Orders that name nobody on the sources page, posted to a collector in a process of its own."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.browser.legible import PALE, UNNAMED
from tests.browser.looking import DESK, PHONE, Page, looking
from tests.integration.test_console_sources import Collecting, collecting

__all__ = ["collecting"]


@pytest.fixture
def page(tab: Chrome, collecting: Collecting) -> Iterator[Page]:
    with looking(tab, collecting.console.url) as made:
        yield made


@pytest.mark.parametrize(("name", "screen"), [("desk", DESK), ("phone", PHONE)])
def test_the_sources_page_shows_orders_that_name_nobody(
    page: Page,
    collecting: Collecting,
    name: str,
    screen: dict[str, object],
) -> None:
    bought = {"type": "track", "event": "Order Completed", "channel": "server"}
    order = bought | {"messageId": f"b-{name}", "properties": {"order_id": name}}
    assert collecting.sent([order]).status == 200
    page.screen(screen)
    page.go("#/sources")
    page.until(lambda: "orders that name nobody" in page.text("#sources-table"))
    assert "no reminder ends by them" in page.text("#sources-table .wrong")
    page.picture(f"sources-nobody-{name}")
    assert page.run("return document.documentElement.scrollWidth") <= int(str(screen["width"]))
    assert page.run(UNNAMED) == []
    assert page.run(PALE) == []
