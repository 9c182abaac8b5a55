"""The guards in their order, to the millisecond."""

from typing import Any

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.episodes import guards
from stream.episodes.guards import GUARDS, Due
from stream.state.orders import OrderEntry
from stream.state.person import Episode, Person
from tests.driver import LAMP, SHOE, START, Driver, items, recipe

ALL = ["email", "sms", "push", "messenger"]
FIRED = ["fired cart-abandonment 1"]


def rules(**fields: Any) -> dict[str, Any]:
    return recipe(
        "cart-abandonment", **{"cooldown": 0, "ordered_within": 0, "steps": ["1h"], **fields}
    )


def cart(driver: Driver, *lines: dict[str, Any], id: str = "k", **who: Any) -> Driver:
    return driver.pipe("cart.updated", cart=items(*(lines or [LAMP]), id=id), **who)


def annas(**fields: Any) -> Driver:
    """Anna's cart, filled at START; its step is due an hour later."""
    return cart(Driver(rules(**fields)), customer="anna")


def refused(reason: str) -> list[str]:
    return [f"refused cart-abandonment 1 {reason}"]


def test_the_guards_have_the_documented_order() -> None:
    names = [name for name, _ in GUARDS]
    assert " ".join(names) == (
        "expired ordered unreachable consent cooldown cap lower_priority holdout quiet"
    )


@pytest.mark.parametrize(("expires", "story"), [("55m", "fired"), ("54m", "closed")])
def test_a_step_expires_too_long_after_the_opening(expires: str, story: str) -> None:
    """The episode opens at the idle fact, 5 minutes after the last activity."""
    driver = annas(expires=expires).wait(DAY)
    assert [each["outcome"] for each in driver.decisions] == [story]


def test_expiry_closes_the_episode_with_all_steps_that_are_left() -> None:
    driver = annas(expires="2h", steps=["1h", "3h", "4h"]).wait(DAY)
    assert driver.story == [*FIRED, "closed cart-abandonment 2 expired"]
    assert driver.decisions[1]["steps_left"] == 2


def test_a_change_of_the_cart_puts_the_expiry_off() -> None:
    driver = annas(expires="1h").wait(30 * MINUTE)
    cart(driver, SHOE).wait(4 * MINUTE).pipe("page.viewed").wait(DAY)
    assert driver.story == ["closed cart-abandonment 1 expired"]
    driver = annas(expires="1h").wait(30 * MINUTE)
    assert cart(driver, SHOE).wait(DAY).story == FIRED


@pytest.mark.parametrize(("before", "story"), [(DAY, FIRED), (DAY - 1, refused("ordered"))])
def test_an_order_within_a_day_holds_back(before: int, story: list[str]) -> None:
    driver = Driver(rules(ordered_within="1d")).pipe(
        "order.placed", "server", order={"id": "o"}, customer="anna"
    )
    assert cart(driver.wait(before - HOUR), customer="anna").wait(2 * HOUR).story == story


@pytest.mark.parametrize(
    ("before", "reason"), [(0, "ordered"), (HOUR - 1, "ordered"), (HOUR, None)]
)
def test_an_order_at_the_very_time_of_the_step_holds_back(before: int, reason: str | None) -> None:
    rule = recipes_file.DEFAULT.by_name["payment-failed"]
    anna = Person("customer:anna", orders=[OrderEntry("o", START - before)])
    episode = Episode("payment-failed", "payment-failed", "k", 0, START, "phone", START)
    found = guards.ordered(Due(anna, episode, rule, recipes_file.DEFAULT, START))
    assert (found and found.reason) == reason


def test_a_recurring_order_holds_nothing_back() -> None:
    driver = Driver(rules(ordered_within="1d"))
    driver.pipe("order.placed", "server", order={"id": "o", "recurring": True}, customer="anna")
    assert cart(driver.wait(1), customer="anna").wait(2 * HOUR).story == FIRED


@pytest.mark.parametrize(("apart", "second"), [(2 * HOUR, "fired"), (2 * HOUR - 1, "refused")])
def test_another_episode_of_the_recipe_holds_back_for_its_cooldown(apart: int, second: str) -> None:
    driver = annas(cooldown="2h").wait(apart)
    cart(driver, SHOE, id="m").wait(DAY)
    assert [each["outcome"] for each in driver.decisions] == ["fired", second]


def test_an_episodes_own_steps_do_not_cool_it_down() -> None:
    assert len(annas(cooldown="7d", steps=["1h", "2h"]).wait(DAY).fired) == 2


def test_an_order_ends_the_cooldown() -> None:
    driver = annas(cooldown="7d").wait(HOUR).pipe("order.placed", order={"id": "o"}).wait(1)
    assert cart(driver, SHOE, id="m").wait(DAY).story == FIRED * 2


def capped(then: str, *, max: int = 1, per: str = "1h", capped: bool = True) -> Driver:
    """Two carts of anna's, whose steps are due 10 minutes apart."""
    made = rules(capped=capped)
    made["policy"]["caps"] = [{"max": max, "per": per, "then": then}]
    driver = cart(Driver(made), customer="anna")
    driver.pipe("page.viewed", "desktop", customer="anna").wait(50 * MINUTE)
    other = items(SHOE, id="m")
    return driver.pipe("cart.updated", "desktop", cart=other, customer="anna").wait(2 * DAY)


def test_a_cap_that_drops_refuses() -> None:
    driver = capped("drop", per="7d")
    assert driver.story == [*FIRED, "refused cart-abandonment 1 cap"]


def test_a_cap_that_defers_waits_until_the_oldest_leaves_the_window() -> None:
    driver = capped("defer", per="1d")
    first, second = driver.fired
    assert second["not_before"] == first["not_before"] + DAY
    assert driver.decisions[1]["until"] == second["not_before"]


def test_a_recipe_that_is_not_capped_is_not_held_back_and_not_counted() -> None:
    assert capped("drop", per="7d", capped=False).story == FIRED * 2


def test_with_room_in_the_window_nothing_is_held_back() -> None:
    assert capped("drop", max=2, per="7d").story == FIRED * 2


def two(first: str, second: str, **policy: Any) -> dict[str, Any]:
    """The important recipe, due after `first`, and the lesser one after `second`."""
    common = {"cooldown": 0, "ordered_within": 0, "kind": "cart-abandonment"}
    made: dict[str, Any] = {
        "policy": {"caps": [], **policy},
        "recipes": [
            {"name": "high", "steps": [first], "priority": 1, **common},
            {"name": "low", "steps": [second], "priority": 2, **common},
        ],
    }
    return made


@pytest.mark.parametrize(
    ("high", "low", "outcome"),
    [
        ("60m", "65m", "refused"),
        ("60m", "66m", "fired"),
        ("65m", "60m", "refused"),
        ("66m", "60m", "fired"),
        ("60m", "60m", "refused"),
    ],
)
def test_within_5_minutes_only_the_more_important_episode_sends(
    high: str, low: str, outcome: str
) -> None:
    driver = cart(Driver(two(high, low)), customer="anna").wait(DAY)
    assert [each["outcome"] for each in driver.decisions if each["recipe"] == "low"] == [outcome]
    assert [each["outcome"] for each in driver.decisions if each["recipe"] == "high"] == ["fired"]


def test_a_more_important_episode_that_is_deferred_to_within_5_minutes_counts_too() -> None:
    """It is due at 12:58 and waits until 13:03; the lesser one is due at 13:00."""
    quiet = {"from": "12:58", "to": "13:03"}
    driver = cart(Driver(two("58m", "60m", quiet=quiet)), customer="anna").wait(DAY)
    assert driver.story == ["deferred high 1 quiet", "refused low 1 lower_priority", "fired high 1"]


def test_a_held_out_person_gets_nothing() -> None:
    assert annas(holdout=100).wait(DAY).story == refused("holdout")
    assert annas(holdout=0).wait(DAY).story == FIRED


def quiet(start: str, end: str, zone: str = "UTC") -> Driver:
    made = rules()
    made["policy"] |= {"quiet": {"from": start, "to": end}, "zone": zone}
    return cart(Driver(made), customer="anna")


def test_in_quiet_hours_a_step_waits_for_the_first_minute_outside_them() -> None:
    """The step is due at 13:00."""
    driver = quiet("13:00", "14:30").wait(DAY)
    assert driver.story == ["deferred cart-abandonment 1 quiet", *FIRED]
    assert driver.decisions[0]["until"] == driver.fired[0]["not_before"] == START + 150 * MINUTE


def test_the_end_of_quiet_hours_is_outside_them_and_equal_ends_are_none() -> None:
    assert quiet("12:00", "13:00").wait(DAY).story == FIRED
    assert quiet("13:00", "13:00").wait(DAY).story == FIRED


def test_quiet_hours_go_over_midnight_and_by_the_zone_of_the_policy() -> None:
    driver = quiet("21:00", "08:00", "Asia/Seoul").wait(DAY)
    assert driver.fired[0]["not_before"] == START + 11 * HOUR


def test_quiet_hours_go_by_the_persons_zone_and_by_the_policys_if_that_is_unknown() -> None:
    driver = quiet("21:00", "08:00").pipe(
        "visitor.identified", customer="anna", time_zone="Asia/Seoul"
    )
    assert driver.wait(HOUR).story == ["deferred cart-abandonment 1 quiet"]
    driver = quiet("21:00", "08:00").pipe(
        "visitor.identified", customer="anna", time_zone="Mars/Base"
    )
    assert driver.wait(HOUR).story == FIRED


def test_after_a_deferral_all_guards_run_again() -> None:
    driver = quiet("13:00", "14:30").wait(2 * HOUR)
    driver.pipe("consent.changed", channels=ALL, granted=False).wait(DAY)
    assert driver.story == ["deferred cart-abandonment 1 quiet", *refused("consent")]


def test_a_new_plan_replaces_a_deferral() -> None:
    driver = quiet("13:00", "14:30").wait(2 * HOUR).pipe("page.viewed").wait(DAY)
    assert driver.fired[0]["not_before"] == START + 3 * HOUR
