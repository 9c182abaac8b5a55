"""Conditions, offers, arms and holdouts."""

from collections import Counter
from typing import Any

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.recipes import ids
from stream.recipes.conditions import Known, Offer, Range, When, first_offer
from tests.driver import LAMP, SHOE, Driver, items, recipe


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [(3, 3, True), (None, 3, True), (3, None, True), (4, None, False), (None, 2, False)],
)
def test_both_ends_of_a_range_are_included(low: int, high: int, holds: bool) -> None:
    assert Range("visits", low, high).holds(Known(visits=3)) is holds


def test_an_unknown_number_counts_0() -> None:
    names = ("visits", "orders", "cart_value", "traits_value", "message")
    assert all(Range(name, 0, 0).holds(Known()) for name in names)


def test_all_conditions_must_hold() -> None:
    when = When((Range("visits", 1), Range("orders", 1)), frozenset({"recent"}), frozenset({"x"}))
    known = Known(visits=1, orders=1, sub_kind="recent", categories=frozenset({"x", "y"}))
    assert when.holds(known)
    for less in (
        Known(visits=1, orders=0, sub_kind="recent", categories=frozenset({"x"})),
        Known(visits=1, orders=1, sub_kind="search", categories=frozenset({"x"})),
        Known(visits=1, orders=1, sub_kind=None, categories=frozenset({"x"})),
        Known(visits=1, orders=1, sub_kind="recent"),
    ):
        assert not when.holds(less)


def test_no_condition_holds_always() -> None:
    assert When().holds(Known())


def test_the_first_offer_that_holds_is_given() -> None:
    offers = (Offer("a", When((Range("visits", 2),))), Offer("b"), Offer("c"))
    assert first_offer(offers, Known(visits=1)) == "b"
    assert first_offer(offers, Known(visits=2)) == "a"
    assert first_offer(offers[:1], Known()) is None


def cart(driver: Driver, visitor: str = "phone") -> Driver:
    driver.pipe("cart.updated", visitor, cart=items(LAMP, SHOE, id="k"), customer="anna")
    return driver.wait(5 * MINUTE + 1)


OFFERS = [
    {"offer": "second", "when": {"message": {"min": 2}}},
    {"offer": "rich", "when": {"traits.value": {"min": 100}, "cart_value": {"min": 199.8}}},
    {"offer": "loyal", "when": {"orders": {"min": 2}}},
    {"offer": "shoes", "when": {"category": ["shoes"], "visits": {"min": 2}}},
]


def offers(driver: Driver) -> list[str | None]:
    return [each["offer"] for each in driver.fired]


def rules(**fields: Any) -> dict[str, Any]:
    return recipe(
        "cart-abandonment", **{"ordered_within": 0, "cooldown": 0, "offers": OFFERS, **fields}
    )


def test_offers_read_message_traits_cart_orders_category_and_visits_at_the_step() -> None:
    assert offers(cart(Driver(rules())).wait(2 * DAY)) == [None, "second"]
    driver = Driver(rules()).pipe("visitor.identified", customer="anna", traits={"value": 100})
    assert offers(cart(driver).wait(2 * HOUR)) == ["rich"]
    driver = Driver(rules()).pipe("visitor.identified", customer="anna", traits={"orders": 2})
    assert offers(cart(driver).wait(2 * HOUR)) == ["loyal"]
    driver = cart(Driver(rules())).pipe("page.viewed", "desktop", customer="anna").wait(2 * HOUR)
    assert offers(driver) == ["shoes"]


def test_counted_orders_and_those_of_the_traits_are_not_added_up() -> None:
    driver = Driver(rules()).pipe("visitor.identified", customer="anna", traits={"orders": 1})
    driver.pipe("order.placed", "server", order={"id": "o"}, customer="anna").wait(1)
    assert offers(cart(driver).wait(2 * HOUR)) == [None]


@pytest.mark.parametrize(("apart", "second"), [(30 * DAY, "gift"), (30 * DAY - 1, None)])
def test_a_person_gets_one_offer_in_30_days(apart: int, second: str | None) -> None:
    driver = Driver(rules(offers=[{"offer": "gift"}], steps=["1h"]))
    driver.pipe("cart.updated", cart=items(LAMP, id="k"), customer="anna").wait(10 * DAY)
    driver.pipe("page.viewed").wait(apart - 10 * DAY)
    driver.pipe("cart.updated", cart=items(SHOE, id="m")).wait(DAY)
    assert offers(driver) == ["gift", second]


def test_arms_are_cumulative_in_their_order_and_outside_all_there_is_none() -> None:
    text = "recipes: [{name: cart-abandonment, arms: {a: 50, b: 25.5}}]"
    found = recipes_file.load(text).by_name["cart-abandonment"]
    arms = Counter(found.arm(f"customer:{n}") for n in range(4_000))
    assert 0.48 < arms["a"] / 4_000 < 0.52
    assert 0.235 < arms["b"] / 4_000 < 0.275
    assert 0.225 < arms[None] / 4_000 < 0.265
    draw = ids.bucket("arm", "cart-abandonment", "customer:1")
    assert found.arm("customer:1") == ("a" if draw < 5_000 else "b" if draw < 7_550 else None)


def test_an_arm_ends_before_the_bucket_of_its_percent() -> None:
    found = recipes_file.load("recipes: [{name: cart-abandonment, arms: {a: 50, b: 50}}]")
    arm = found.by_name["cart-abandonment"].arm
    people = {ids.bucket("arm", "cart-abandonment", f"p{n}"): f"p{n}" for n in range(100_000)}
    assert (arm(people[4_999]), arm(people[5_000])) == ("a", "b")


def test_the_holdout_is_drawn_apart_from_the_arms_and_by_recipe() -> None:
    people = [f"customer:{n}" for n in range(2_000)]
    draws = [[ids.bucket(word, name, each) for each in people]
             for word, name in (("holdout", "x"), ("arm", "x"), ("holdout", "y"))]  # fmt: skip
    held = [{n for n, draw in enumerate(each) if draw < 2_000} for each in draws]
    assert all(350 < len(each) < 450 for each in held)
    assert len(held[0] & held[1]) < 120
    assert len(held[0] & held[2]) < 120


def test_a_bucket_is_the_hash_of_the_page() -> None:
    """int(sha256("holdout|cart-abandonment|customer:anna").hex[:8], 16) % 10000."""
    assert ids.bucket("holdout", "cart-abandonment", "customer:anna") == 5158


@pytest.mark.parametrize(("percent", "held"), [(51.58, False), (51.581, True), (51.59, True)])
def test_a_person_below_the_holdout_share_is_held_out(percent: float, held: bool) -> None:
    text = f"recipes: [{{name: cart-abandonment, holdout: {percent}}}]"
    assert recipes_file.load(text).by_name["cart-abandonment"].held_out("customer:anna") is held
