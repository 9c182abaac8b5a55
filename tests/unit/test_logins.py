"""Logins: the data that the new person takes over, and those that the old one keeps."""

from typing import Any

from stream.durations import DAY, HOUR, MINUTE
from tests.driver import LAMP, Driver, items, recipe

RULES = recipe("cart-abandonment", cooldown=0, ordered_within=0, reach="any", steps=["1h", "2h"])
CHANNELS = ["email", "sms", "push", "messenger"]


def cart(driver: Driver, visitor: str = "phone", **who: Any) -> Driver:
    driver.pipe("cart.updated", visitor, cart=items(LAMP, id="k"), **who)
    return driver.wait(5 * MINUTE + 1)


def test_a_login_closes_the_anonymous_episode_and_opens_the_customers() -> None:
    driver = cart(Driver(RULES)).pipe("page.viewed", customer="anna").wait(DAY)
    assert [(each["outcome"], each["person"], each.get("reason")) for each in driver.decisions] == [
        ("closed", "visitor:phone", "moved"),
        ("fired", "customer:anna", None),
        ("fired", "customer:anna", None),
    ]


def test_an_order_taken_over_closes_what_was_fed_before_it_and_cancels_what_is_valid() -> None:
    driver = cart(Driver(RULES), customer="anna").wait(HOUR)
    driver.pipe("order.placed", "laptop", order={"id": "o"}).wait(MINUTE)
    driver.pipe("visitor.identified", "laptop", customer="anna").wait(1)
    assert driver.story[-1] == "closed cart-abandonment 2 converted"
    (cancel,) = driver.cancelled
    assert (cancel["order_id"], cancel["at"]) == ("o", driver.now - 1)


def test_an_order_taken_over_leaves_what_was_fed_later() -> None:
    driver = Driver(RULES).pipe("order.placed", "laptop", order={"id": "o"}).wait(1)
    cart(driver, customer="anna").wait(HOUR)
    driver.pipe("visitor.identified", "laptop", customer="anna").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1", "fired cart-abandonment 2"]
    assert driver.cancelled == []


def test_an_order_taken_over_lifts_the_memory_of_what_was_fed_before_it() -> None:
    driver = cart(Driver({**RULES, "recipes": [{**RULES["recipes"][0], "steps": ["10m"]}]}),
                  customer="anna").wait(HOUR)  # fmt: skip
    driver.pipe("order.placed", "laptop", order={"id": "o"}).wait(1)
    driver.pipe("visitor.identified", "laptop", customer="anna").wait(1)
    driver.pipe("cart.item_added", item=LAMP)
    driver.pipe("cart.item_removed", item=LAMP)
    cart(driver).wait(HOUR)
    assert len(driver.fired) == 2


def test_an_order_that_the_customer_has_already_is_not_taken_over() -> None:
    driver = Driver(RULES).pipe("order.placed", "server", order={"id": "o"}, customer="anna")
    driver.pipe("order.placed", "laptop", order={"id": "o"}).wait(1)
    cart(driver, customer="anna").pipe("visitor.identified", "laptop", customer="anna")
    assert driver.wait(DAY).story == ["fired cart-abandonment 1", "fired cart-abandonment 2"]


def test_a_withdrawal_taken_over_holds_back_and_cancels() -> None:
    driver = cart(Driver(RULES), customer="anna").wait(HOUR)
    driver.pipe("consent.changed", "laptop", channels=CHANNELS, granted=False)
    driver.pipe("visitor.identified", "laptop", customer="anna").wait(HOUR)
    assert driver.story == ["fired cart-abandonment 1", "refused cart-abandonment 2 consent"]
    assert [each["reason"] for each in driver.cancelled] == ["consent"]


def test_a_grant_is_taken_over_only_if_the_customer_never_decided() -> None:
    rules = recipe("cart-abandonment", consent="granted", steps=["1h"])
    driver = Driver(rules).pipe("consent.changed", channels=["sms"], granted=False, customer="anna")
    driver.pipe("consent.changed", "laptop", channels=["email", "sms"], granted=True)
    driver.pipe("visitor.identified", "laptop", customer="anna").wait(1)
    assert [each["channels"] for each in cart(driver).wait(DAY).fired] == [["email"]]


def test_a_second_customer_of_a_device_takes_over_nothing() -> None:
    driver = Driver(RULES).pipe("order.placed", "laptop", order={"id": "o"}, customer="bert")
    driver.pipe("consent.changed", "laptop", channels=CHANNELS, granted=False).wait(1)
    cart(driver, customer="anna").pipe("page.viewed", "laptop", customer="anna").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1", "fired cart-abandonment 2"]


def test_leaving_an_unknown_person_creates_no_state() -> None:
    assert Driver(RULES).pipe("page.viewed", customer="anna").wait(DAY).decisions == []


def test_a_withdrawal_cancels_only_what_is_valid_and_has_no_channel_left() -> None:
    driver = cart(Driver(RULES), customer="anna").wait(2 * HOUR)
    driver.pipe("consent.changed", channels=["email"], granted=False).wait(1)
    assert driver.cancelled == []
    driver.wait(23 * HOUR + 5 * MINUTE)
    driver.pipe("consent.changed", channels=CHANNELS, granted=False).wait(1)
    assert [each["step"] for each in driver.cancelled] == [2]
    driver.pipe("consent.changed", channels=CHANNELS, granted=True).wait(1)
    assert len(driver.cancelled) == 1
