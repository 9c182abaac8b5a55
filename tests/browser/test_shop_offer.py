"""From a click in the shop to a worker and back: an offer opens while the visitor leaves, or stays closed."""

import time
from collections.abc import Iterator

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

import schemas
from tests.browser.shopping import House, Shopper, housed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with housed(broker, tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def shopper(tab: Chrome, house: House) -> Shopper:
    return Shopper(tab, house.url)


def test_a_cart_and_a_leaving_mouse_open_an_offer_within_a_second(
    shopper: Shopper, house: House
) -> None:
    shopper.fill_cart()
    shopper.look_around()
    shopper.leave_over_the_top()
    shopper.until(shopper.offered)
    took = shopper.tab.find_element(By.ID, "behind").get_attribute("data-offer-ms")
    assert took is not None
    assert int(took) < 1_000

    dialog = shopper.tab.find_element(By.ID, "offer")
    assert dialog.aria_role == "dialog"
    assert dialog.accessible_name == "Shipping is on us"
    assert shopper.tab.switch_to.active_element.get_attribute("id") == "offer-use"
    shopper.picture("offer")

    mine = house.until(
        "triggers.exit-intent", lambda value: value["data"]["visitor"] == shopper.visitor
    )
    schemas.validator("trigger.fired")(mine)
    assert mine["data"]["offer"] == "free-shipping"
    assert mine["data"]["cart"]["value"] == 169
    assert set(mine["data"]["why"]["signals"]) == {"pointer_top"}

    shopper.tab.switch_to.active_element.send_keys(Keys.ENTER)
    shopper.until(lambda: shopper.heading() == "Your cart")
    assert "free" in shopper.tab.find_element(By.CLASS_NAME, "total").text


def test_an_offer_is_closed_by_the_escape_key_and_not_made_again_in_the_visit(
    shopper: Shopper, house: House
) -> None:
    shopper.fill_cart()
    shopper.look_around()
    shopper.leave_over_the_top()
    shopper.until(shopper.offered)
    ActionChains(shopper.tab).send_keys(Keys.ESCAPE).perform()
    shopper.until(lambda: not shopper.offered())
    shopper.tab.refresh()
    shopper.until(lambda: shopper.tab.find_elements(By.CSS_SELECTOR, "main h1"))
    time.sleep(3.2)
    shopper.leave_over_the_top()
    decision = house.until(
        "triggers.decisions",
        lambda value: value["visitor"] == shopper.visitor and value["outcome"] == "refused",
    )
    assert decision["reason"] == "already"
    assert not shopper.offered()


def test_who_withdrew_from_offers_on_the_page_gets_none(shopper: Shopper, house: House) -> None:
    shopper.follow("account")
    shopper.click("label.switch input")
    shopper.follow("")
    shopper.fill_cart()
    shopper.look_around()
    shopper.leave_over_the_top()
    decision = house.until("triggers.decisions", lambda value: value["visitor"] == shopper.visitor)
    assert (decision["outcome"], decision["reason"]) == ("refused", "consent")
    assert not shopper.offered()


def test_an_order_in_another_tab_takes_the_offer_from_the_page(
    shopper: Shopper, house: House
) -> None:
    shopper.fill_cart()
    shopper.look_around()
    shopper.leave_over_the_top()
    shopper.until(shopper.offered)
    first = shopper.tab.current_window_handle
    shopper.tab.switch_to.new_window("tab")
    other = Shopper(shopper.tab, house.url)
    other.follow("cart")
    other.follow("checkout")
    for _ in ("contact", "shipping", "payment"):
        other.click("form.form button.main")
    other.until(lambda: "Thank you" in other.heading())
    shopper.tab.switch_to.window(first)
    shopper.until(lambda: not shopper.offered())
    cancelled = house.until(
        "triggers.exit-intent",
        lambda value: (
            value["type"].endswith("cancelled.v1")
            and value["data"]["person"] == f"visitor:{shopper.visitor}"
        ),
    )
    assert cancelled["data"]["reason"] == "ordered"


def test_a_signal_from_a_form_field_opens_no_offer(shopper: Shopper, house: House) -> None:
    shopper.fill_cart()
    shopper.look_around()
    shopper.click("#query")
    shopper.leave_over_the_top()
    told = house.until(
        "storefront.events",
        lambda value: value["visitor"] == shopper.visitor and value["type"] == "exit.signal",
    )
    assert told["form_focus"] is True
    time.sleep(1)
    assert not shopper.offered()
    assert not [d for d in house.values("triggers.decisions") if d["visitor"] == shopper.visitor]
