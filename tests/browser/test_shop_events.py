"""A visitor's actions in the shop reach Kafka: every event valid, in order, none lost or duplicated."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

import schemas
from tests.browser.shopping import House, Shopper, housed
from tests.integration.collecting import kept


@pytest.fixture(scope="module")
def house(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with housed(broker, tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def shopper(tab: Chrome, house: House) -> Shopper:
    return Shopper(tab, house.url)


def events(house: House, visitor: str) -> list[dict[str, Any]]:
    """A visitor's events in order; checks that each is valid and has the visitor's key."""
    mine = [r for r in kept(house.settings) if r.key == visitor.encode()]
    found = [json.loads(record.value) for record in mine]
    for event in found:
        assert schemas.fault(event) is None
        assert event["visitor"] == visitor
    assert len({event["id"] for event in found}) == len(found)
    return found


def test_a_walk_through_the_whole_shop_sends_each_event(shopper: Shopper, house: House) -> None:
    shopper.follow("category/tents")
    shopper.tab.find_element(By.ID, "query").send_keys("boot\n")
    shopper.until(lambda: "boot" in shopper.heading())
    shopper.follow("account")
    Select(shopper.tab.find_element(By.NAME, "who")).select_by_index(1)
    shopper.click("form.form button.main")
    shopper.click("label.switch:last-child input")
    shopper.follow("")
    shopper.fill_cart()
    shopper.follow("cart")
    shopper.follow("checkout")
    for _ in ("contact", "shipping"):
        shopper.click("form.form button.main")
    shopper.click("input[value='0002']")
    shopper.click("form.form button.main")
    shopper.until(lambda: shopper.tab.find_element(By.CLASS_NAME, "problem").text)
    shopper.click("input[value='4242']")
    shopper.click("form.form button.main")
    shopper.until(lambda: "Thank you" in shopper.heading())
    shopper.click("main button")
    shopper.until(shopper.taken)

    seen = events(house, shopper.visitor)
    others = [event["type"] for event in seen if event["type"] != "page.viewed"]
    assert others == [
        "category.viewed",
        "search.performed",
        "visitor.identified",
        "consent.changed",
        "product.viewed",
        "product.viewed",
        "cart.updated",
        "checkout.started",
        "checkout.advanced",
        "checkout.advanced",
        "payment.failed",
        "order.placed",
        "order.cancelled",
    ]
    by_type = {event["type"]: event for event in seen}
    assert by_type["visitor.identified"]["customer"] == "c-ben"
    assert by_type["order.placed"]["order"]["value"] == 175.9
    assert by_type["order.cancelled"]["order"]["id"] == by_type["order.placed"]["order"]["id"]
    assert by_type["order.placed"]["order"]["cart_id"] == by_type["cart.updated"]["cart"]["id"]
    assert all("client_time" in event for event in seen[1:])
    kinds = [event["page"]["kind"] for event in seen if event["type"] == "page.viewed"]
    assert {"home", "list", "product", "cart", "checkout", "payment", "confirmation"} <= set(kinds)


def cut(shopper: Shopper, off: bool) -> None:
    """Blocks or restores requests to the collector only."""
    shopper.tab.execute_cdp_cmd("Network.enable", {})
    blocked = {"urls": ["*/collect"] if off else []}
    shopper.tab.execute_cdp_cmd("Network.setBlockedURLs", blocked)


def test_what_is_done_without_a_line_arrives_later_once_and_in_its_order(
    shopper: Shopper, house: House
) -> None:
    shopper.until(shopper.taken)
    cut(shopper, True)
    shopper.fill_cart()
    for _ in range(3):
        shopper.click("button.main[data-add]")
    assert len(events(house, shopper.visitor)) == 1
    cut(shopper, False)
    shopper.until(shopper.taken)
    seen = events(house, shopper.visitor)
    carts = [event["cart"] for event in seen if event["type"] == "cart.updated"]
    assert [cart["version"] for cart in carts] == [1, 2, 3, 4]
    assert [cart["items"][0]["quantity"] for cart in carts] == [1, 2, 3, 4]


def test_what_still_waits_when_the_page_goes_leaves_with_it(shopper: Shopper, house: House) -> None:
    shopper.follow("product/tent-sarek-2")
    shopper.until(shopper.taken)
    visitor = shopper.visitor
    shopper.tab.execute_script(
        "for (let n = 0; n < 3; n++) document.querySelector('button.main').click();"
        "location.href = 'about:blank'"
    )
    last = house.until(
        "storefront.events",
        lambda value: value["visitor"] == visitor and value.get("cart", {}).get("version") == 3,
    )
    assert last["cart"]["items"][0]["quantity"] == 3
    mine = [each for each in house.values("storefront.events") if each["visitor"] == visitor]
    by_id = {event["id"]: event for event in mine}
    carts = [event["cart"] for event in by_id.values() if "cart" in event]
    assert [cart["version"] for cart in carts] == [1, 2, 3]


def test_a_refused_event_is_named_on_the_page_and_holds_up_no_other(
    shopper: Shopper, house: House
) -> None:
    shopper.until(shopper.taken)
    shopper.tab.execute_script(
        "const write = JSON.stringify;"
        "JSON.stringify = (...given) => write(...given)"
        """?.replaceAll('"type":"cart.updated"', '"type":7')"""
    )
    shopper.follow("product/tent-sarek-2")
    shopper.click("button.main[data-add]")
    shopper.follow("")

    def refused() -> str:
        lines = shopper.tab.find_elements(By.CSS_SELECTOR, "[data-outcome=refused] .outcome")
        return str(lines[0].get_property("textContent")) if lines else ""

    assert shopper.until(refused) == "refused: wrong_type at $.type"
    shopper.follow("cart")
    shopper.until(lambda: events(house, shopper.visitor)[-1].get("page", {}).get("kind") == "cart")
    assert "cart.updated" not in [event["type"] for event in events(house, shopper.visitor)]
