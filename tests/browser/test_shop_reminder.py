"""A cart abandoned in the shop: its reminder is scheduled, and the console shows it. Record times advance time."""

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaProducer
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from agents.replay.records import CLOCK
from tests.browser.looking import ANSWERED
from tests.browser.shopping import House, Shopper, housed
from tests.integration.collecting import PARTITIONS

AWAY_MS = 10 * 60_000

pytestmark = pytest.mark.slow


@pytest.fixture
def house(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose records carry their own time, so tests need not wait for minutes."""
    with housed(broker, tmp_path_factory.mktemp("shop"), "record") as running:
        yield running


def pass_time(house: House, ms: int) -> None:
    producer = KafkaProducer(bootstrap_servers=list(house.settings.kafka), acks="all")
    at = int(time.time() * 1000) + ms
    for partition in range(PARTITIONS):
        topic = house.settings.topic("storefront.events")
        producer.send(topic, CLOCK, partition=partition, timestamp_ms=at)
    producer.flush()
    producer.close()


def test_a_cart_left_in_the_shop_shows_its_waiting_reminder_in_the_console(
    tab: Chrome, house: House
) -> None:
    shopper = Shopper(tab, house.url)
    shopper.follow("account")
    shopper.click("form.form button.main")
    shopper.follow("")
    shopper.fill_cart()
    shopper.follow("cart")
    shopper.until(shopper.taken)
    pass_time(house, AWAY_MS)

    def waiting() -> str:
        tab.get("about:blank")
        tab.get(shown)
        shopper.until(lambda: tab.find_elements(By.CSS_SELECTOR, ANSWERED))
        found = tab.find_elements(By.CSS_SELECTOR, "#answer .next .steps li")
        return found[0].text if found else ""

    shown = tab.find_element(By.CSS_SELECTOR, "main a[data-console]").get_attribute("href") or ""
    assert shown == f"{house.url}/#/ask/c-anna"
    text = shopper.until(waiting, 60)
    assert "cart-abandonment 1 of 3" in text
    assert "worth 169.00 EUR" in text
