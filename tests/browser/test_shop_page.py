"""Accessibility of the shop's pages: phone, dark mode, keyboard, screen reader, no errors."""

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser.legible import PALE, UNNAMED
from tests.browser.shopping import Shopper, served
from tests.integration.collecting import make_topics

PLACES = ["", "category/tents", "search?q=boot", "search?q=nothing", "product/tent-sarek-2", "cart"]
PLACES += ["checkout", "done", "account", "product/none", "category/none"]


@pytest.fixture(scope="module")
def url(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = make_topics(broker, "shop-page.")
    environ = {"TRIGGERS_KAFKA": broker, "TRIGGERS_PREFIX": settings.prefix, "TRIGGERS_REDIS": ""}
    with served(environ, tmp_path_factory.mktemp("shop")) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def phone(request: pytest.FixtureRequest, tab: Chrome, url: str) -> Iterator[Shopper]:
    """The shop on a phone, with two products in the cart."""
    screen = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    colours = [{"name": "prefers-color-scheme", "value": request.param}]
    tab.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    tab.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": colours})
    shopper = Shopper(tab, url)
    for button in tab.find_elements(By.CSS_SELECTOR, "button[data-add]")[:2]:
        tab.execute_script("arguments[0].scrollIntoView({ block: 'center' })", button)
        button.click()
    yield shopper
    tab.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    tab.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_on_a_phone_nothing_runs_out_of_the_page_all_is_named_and_no_text_is_pale(
    phone: Shopper,
) -> None:
    tab = phone.tab
    for place in PLACES:
        tab.get(f"{phone.url}/shop/{place}")
        phone.until(phone.heading)
        width = tab.execute_script("return document.documentElement.scrollWidth")
        assert (place, width) == (place, 360)
        assert (place, tab.execute_script(UNNAMED)) == (place, [])
        assert (place, tab.execute_script(PALE)) == (place, [])
        assert len(tab.find_elements(By.CSS_SELECTOR, "h1")) == 1
        if place in {"", "cart"}:
            dark = tab.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
            phone.picture(f"{place or 'home'}-phone-{'dark' if dark else 'light'}")


def test_the_shop_works_with_the_keyboard_only(tab: Chrome, url: str) -> None:
    shopper = Shopper(tab, url)

    def press(*keys: str) -> Any:
        for key in keys:
            ActionChains(tab).send_keys(key).perform()
        return tab.switch_to.active_element

    assert press(Keys.TAB).text == "Skip to the content"
    press(Keys.ENTER)
    for _ in range(40):
        if press(Keys.TAB).text == "Tent Sarek 2":
            break
    press(Keys.ENTER)
    shopper.until(lambda: shopper.heading() == "Tent Sarek 2")
    assert tab.switch_to.active_element.tag_name == "h1"
    assert press(Keys.TAB).text == "Add to cart"
    press(Keys.ENTER)
    shopper.until(lambda: tab.find_element(By.ID, "toast").text == "It is in the cart.")
    assert tab.find_element(By.ID, "cart-link").accessible_name == "Cart, 1 item"
    assert tab.find_element(By.ID, "toast").aria_role == "status"


def errors(tab: Chrome) -> list[Any]:
    """Errors in the browser's log since the last call."""
    lines: list[Any] = tab.get_log("browser")  # type: ignore[no-untyped-call]
    return [line for line in lines if line["level"] == "SEVERE"]


def test_every_place_is_drawn_without_an_error_and_runs_only_its_own_code(
    tab: Chrome, url: str
) -> None:
    errors(tab)  # what is left of others
    shopper = Shopper(tab, url)
    for place in PLACES:
        tab.get(f"{url}/shop/{place}")
        shopper.until(shopper.heading)
        loaded = tab.execute_script(
            "return performance.getEntriesByType('resource').map((each) => each.name)"
        )
        assert all(name.startswith(url) for name in loaded)
    assert errors(tab) == []
