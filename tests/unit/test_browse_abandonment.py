"""Browse episodes: products looked at and left without a cart."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE, SECOND
from tests.driver import LAMP, START, Driver, items, recipe

RULES: dict[str, Any] = {
    "policy": {"caps": []},
    "recipes": [
        {"name": "browse-abandonment", "reach": "any", "cooldown": 0},
        {"name": "cart-abandonment", "reach": "any", "cooldown": 0, "steps": ["1h"]},
        {"name": "checkout-abandonment", "reach": "any", "cooldown": 0, "steps": ["1h"]},
    ],
}
FIRED = ["fired browse-abandonment 1"]


def looks(driver: Driver, *products: Any, visitor: str = "phone", every: int = SECOND) -> Driver:
    """Products by id or as they are, each on screen for `every` ms; anna's visitor."""
    for product in products:
        shown = product if isinstance(product, dict) else {"id": product}
        driver.pipe("product.viewed", visitor, product=shown, customer="anna").wait(every)
    return driver


def gone(driver: Driver, visitor: str = "phone") -> Driver:
    return driver.pipe("page.viewed", visitor, customer="anna").wait(5 * MINUTE + 1)


@pytest.mark.parametrize(("dwell", "story"), [(9_999, []), (10_000, FIRED)])
def test_a_product_viewed_for_10_seconds_gets_a_reminder(dwell: int, story: list[str]) -> None:
    assert gone(looks(Driver(RULES), "a", every=dwell)).wait(DAY).story == story


def test_three_viewed_products_are_a_reason_too() -> None:
    assert gone(looks(Driver(RULES), "a", "b", "a")).wait(DAY).story == []
    assert gone(looks(Driver(RULES), "a", "b", "c")).wait(DAY).story == FIRED


@pytest.mark.parametrize(("dwell", "story"), [(SECOND - 1, []), (SECOND, FIRED)])
def test_each_of_three_was_viewed_for_a_second(dwell: int, story: list[str]) -> None:
    assert gone(looks(Driver(RULES), "a", "b", "c", every=dwell)).wait(DAY).story == story


def test_the_product_still_on_screen_was_viewed() -> None:
    assert (
        looks(Driver(RULES), "a", "b").pipe("product.viewed", product={"id": "c"}).wait(DAY).story
        == FIRED
    )


def test_a_search_without_a_product_view_after_it_is_a_reason_too() -> None:
    driver = Driver(RULES).pipe("search.performed", query="x")
    (trigger,) = gone(driver).wait(DAY).fired
    assert (trigger["sub_kind"], trigger["product"], trigger["value"]) == ("search", None, 0)
    driver = Driver(RULES).pipe("search.performed", query="x")
    assert gone(looks(driver, "a")).wait(DAY).story == []


@pytest.mark.parametrize(("since", "story"), [(DAY - 1, []), (DAY, FIRED)])
def test_nothing_must_have_been_added_in_the_last_24_hours(since: int, story: list[str]) -> None:
    """The time of the idle fact counts, 5 minutes after the last activity."""
    rules = {**RULES, "recipes": RULES["recipes"][:1]}
    driver = Driver(rules).pipe("cart.item_added", item=LAMP, customer="anna")
    driver.pipe("cart.item_removed", item=LAMP).wait(since - 5 * MINUTE - 2 * SECOND)
    assert looks(driver, "a", "b", "c").wait(2 * HOUR).story == story


def test_an_open_checkout_and_an_open_funnel_episode_keep_it_closed() -> None:
    driver = looks(Driver(RULES), "a", "b", "c").pipe("checkout.started")
    assert driver.wait(DAY).story == ["fired checkout-abandonment 1"]
    driver = Driver(RULES).pipe("cart.item_added", "desktop", item=LAMP, customer="anna")
    assert looks(driver, "a", "b", "c").wait(DAY).story == ["fired cart-abandonment 1"]


def test_the_visitors_own_cart_supersedes_it() -> None:
    driver = gone(looks(Driver(RULES), "a", "b", "c")).pipe("cart.item_added", item=LAMP)
    assert driver.wait(5 * MINUTE + 1).story == ["closed browse-abandonment 1 superseded"]


def test_the_visitors_own_cart_supersedes_it_even_where_no_recipe_is_for_carts() -> None:
    rules = {**RULES, "recipes": RULES["recipes"][:1]}
    driver = gone(looks(Driver(rules), "a", "b", "c")).pipe("checkout.started")
    assert driver.wait(DAY).story == ["closed browse-abandonment 1 superseded"]


def test_a_funnel_episode_of_another_device_supersedes_it() -> None:
    driver = gone(looks(Driver(RULES), "a", "b", "c"))
    driver.pipe("cart.item_added", "desktop", item=LAMP, customer="anna")
    assert driver.wait(DAY).story == [
        "closed browse-abandonment 1 superseded",
        "fired cart-abandonment 1",
    ]


def test_another_devices_cart_without_an_episode_leaves_it() -> None:
    rules = {**RULES, "recipes": RULES["recipes"][:1]}
    driver = gone(looks(Driver(rules), "a", "b", "c"))
    driver.pipe("cart.item_added", "desktop", item=LAMP, customer="anna")
    assert driver.wait(DAY).story == FIRED


def test_a_later_visit_that_meets_the_conditions_replaces_it() -> None:
    driver = gone(looks(Driver(RULES), "a", "b", "c")).wait(40 * MINUTE)
    looks(driver, "d", "e", "f").wait(DAY)
    assert driver.story == ["closed browse-abandonment 1 replaced", *FIRED]


def test_a_later_visit_that_does_not_meet_them_changes_nothing() -> None:
    driver = gone(looks(Driver(RULES), "a", "b", "c")).wait(40 * MINUTE)
    (trigger,) = looks(driver, "d").wait(DAY).fired
    assert trigger["product"]["id"] == "c"


def test_an_earlier_visit_of_another_device_leaves_it() -> None:
    driver = looks(Driver(RULES), "x", visitor="desktop").wait(1)
    gone(looks(driver, "a", "b", "c"))
    looks(driver, "y", "z", visitor="desktop").wait(DAY)
    assert [each["visitor"] for each in driver.fired] == ["phone"]


def test_a_visit_of_another_device_that_began_at_the_same_time_leaves_it() -> None:
    driver = looks(looks(Driver(RULES), "x", visitor="desktop", every=0), "a", every=0)
    looks(driver, "b", "c", "d")
    looks(driver, "y", "z", "w", visitor="desktop").wait(DAY)
    assert driver.story == FIRED


def test_its_own_visit_feeds_it_while_it_meets_the_conditions() -> None:
    driver = gone(looks(Driver(RULES), "a", "b", "c"))
    (trigger,) = gone(looks(driver, "d", every=SECOND)).wait(DAY).fired
    assert (trigger["product"]["id"], trigger["why"]["key_time"]) == ("d", START)


def test_a_visit_is_reminded_of_once() -> None:
    driver = Driver({**RULES, "recipes": [{**RULES["recipes"][0], "steps": ["10m"]}]})
    gone(looks(driver, "a", "b", "c")).wait(10 * MINUTE)
    gone(looks(driver, "d")).wait(DAY)
    assert driver.story == FIRED


@pytest.mark.parametrize(
    ("products", "sub_kind"),
    [
        (["a", "a", "b", "c"], "product"),
        ([{"id": n, "category": "x"} for n in "abc"], "category"),
        ([{"id": n, "category": n} for n in "abc"], "recent"),
        (["a", "b", "c"], "recent"),
    ],
)
def test_the_sub_kind_names_the_sort_of_visit(products: list[Any], sub_kind: str) -> None:
    driver = looks(Driver(RULES), *products).pipe("search.performed", query="x")
    assert [each["sub_kind"] for each in gone(driver).wait(DAY).fired] == [sub_kind]


def test_its_subject_is_the_product_with_most_dwell_and_of_equal_ones_the_latest() -> None:
    driver = looks(Driver(RULES), "a", every=2 * SECOND)
    looks(driver, {"id": "b", "price": 5}, every=8 * SECOND)
    (trigger,) = gone(looks(driver, {"id": "c", "price": 7}, every=8 * SECOND)).wait(DAY).fired
    assert (trigger["product"]["id"], trigger["value"], trigger["cart"]) == ("c", 7, None)


def test_a_recipe_may_choose_by_sub_kind_category_and_visits() -> None:
    def story(**when: Any) -> list[str]:
        rules = recipe("browse-abandonment", when=when)
        driver = looks(Driver(rules), "a", "b", {"id": "c", "category": "hats"})
        return gone(driver).wait(DAY).story

    assert story(sub_kind=["recent"], category=["hats"], visits={"max": 1}) == FIRED
    assert story(sub_kind=["product", "search"]) == []
    assert story(category=["shoes"]) == []
    assert story(visits={"min": 2}) == []


def test_a_condition_on_the_carts_value_sees_no_cart() -> None:
    offers = [{"offer": "rich", "when": {"cart_value": {"min": 1}}}, {"offer": "any"}]
    driver = Driver(recipe("browse-abandonment", offers=offers))
    looks(driver, "a", "b", {"id": "c", "price": 99})
    assert [each["offer"] for each in gone(driver).wait(DAY).fired] == ["any"]


def test_an_emptied_cart_of_long_ago_is_no_cart() -> None:
    driver = Driver(RULES).pipe("cart.updated", cart=items(LAMP, id="k"), customer="anna")
    driver.pipe("cart.updated", cart=items(id="k")).wait(2 * DAY)
    assert looks(driver, "a", "b", "c").wait(DAY).story == FIRED
