"""Replenishment: when a product is used up, and what opens and closes its episodes. Source: docs/semantics-life.md, 12."""

from typing import Any

import pytest

from stream.durations import DAY
from tests.driver import START, Driver, recipe

COFFEE: dict[str, Any] = {"product_id": "coffee", "quantity": 1, "price": 20}


def shop(life: Any = "30d", **fields: Any) -> Driver:
    lives = life if isinstance(life, dict) else {"*": life}
    return Driver(recipe("replenishment", **{"steps": [0], "life": lives, **fields}))


def buys(driver: Driver, *items: dict[str, Any], id: str = "o", **fields: Any) -> Driver:
    order = {"id": id, "items": [*(items or (COFFEE,))], **fields}
    return driver.pipe("order.placed", customer="anna", order=order)


def told(driver: Driver) -> list[tuple[str, float]]:
    """The decisions without the recipe, with the days since START."""
    words = [each.replace(" replenishment", "") for each in driver.story]
    days = [round((each["at"] - START) / DAY, 6) for each in driver.decisions]
    return list(zip(words, days, strict=True))


@pytest.mark.parametrize(
    ("life", "quantity", "day"), [("30d", 1, 27), ("30d", 2, 57), ("4d", 1, 2), ("6d", 1, 3)]
)
def test_it_is_3_days_before_the_end_but_not_in_the_first_half(
    life: str, quantity: int, day: int
) -> None:
    driver = buys(shop(life), {**COFFEE, "quantity": quantity}).wait(100 * DAY)
    assert told(driver) == [("fired 1", day)]


def test_less_than_a_unit_lasts_as_long_as_one() -> None:
    driver = buys(shop(), {**COFFEE, "quantity": 0.5}).wait(100 * DAY)
    assert told(driver) == [("fired 1", 27)]


@pytest.mark.parametrize(("price", "value"), [(20, 20), (0, 0), (None, 0)])
def test_its_value_is_the_price_of_a_unit_or_0_without_one(price: int | None, value: int) -> None:
    line = {name: each for name, each in {**COFFEE, "price": price}.items() if each is not None}
    driver = shop(offers=[{"offer": "sample", "when": {"cart_value": {"max": 0.5}}}])
    (trigger,) = buys(driver, line).wait(100 * DAY).fired
    assert (trigger["value"], trigger["offer"]) == (value, None if value else "sample")


def test_with_each_purchase_the_own_pace_counts_more() -> None:
    """(2 x 30d + 20d) / (2 + 1): the second unit lasts 26 2/3 days."""
    driver = buys(buys(shop()).wait(20 * DAY), id="o2").wait(100 * DAY)
    assert told(driver) == [("closed 1 converted", 20), ("fired 1", round(20 + 80 / 3 - 3, 6))]


@pytest.mark.parametrize(
    ("apart", "day"), [(DAY - 1, 60 - 3), (DAY, round(1 + (60 + 1) / 3 - 3, 6))]
)
def test_purchases_less_than_a_day_apart_are_one(apart: int, day: float) -> None:
    driver = buys(buys(shop()).wait(apart), id="o2").wait(100 * DAY)
    assert told(driver)[1:] == [("fired 1", day)]


def test_the_last_5_purchases_are_kept() -> None:
    """Of six, each 10 days after the one before: (60d + 40d) / (2 + 4) of the last five."""
    driver = shop()
    for number in range(6):
        buys(driver, id=f"o{number}").wait(10 * DAY)
    assert told(driver.wait(100 * DAY))[-1] == ("fired 1", round(50 + 100 / 6 - 3, 6))


@pytest.mark.parametrize(
    ("item", "day"),
    [
        ({"product_id": "tea", "category": "food"}, 7),
        ({"product_id": "milk", "category": "food"}, 17),
        ({"product_id": "milk", "category": "other"}, 27),
        ({"product_id": "milk"}, 27),
    ],
)
def test_a_product_s_own_life_comes_before_that_of_its_category(
    item: dict[str, Any], day: int
) -> None:
    driver = shop({"tea": "10d", "category:food": "20d", "*": "30d"})
    assert told(buys(driver, {"quantity": 1, **item}).wait(100 * DAY)) == [("fired 1", day)]


def test_a_product_without_a_life_opens_nothing() -> None:
    assert told(buys(shop({"tea": "10d"})).wait(100 * DAY)) == []


def test_a_renewed_line_opens_nothing_and_closes() -> None:
    renewed = {**COFFEE, "renews": True}
    assert told(buys(shop(), renewed).wait(100 * DAY)) == []
    driver = buys(buys(shop()).wait(DAY), renewed, id="o2").wait(100 * DAY)
    assert told(driver) == [("closed 1 converted", 1)]


@pytest.mark.parametrize("fields", [{"recurring": True}, {}])
def test_an_order_that_opens_nothing_closes(fields: dict[str, Any]) -> None:
    driver = buys(shop()).wait(DAY)
    order = {"id": "o2", "items": [COFFEE], **fields}
    sent: dict[str, Any] = {} if fields else {"imported": True}
    driver.pipe("order.placed", customer="anna", order=order, **sent).wait(100 * DAY)
    assert told(driver) == [("closed 1 converted", 1)]


def test_after_a_cancel_the_purchase_before_counts_again() -> None:
    driver = buys(buys(shop()).wait(10 * DAY), id="o2").wait(DAY)
    driver.pipe("order.cancelled", customer="anna", order={"id": "o2"}).wait(100 * DAY)
    assert told(driver) == [("closed 1 converted", 10), ("closed 1 cancelled", 11), ("fired 1", 27)]
    assert driver.fired[0]["visitor"] is None
    assert driver.fired[0]["evidence"] == []


def test_after_a_cancel_what_is_used_up_opens_nothing() -> None:
    driver = buys(buys(shop("11d")).wait(10 * DAY), id="o2").wait(DAY)
    driver.pipe("order.cancelled", customer="anna", order={"id": "o2"}).wait(100 * DAY)
    assert told(driver)[-1] == ("closed 1 cancelled", 11)


@pytest.mark.parametrize(
    ("life", "joined"), [("33d", False), (f"{33 * DAY - 1}ms", True), ("30d", True)]
)
def test_steps_due_within_the_cooldown_are_joined(life: str, joined: bool) -> None:
    driver = shop({"coffee": "30d", "tea": life}, cooldown="3d")
    driver = buys(driver, {**COFFEE, "product_id": "tea", "price": 5}, COFFEE).wait(100 * DAY)
    first = driver.fired[0]
    assert (first["product"]["id"], first["value"]) == ("coffee", 20)
    assert [each["id"] for each in first["also"]] == ["tea"] * joined
    assert ("refused 1 joined" in [word for word, _ in told(driver)]) == joined


def test_a_trigger_shows_the_product_of_its_order() -> None:
    item = {**COFFEE, "name": "House blend", "category": "food", "url": "/c", "image": "/i"}
    driver = buys(shop(), item, currency="EUR").wait(100 * DAY)
    (trigger,) = driver.fired
    assert trigger["product"] == {
        "id": "coffee",
        "name": "House blend",
        "category": "food",
        "price": 20,
        "currency": "EUR",
        "url": "/c",
        "image": "/i",
    }
    assert (trigger["value"], trigger["also"], trigger["visitor"]) == (20, [], "phone")


def test_conditions_see_the_order_s_value_and_the_product_s_category() -> None:
    when = {"cart_value": {"min": 20}, "category": ["food"]}
    food = {**COFFEE, "category": "food"}
    assert [
        len(told(buys(shop(when=when), item).wait(100 * DAY)))
        for item in (food, {**food, "price": 19}, COFFEE)
    ] == [1, 0, 0]
