"""Steps: when they are due, in which order, and what happens to the remaining ones."""

from typing import Any

from stream import limits
from stream.durations import DAY, HOUR, MINUTE
from tests.driver import LAMP, SHOE, START, Driver, items, recipe
from tests.people_driver import PeopleDriver, line


def cart(driver: Driver, visitor: str = "phone", id: str = "k") -> Driver:
    """A visitor of anna's fills a cart and is idle by the end."""
    driver.pipe("cart.updated", visitor, cart=items(LAMP, id=id), customer="anna")
    return driver.wait(5 * MINUTE + 1)


def due(driver: Driver) -> list[int]:
    """Ms after START at which triggers fired."""
    return [each["not_before"] - START for each in driver.fired]


def rules(**fields: Any) -> dict[str, Any]:
    return recipe("cart-abandonment", cooldown=0, **fields)


def test_steps_are_due_at_their_offsets_from_the_last_activity() -> None:
    driver = cart(Driver(rules(steps=["1h", "24h", "72h"]))).wait(4 * DAY)
    assert due(driver) == [HOUR, DAY, 3 * DAY]
    assert [each["message"] for each in driver.fired] == [1, 2, 3]


def test_the_anchor_is_the_last_activity_of_any_device() -> None:
    driver = cart(Driver(rules(steps=["1h"]))).wait(20 * MINUTE)
    driver.pipe("page.viewed", "desktop", customer="anna").wait(DAY)
    assert due(driver) == [HOUR + 25 * MINUTE + 1]


def test_nothing_is_due_while_one_device_is_active() -> None:
    driver = cart(Driver(rules(steps=["10m"])))
    for _ in range(10):
        driver.pipe("activity.pinged", "desktop", customer="anna").wait(4 * MINUTE)
    assert due(driver) == []
    assert due(driver.wait(DAY)) == [5 * MINUTE + 1 + 36 * MINUTE + 10 * MINUTE]


def test_a_device_that_becomes_another_customers_is_idle_to_the_first() -> None:
    """It stays one of her devices, and its last activity is the anchor."""
    driver = cart(Driver(rules(steps=["10m"]))).pipe("page.viewed", "desktop", customer="anna")
    driver.wait(MINUTE).pipe("page.viewed", "desktop", customer="bert").wait(HOUR)
    assert due(driver) == [5 * MINUTE + 1 + 10 * MINUTE]


def test_a_device_that_moves_frees_the_rest() -> None:
    people = PeopleDriver(rules(steps=["10m"])).idle(line("lamp", START)).active("desktop")
    people.wait(MINUTE).moved("desktop").wait(HOUR)
    assert [each["not_before"] - START for each in people.fired] == [10 * MINUTE]


def test_a_device_that_moves_closes_what_it_fed_last() -> None:
    people = PeopleDriver(rules()).idle(line("lamp", START)).moved()
    assert people.story == ["closed cart-abandonment 1 moved"]


def test_a_device_that_moves_while_another_is_active_frees_nothing() -> None:
    driver = cart(Driver(rules(steps=["10m"])))
    for device in ("desktop", "tablet"):
        driver.pipe("page.viewed", device, customer="anna")
    driver.wait(MINUTE).pipe("page.viewed", "desktop", customer="bert").wait(HOUR)
    assert due(driver) == [5 * MINUTE + 1 + 10 * MINUTE]


def test_a_return_moves_the_next_step_but_never_closer_than_the_offsets_are_apart() -> None:
    driver = cart(Driver(rules(steps=["1h", "2h"]))).wait(HOUR)
    driver.pipe("page.viewed").wait(DAY)
    assert due(driver) == [HOUR, HOUR + 5 * MINUTE + 1 + 2 * HOUR]
    driver = cart(Driver(rules(steps=["10m", "4h"])))
    assert due(driver.wait(DAY)) == [10 * MINUTE, 4 * HOUR]


def test_a_step_after_a_late_one_keeps_its_distance() -> None:
    """A cap defers the first step by an hour. The second one stays an hour after it."""
    caps = [{"max": 1, "per": "1h", "then": "defer"}]
    made = {**rules(steps=["1h", "2h"]), "policy": {"caps": caps}}
    made["recipes"].append({"name": "payment-failed", "steps": ["55m"]})
    driver = Driver(made).pipe("payment.failed", "desktop", customer="anna").wait(1)
    cart(driver).wait(DAY)
    assert due(driver) == [55 * MINUTE + 1, 115 * MINUTE + 1, 175 * MINUTE + 1]


def test_a_step_planned_into_the_past_fires_at_once_with_the_current_time() -> None:
    driver = cart(Driver(rules(steps=["1m", "2m", "3m"])))
    assert due(driver) == [5 * MINUTE, 6 * MINUTE, 7 * MINUTE][:1]
    assert due(driver.wait(DAY)) == [5 * MINUTE, 6 * MINUTE, 7 * MINUTE]


def test_a_refused_step_is_passed_over_and_the_next_is_planned() -> None:
    driver = cart(Driver(rules(steps=["1h", "3h"], ordered_within="2h")))
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(1)
    driver.pipe("cart.updated", cart=items(SHOE, id="m")).wait(DAY)
    assert driver.story[1:] == ["refused cart-abandonment 1 ordered", "fired cart-abandonment 2"]
    assert driver.fired[0]["message"] == 1


def test_steps_due_at_one_time_go_by_priority_then_recipe_then_origin() -> None:
    made: dict[str, Any] = {
        "policy": {"caps": []},
        "recipes": [
            {
                "name": name,
                "kind": "cart-abandonment",
                "steps": ["1h"],
                "cooldown": 0,
                "priority": p,
            }
            for name, p in (("b", 30), ("a", 30), ("first", 29))
        ],
    }
    driver = Driver(made)
    for visitor, id in (("phone", "m"), ("desktop", "k")):
        driver.pipe("cart.updated", visitor, cart=items(LAMP, id=id), customer="anna")
    order = [(each["recipe"], each["cart"]["id"]) for each in driver.wait(DAY).fired]
    assert order == [("first", "k"), ("first", "m")]
    assert [each["recipe"] for each in driver.decisions] == ["first"] * 2 + ["a"] * 2 + ["b"] * 2


def test_a_step_is_due_before_an_order_of_the_same_time() -> None:
    driver = cart(Driver(rules(steps=["1h"]))).wait(55 * MINUTE - 1)
    driver.pipe("order.placed", order={"id": "o"}).wait(1)
    assert due(driver) == [HOUR]
    assert len(driver.cancelled) == 1


def test_an_order_closes_all_episodes_of_the_person() -> None:
    driver = cart(cart(Driver(rules())), "desktop", "m")
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(DAY)
    assert driver.story == ["closed cart-abandonment 1 converted"] * 2
    assert [each["steps_left"] for each in driver.decisions] == [3, 3]


def test_a_person_is_forgotten_30_days_after_the_last_fact_after_the_steps_of_that_time() -> None:
    made = rules(steps=["1h", "2h", "3h"], expires="90d")
    caps = [{"max": 1, "per": "40d", "then": "defer"}]
    driver = cart(Driver(made | {"policy": {"caps": caps}})).wait(31 * DAY)
    first, forgotten = driver.decisions[0], driver.decisions[-1]
    assert (first["outcome"], forgotten["reason"]) == ("fired", "forgotten")
    assert (forgotten["at"] - START, forgotten["steps_left"]) == (30 * DAY + 5 * MINUTE, 2)
    caps[0]["per"] = f"{30 * 24 * 60 + 5 - 60}m"
    driver = cart(Driver(made | {"policy": {"caps": caps}})).wait(31 * DAY)
    assert driver.story[-2:] == ["fired cart-abandonment 2", "closed cart-abandonment 3 forgotten"]


def test_a_forgotten_person_may_be_reminded_of_the_same_contents_again() -> None:
    driver = cart(Driver(rules(steps=["1h"]))).wait(40 * DAY)
    cart(driver).wait(DAY)
    assert len(driver.fired) == 2


def test_a_recipe_changed_while_a_step_waits_closes_what_it_no_longer_has() -> None:
    driver = cart(Driver(rules(steps=["1h", "2h"]))).wait(HOUR)
    driver.restart(rules(steps=["1h"])).pipe("page.viewed").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1", "closed cart-abandonment 2 disabled"]


def test_a_recipe_no_longer_in_force_closes_its_episodes_when_their_step_comes_due() -> None:
    driver = cart(Driver(rules())).restart(recipe("exit-intent")).wait(DAY)
    assert driver.story == ["closed cart-abandonment 1 disabled"]
    driver = cart(Driver(rules())).restart(recipe("exit-intent"))
    assert driver.pipe("page.viewed").wait(DAY).story == ["closed cart-abandonment 1 disabled"]


def test_episodes_of_a_recipe_no_longer_in_force_close_like_any_other() -> None:
    driver = cart(Driver(rules())).restart(recipe("exit-intent"))
    driver.pipe("order.placed", order={"id": "o"}).wait(1)
    assert driver.story == ["closed cart-abandonment 1 converted"]
    assert driver.decisions[0]["version"] == 0


def test_a_person_keeps_as_many_finished_episodes_carts_and_visitors_as_bounds_say() -> None:
    """The oldest beyond the bound is forgotten, so its cart may cause a reminder again."""
    driver = Driver(rules(steps=["0ms"]))
    count = limits.MOST_REMEMBERED + 1
    for number in range(count):
        driver.pipe("cart.updated", f"d{number}", cart=items(LAMP, id=f"k{number}"),
                    customer="till").wait(6 * MINUTE)  # fmt: skip
    assert len(driver.fired) == count
    driver.pipe("page.viewed", f"d{count - 1}").wait(6 * MINUTE)
    assert len(driver.fired) == count
    driver.pipe("cart.updated", "d0", cart=items(LAMP, SHOE, id="k0"))
    driver.pipe("cart.updated", "d0", cart=items(LAMP, id="k0")).wait(6 * MINUTE)
    assert len(driver.fired) == count + 1
