"""The readings of unclear rules in docs/semantics.md, one or more tests each."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE, SECOND
from tests.driver import LAMP, SHOE, Driver, items, recipe

ANNA = {"customer": "anna"}


def rules(name: str = "cart-abandonment", **fields: Any) -> dict[str, Any]:
    base = {"cooldown": 0, "ordered_within": 0, "reach": "any", "steps": ["1h"]}
    return recipe(name, **{**base, **fields})


def shows(driver: Driver, *lines: dict[str, Any], visitor: str = "phone", **cart: Any) -> Driver:
    driver.pipe("cart.updated", visitor, cart=items(*lines, **cart), **ANNA)
    return driver.wait(5 * MINUTE + 1)


@pytest.mark.parametrize(
    ("type", "body", "path"),
    [
        ("page.viewed", {"page": {}}, None),
        ("page.viewed", {"page": {"title": "x"}}, None),
        ("visitor.identified", {**ANNA, "traits": {"value": 1.5}}, None),
        ("visitor.identified", {**ANNA, "traits": {"orders": 1.5}}, "$.traits.orders"),
        ("cart.item_removed", {"item": {"product_id": "p", "quantity": 0}}, None),
        ("cart.updated", {"cart": items(version=1.5)}, "$.cart.version"),
        ("exit.signal", {"signal": "back", "held_ms": -1e300}, "$.held_ms"),
    ],
)
def test_parts_of_a_page_or_of_traits_may_be_left_out_and_counts_are_integers(
    type: str, body: dict[str, Any], path: str | None
) -> None:
    driver = Driver().pipe(type, **body)
    assert driver.rejected == []
    assert driver.reported == ([] if path is None else [path])


def test_the_last_version_given_under_an_id_is_forgotten_when_the_shop_gives_another() -> None:
    driver = Driver(rules())
    for id, version in (("k", 5), ("m", 1), ("k", 3)):
        shows(driver, {**LAMP, "quantity": version}, id=id, version=version)
    (trigger,) = driver.wait(DAY).fired
    assert trigger["cart"]["items"][0]["quantity"] == 3


def test_an_order_of_the_very_millisecond_in_which_a_visit_starts_is_in_the_visit() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o"}).pipe("page.viewed").wait(20_000)
    driver.pipe("exit.signal", signal="close_shortcut")
    assert driver.story == ["refused exit-intent 1 ordered"]


def test_a_cart_that_never_changed_closes_nothing() -> None:
    """The checkout ends by its age."""
    for ordered in (False, True):
        driver = Driver(rules("checkout-abandonment", steps=["1h", "29d"], expires="90d"))
        if ordered:
            driver.pipe("order.placed", "server", order={"id": "o1"}, **ANNA).wait(DAY)
        driver.pipe("checkout.started", **ANNA).wait(8 * DAY).pipe("page.viewed").wait(HOUR)
        driver.pipe("order.placed", "server", order={"id": "o2"}, **ANNA).wait(1)
        assert driver.story[-1] == "closed checkout-abandonment 2 converted"


def test_an_old_cart_that_counts_as_empty_closes_nothing_and_frees_no_memory() -> None:
    driver = shows(Driver(rules()), LAMP, id="k", visitor="old")
    driver.pipe("order.placed", "phone", order={"id": "o"}, **ANNA).wait(1)
    shows(driver, LAMP, id="k").wait(DAY)
    driver.pipe("page.viewed", "old").wait(HOUR)
    driver.pipe("cart.updated", cart=items(SHOE, id="k"))
    shows(driver, LAMP, id="k").wait(DAY)
    assert len(driver.fired) == 1


def test_an_older_cart_under_another_id_still_replaces_what_its_visitor_fed() -> None:
    driver = shows(Driver(rules()), LAMP, id="k", visitor="a")
    driver.pipe("cart.updated", "a", cart=items(SHOE, id="m"), **ANNA).wait(1)
    shows(driver, LAMP, id="m", visitor="b")
    assert driver.wait(DAY).story == [
        "closed cart-abandonment 1 replaced",
        "fired cart-abandonment 1",
    ]


def test_the_last_order_is_the_latest_and_not_the_one_entered_last() -> None:
    """The laptop's order is from before the cart, and entered after the server's later one."""
    driver = Driver(rules()).pipe("order.placed", "laptop", order={"id": "o1"}).wait(1)
    driver.pipe("cart.item_added", item=LAMP, **ANNA).wait(1)
    driver.pipe("order.placed", "server", order={"id": "o2"}, **ANNA).wait(1)
    driver.pipe("visitor.identified", "laptop", **ANNA).wait(DAY)
    assert driver.story == []


def test_a_later_visit_replaces_a_browse_episode_even_where_it_may_not_open_one() -> None:
    driver = Driver(rules("browse-abandonment", when={"category": ["hats"]}))
    for category in ("hats", "shoes"):
        for name in "abc":
            product = {"id": category + name, "category": category}
            driver.pipe("product.viewed", product=product, **ANNA).wait(SECOND)
        driver.wait(50 * MINUTE)
    assert driver.wait(DAY).story == ["closed browse-abandonment 1 replaced"]


def test_a_checkout_without_a_cart_has_the_category_of_the_subject() -> None:
    driver = Driver(rules("checkout-abandonment", when={"category": ["hats"]}))
    driver.pipe("product.viewed", product={"id": "p", "category": "hats"}, **ANNA)
    assert driver.pipe("checkout.started").wait(HOUR).story == ["fired checkout-abandonment 1"]


def test_a_refused_exit_is_recorded_once_a_visit_even_after_a_change_of_person() -> None:
    driver = Driver(recipe("exit-intent", holdout=100)).pipe("page.viewed").wait(20_000)
    driver.pipe("exit.signal", signal="close_shortcut")
    driver.pipe("exit.signal", signal="close_shortcut", **ANNA)
    assert [each["person"] for each in driver.decisions] == ["visitor:phone"]
