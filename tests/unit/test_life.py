"""Orders that open and life steps near each other, to the millisecond. Source: docs/semantics-life.md, 12."""

from typing import Any

import pytest

from stream.durations import DAY, MINUTE
from tests.driver import START, Driver


def bought(*recipes: dict[str, Any], **fields: Any) -> Driver:
    """Anna's order at START, under these recipes of post-purchase."""
    rules = [{"kind": "post-purchase", **each} for each in recipes]
    driver = Driver({"policy": {"caps": []}, "recipes": rules})
    return driver.pipe("order.placed", customer="anna", order={"id": "o", "value": 5}, **fields)


@pytest.mark.parametrize(("ago", "story"), [(DAY, ["fired thanks 1"]), (DAY + 1, [])])
def test_an_order_of_more_than_a_day_ago_opens_nothing(ago: int, story: list[str]) -> None:
    driver = bought({"name": "thanks", "steps": ["2d"]}, client_time=START - ago)
    assert driver.wait(3 * DAY).story == story


@pytest.mark.parametrize(
    ("after", "story"),
    [
        (5 * MINUTE, ["fired first 1", "fired second 1"]),
        (5 * MINUTE - 1, ["fired first 1", "deferred second 1 lower_priority", "fired second 1"]),
    ],
)
def test_a_life_step_waits_5_minutes_after_a_more_important_one(
    after: int, story: list[str]
) -> None:
    first = {"name": "first", "steps": ["10m"], "priority": 1}
    second = {"name": "second", "steps": [f"{10 * MINUTE + after}ms"], "priority": 2}
    assert bought(first, second).wait(DAY).story == story


@pytest.mark.parametrize(
    ("before", "story", "fired_after"),
    [
        (
            5 * MINUTE,
            ["deferred second 1 lower_priority", "fired first 1", "fired second 1"],
            20 * MINUTE,
        ),
        (5 * MINUTE + 1, ["fired second 1", "fired first 1"], 10 * MINUTE),
    ],
)
def test_a_life_step_waits_for_a_more_important_one_due_soon(
    before: int, story: list[str], fired_after: int
) -> None:
    first = {"name": "first", "steps": [f"{10 * MINUTE + before}ms"], "priority": 1}
    second = {"name": "second", "steps": ["10m"], "priority": 2}
    driver = bought(first, second).wait(DAY)
    assert driver.story == story
    fired = {each["recipe"]: each["at"] for each in driver.decisions if each["outcome"] == "fired"}
    assert fired["second"] == START + fired_after


def test_a_life_step_waits_for_the_latest_of_more_important_ones() -> None:
    rules = [("first", 6, 1), ("last", 11, 2), ("second", 10, 3)]
    given = [{"name": name, "steps": [f"{at}m"], "priority": high} for name, at, high in rules]
    driver = bought(*given).wait(DAY)
    assert driver.story == [
        "fired first 1",
        "deferred second 1 lower_priority",
        "fired last 1",
        "fired second 1",
    ]
    assert driver.decisions[-1]["at"] == START + 16 * MINUTE


@pytest.mark.parametrize(
    ("given", "shown"), [({"currency": "EUR"}, "EUR"), ({"currency": ""}, None), ({}, None)]
)
def test_a_trigger_shows_the_order_in_its_currency(given: dict[str, Any], shown: Any) -> None:
    driver = Driver({"recipes": [{"name": "post-purchase", "steps": ["1h"]}]})
    driver.pipe("order.placed", customer="anna", order={"id": "o", "value": 5, **given})
    order = driver.wait(2 * DAY).fired[0]["order"]
    assert (order["value"], order.get("currency")) == (5, shown)
