"""Post-purchase, welcome and audience episodes. Source: docs/semantics-life.md, 12."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR
from tests.driver import LAMP, START, Driver, recipe


def told(driver: Driver) -> list[tuple[str, float]]:
    """The decisions without the recipe, with the hours since START."""
    words = [" ".join([each.split(" ")[0], *each.split(" ")[2:]]) for each in driver.story]
    hours = [(each["at"] - START) / HOUR for each in driver.decisions]
    return list(zip(words, hours, strict=True))


def ordered(driver: Driver, **order: Any) -> Driver:
    return driver.pipe("order.placed", customer="anna", order={"id": "o", **order})


def thanks(**fields: Any) -> Driver:
    return Driver(recipe("post-purchase", **{"steps": ["1h"], **fields}))


def delivered(driver: Driver, id: str = "o") -> Driver:
    return driver.pipe("order.delivered", customer="anna", order={"id": id})


def test_a_step_counts_from_the_order() -> None:
    assert told(ordered(thanks(steps=["1h", "14d"])).wait(30 * DAY)) == [
        ("fired 1", 1),
        ("fired 2", 14 * 24),
    ]


def test_a_step_may_count_from_the_first_delivery() -> None:
    driver = ordered(thanks(**{"from": "delivered"})).wait(10 * HOUR)
    delivered(driver).wait(HOUR // 2)
    assert told(delivered(driver).wait(30 * DAY)) == [("fired 1", 11)]


def test_another_order_s_delivery_is_not_that_of_this_one() -> None:
    driver = ordered(thanks(**{"from": "delivered", "expires": "2d"}))
    assert told(delivered(driver, "other").wait(30 * DAY)) == [("closed 1 expired", 48)]


def test_an_order_that_repeats_brings_what_the_first_lacked() -> None:
    driver = ordered(thanks())
    ordered(driver, value=40, currency="EUR", items=[LAMP])
    ordered(driver, value=50, currency="USD", items=[])
    (trigger,) = driver.wait(DAY).fired
    order = trigger["order"]
    assert (order["id"], order["value"], order["currency"]) == ("o", 40, "EUR")
    assert [each["product_id"] for each in order["items"]] == ["lamp"]
    assert trigger["value"] == 40


def test_a_cancelled_order_closes_and_cancels() -> None:
    driver = ordered(thanks(steps=["1h", "2h"])).wait(HOUR)
    driver.pipe("order.cancelled", customer="anna", order={"id": "o"}).wait(DAY)
    assert told(driver) == [("fired 1", 1), ("closed 2 cancelled", 1)]
    assert [(each["reason"], each["order_id"]) for each in driver.cancelled] == [("cancelled", "o")]


@pytest.mark.parametrize("fields", [{"recurring": True}, {"id": "o"}])
def test_a_recurring_order_opens_nothing(fields: dict[str, Any]) -> None:
    assert len(told(ordered(thanks(), **fields).wait(DAY))) == ("id" in fields)


def test_conditions_see_the_order_s_value_and_categories() -> None:
    when = {"cart_value": {"min": 40}, "category": ["light"]}
    lamp = {**LAMP, "category": "light"}
    given = ([lamp], [{**lamp, "price": 39}], [LAMP])
    found = [told(ordered(thanks(when=when), items=items).wait(DAY)) for items in given]
    assert [len(each) for each in found] == [1, 0, 0]


def hello(**fields: Any) -> Driver:
    return Driver(recipe("welcome", **{"steps": [0, "24h"], **fields}))


def joins(driver: Driver, *channels: str, **who: Any) -> Driver:
    return driver.pipe("visitor.subscribed", channels=[*channels], **who)


def test_a_subscription_is_welcomed_once_by_the_channels_that_it_names() -> None:
    driver = joins(hello(), "email", customer="anna").wait(2 * DAY)
    joins(driver, "email", "sms", customer="anna").wait(2 * DAY)
    assert told(driver) == [("fired 1", 0), ("fired 2", 24)]
    assert [each["channels"] for each in driver.fired] == [["email"], ["email"]]


@pytest.mark.parametrize("channel", ["push", "messenger"])
def test_a_visitor_is_welcomed_by_what_reaches_it(channel: str) -> None:
    (trigger,) = joins(hello(steps=[0]), channel, "email").wait(DAY).fired
    assert (trigger["person"], trigger["channels"]) == ("visitor:phone", [channel])


def test_another_subscription_waits_for_the_login() -> None:
    driver = joins(hello(steps=[0]), "email").wait(HOUR)
    assert driver.story == []
    driver.pipe("visitor.identified", customer="anna").wait(DAY)
    assert told(driver) == [("fired 1", 1)]
    assert driver.fired[0]["evidence"] == ["e-1"]


def test_an_order_ends_a_welcome() -> None:
    driver = joins(hello(ordered_within=0), "email", customer="anna").wait(HOUR)
    assert told(ordered(driver).wait(2 * DAY)) == [("fired 1", 0), ("closed 2 converted", 1)]


def test_a_condition_holds_at_the_subscription() -> None:
    driver = joins(hello(when={"orders": {"min": 1}}, steps=[0]), "email", customer="anna")
    assert driver.wait(HOUR).story == []
    joins(ordered(driver).wait(8 * DAY), "email", customer="anna").wait(HOUR)
    assert [word for word, _ in told(driver)] == ["fired 1"]


def test_an_audience_s_episode_opens_and_closes_with_its_membership() -> None:
    rules = recipe("audience", audience="new", steps=["1h", "3d"], cooldown=0)
    rules["recipes"].append(
        {"name": "none", "kind": "audience", "audience": "new", "when": {"orders": {"min": 9}}}
    )
    rules["audiences"] = [{"name": "new", "members": {"since_visit": {"max": "2d"}}}]
    driver = Driver(rules).pipe("page.viewed", customer="anna").wait(10 * DAY)
    driver.pipe("page.viewed", customer="anna").wait(2 * HOUR)
    assert told(driver) == [("fired 1", 1), ("closed 2 left", 48), ("fired 1", 241)]
    (first, _) = driver.fired
    assert (first["audience"], first["visitor"], first["value"]) == ("new", None, 0)
