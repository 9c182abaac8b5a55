"""Funnel episodes: what opens, feeds and closes them, and what is remembered."""

from typing import Any

import pytest

from stream import limits
from stream.durations import DAY, HOUR, MINUTE
from stream.state.view import View
from tests.driver import LAMP, SHOE, START, Driver, items, recipe
from tests.people_driver import PeopleDriver, line

FUNNEL: dict[str, Any] = {
    "policy": {"caps": []},
    "recipes": [
        {"name": name, "steps": ["1h"], "cooldown": 0, "ordered_within": 0, "reach": "any"}
        for name in ("payment-failed", "checkout-abandonment", "cart-abandonment")
    ],
}
"""The three kinds, each with one step an hour after the last activity and no guard."""


def shows(driver: Driver, *lines: dict[str, Any], visitor: str = "phone", **cart: Any) -> Driver:
    """A visitor of anna's shows its whole cart, and is idle by the end."""
    driver.pipe("cart.updated", visitor, cart=items(*lines, **cart), customer="anna")
    return driver.wait(5 * MINUTE + 1)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([], "cart-abandonment"),
        (["checkout.started"], "checkout-abandonment"),
        (["payment.failed"], "payment-failed"),
        (["payment.failed", "checkout.started"], "checkout-abandonment"),
    ],
)
def test_a_cart_is_at_one_stage_of_the_funnel(events: list[str], kind: str) -> None:
    driver = Driver(FUNNEL).pipe("cart.item_added", item=LAMP)
    for event in events:
        driver.pipe(event)
    assert driver.wait(DAY).story == [f"fired {kind} 1"]


def test_the_next_stage_supersedes_the_one_before() -> None:
    driver = Driver(FUNNEL).pipe("cart.item_added", item=LAMP).wait(10 * MINUTE)
    driver.pipe("checkout.started").wait(10 * MINUTE).pipe("payment.failed").wait(DAY)
    assert driver.story == [
        "closed cart-abandonment 1 superseded",
        "closed checkout-abandonment 1 superseded",
        "fired payment-failed 1",
    ]


def test_an_emptied_cart_closes_its_episode() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), id="k")
    assert driver.story == ["closed cart-abandonment 1 emptied"]


def test_another_cart_id_of_the_visitor_that_fed_it_replaces_an_episode() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), SHOE, id="m")
    assert driver.story == ["closed cart-abandonment 1 replaced"]


def test_the_same_contents_under_another_id_keep_their_episode() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), LAMP, id="m").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1"]
    assert driver.fired[0]["cart"]["id"] == "m"


def test_another_visitors_other_cart_replaces_nothing() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), LAMP, id="m", visitor="desktop")
    assert driver.wait(DAY).story == ["fired cart-abandonment 1"] * 2


def test_a_continued_episode_keeps_its_key_time_and_takes_the_newest_cart() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), LAMP, SHOE, id="k").wait(DAY)
    (trigger,) = driver.fired
    assert trigger["value"] == 199.8
    assert trigger["why"]["key_time"] == START


def test_a_cart_on_two_devices_has_one_episode_and_the_device_that_fed_it_last() -> None:
    driver = shows(shows(Driver(FUNNEL), LAMP, id="k"), LAMP, id="k", visitor="desktop").wait(DAY)
    assert [(each["visitor"], each["why"]["key_time"]) for each in driver.fired] == [
        ("desktop", START)
    ]


def test_an_older_cart_of_another_device_touches_nothing() -> None:
    driver = Driver(FUNNEL).pipe(
        "cart.updated", "old", cart=items(SHOE, id="k"), customer="anna"
    )  # fmt: skip
    shows(driver.wait(1), LAMP, id="k")
    assert driver.pipe("page.viewed", "old").wait(DAY).fired[0]["value"] == 40
    assert driver.story == ["fired cart-abandonment 1"]


def test_an_older_cart_with_the_same_contents_feeds_the_episode() -> None:
    driver = Driver(FUNNEL).pipe(
        "cart.updated", "old", cart=items(LAMP, id="k"), customer="anna"
    )  # fmt: skip
    shows(driver.wait(1), LAMP, id="k")
    assert driver.pipe("page.viewed", "old").wait(DAY).fired[0]["visitor"] == "old"


def test_a_known_cart_of_before_the_last_order_makes_no_summary_older() -> None:
    driver = shows(Driver(FUNNEL).pipe("page.viewed", "desktop", customer="anna"), LAMP, id="k")
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(1)
    shows(driver, SHOE, id="k", visitor="desktop").wait(DAY)
    assert driver.story == ["closed cart-abandonment 1 converted", "fired cart-abandonment 1"]


def test_a_finished_episode_does_not_start_again_by_its_key_time() -> None:
    driver = shows(Driver(FUNNEL), LAMP, id="k").wait(DAY)
    driver.pipe("page.viewed").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1"]


def test_the_same_contents_do_not_start_again_until_the_cart_was_empty() -> None:
    driver = shows(Driver(FUNNEL), LAMP, id="k").wait(DAY)
    driver.pipe("cart.updated", cart=items(SHOE, id="k"))
    shows(driver, LAMP, id="k").wait(DAY)
    assert len(driver.fired) == 1
    shows(shows(driver, id="k"), LAMP, id="k").wait(DAY)
    assert len(driver.fired) == 2


def test_the_same_contents_start_again_after_an_order() -> None:
    driver = shows(Driver(FUNNEL), LAMP, id="k").wait(DAY)
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(1)
    driver.pipe("cart.updated", cart=items(SHOE, id="k"))
    assert len(shows(driver, LAMP, id="k").wait(DAY).fired) == 2


def test_a_repeated_order_lifts_no_memory() -> None:
    driver = Driver(FUNNEL).pipe("order.placed", "server", order={"id": "o"}, customer="anna")
    shows(driver.wait(1), LAMP, id="k").wait(DAY)
    driver.pipe("order.placed", "server", order={"id": "o"}).wait(1)
    driver.pipe("cart.updated", cart=items(SHOE, id="k"))
    assert len(shows(driver, LAMP, id="k").wait(DAY).fired) == 1


def test_an_earlier_checkout_is_closed_by_the_order_and_its_old_cart_closes_nothing() -> None:
    driver = Driver(FUNNEL).pipe(
        "cart.updated", "old", cart=items(LAMP, id="k"), customer="anna"
    )  # fmt: skip
    driver.pipe("checkout.started", "old").wait(1)
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(MINUTE)
    shows(driver, SHOE, id="k")
    assert driver.pipe("page.viewed", "old").wait(30 * MINUTE).story == []
    assert driver.wait(DAY).story == ["fired cart-abandonment 1"]


def test_a_cart_of_before_the_last_order_counts_with_a_checkout_24h_later() -> None:
    driver = Driver(FUNNEL).pipe("cart.item_added", item=LAMP, customer="anna").wait(1)
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(DAY)
    (trigger,) = driver.pipe("checkout.started").wait(DAY).fired
    assert trigger["value"] == 40


def test_a_cancelled_order_revives_no_cart() -> None:
    driver = Driver(FUNNEL).pipe("cart.item_added", item=LAMP, customer="anna").wait(1)
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(1)
    driver.pipe("order.cancelled", "server", order={"id": "o"}).wait(DAY)
    assert driver.story == []


def test_a_cart_that_an_order_hid_is_known_again_after_its_cancel() -> None:
    """The newer cart, shown while the order stood, makes the older one older still."""
    driver = Driver(FUNNEL).pipe(
        "cart.updated", "old", cart=items(SHOE, id="k"), customer="anna"
    )  # fmt: skip
    driver.wait(1).pipe("cart.updated", "new", cart=items(LAMP, id="k"), customer="anna").wait(1)
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(HOUR)
    driver.pipe("order.cancelled", "server", order={"id": "o"}).wait(1)
    assert driver.pipe("page.viewed", "old").wait(DAY).story == []


def test_a_later_step_waits_for_its_own_conditions_only_at_the_opening() -> None:
    rules = recipe("cart-abandonment", when={"cart_value": {"min": 50}}, steps=["1h"])
    driver = shows(Driver(rules), LAMP, id="k").wait(2 * HOUR)
    assert driver.story == []
    shows(shows(driver, SHOE, id="k"), LAMP, id="k").wait(DAY)
    assert driver.story == ["fired cart-abandonment 1"]


def test_recipes_of_a_kind_have_an_episode_each() -> None:
    rules = {
        "policy": {"caps": []},
        "recipes": [
            {"name": "b", "kind": "cart-abandonment", "steps": ["1h"], "priority": 1},
            {"name": "a", "kind": "cart-abandonment", "steps": ["1h"], "priority": 1},
            {"name": "off", "kind": "cart-abandonment", "steps": ["1h"], "enabled": False},
            {"name": "shoes", "kind": "cart-abandonment", "when": {"category": ["shoes"]}},
        ],
    }
    assert shows(Driver(rules), LAMP, id="k").wait(DAY).story == ["fired a 1", "fired b 1"]


def test_with_as_many_episodes_open_as_are_kept_no_other_opens() -> None:
    driver = Driver(FUNNEL)
    for number in range(limits.MOST_OPEN + 1):
        cart = items(LAMP, id=f"k{number}")
        driver.pipe("cart.updated", f"device{number}", cart=cart, customer="till")
    assert len(driver.wait(DAY).fired) == limits.MOST_OPEN


def test_the_lines_of_all_open_episodes_are_bounded() -> None:
    lines = [{**LAMP, "product_id": f"{n:0128}"} for n in range(300)]
    driver = Driver(FUNNEL)
    for number in range(25):
        cart = items(*lines, id=f"k{number}")
        driver.pipe("cart.updated", f"device{number:02}", cart=cart, customer="till")
    kept = [len(each["cart"]["items"]) for each in driver.wait(2 * HOUR).fired]
    assert (max(kept), sum(kept) < 25 * 300) == (300, True)
    assert sum(kept) == limits.LARGEST_CARTS // (50 + 128)


@pytest.mark.parametrize(("over", "kept"), [(0, ["a", "b"]), (1, ["a"])])
def test_a_cart_may_fill_the_bound_of_all_open_episodes(over: int, kept: list[str]) -> None:
    first, second = (line(id, START, category="") for id in ("a", "b"))
    first.category = "x" * (limits.LARGEST_CARTS - 2 * limits.size(second) + over)
    assert PeopleDriver().idle(first, second).wait(HOUR).shown == [kept]


@pytest.mark.parametrize(("over", "offer"), [(0, "wide"), (1, None)])
def test_the_category_looked_at_may_fill_what_other_episodes_leave(
    over: int, offer: str | None
) -> None:
    first, shown = line("a", START), "y" * limits.LONGEST_CATEGORY
    first.category = "x" * (limits.LARGEST_CARTS - limits.size(first) - len(shown) + over)
    wide = {"offer": "wide", "when": {"category": [shown]}}
    rules = recipe("checkout-abandonment", steps=["1h"], reach="any", offers=[wide])
    rules["recipes"] += FUNNEL["recipes"][2:]
    subject = View("p", 1, 0, START, "e", category=shown)
    driver = PeopleDriver(rules).idle(first, id="k")
    fired = driver.idle(visitor="pc", id="m", checkout=START, subject=subject).wait(HOUR).fired
    assert [each.get("offer") for each in fired] == [offer]
