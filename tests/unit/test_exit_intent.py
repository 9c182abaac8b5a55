"""Exit intent: signals that count, their score, and the guards."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.kinds.exit_score import SORTS
from tests.driver import LAMP, SHOE, START, Driver, items, recipe


def here(rules: dict[str, Any] | None = None, **who: Any) -> Driver:
    """A visitor who has been looking at a page for 20 seconds."""
    return Driver(rules).pipe("page.viewed", **who).wait(20 * SECOND)


def leaves(driver: Driver, signal: str = "close_shortcut", **fields: Any) -> Driver:
    return driver.pipe("exit.signal", signal=signal, **fields)


def test_one_strong_signal_fires_at_once_for_30_seconds() -> None:
    (trigger,) = leaves(here()).fired
    at = START + 20 * SECOND
    assert (trigger["not_before"], trigger["valid_until"]) == (at, at + 30 * SECOND)
    assert (trigger["person"], trigger["channels"]) == ("visitor:phone", ["onsite"])
    assert (trigger["step"], trigger["steps"], trigger["message"]) == (1, 1, 1)


@pytest.mark.parametrize("signal", sorted(SORTS))
def test_a_single_signal_has_the_documented_weight(signal: str) -> None:
    sort = SORTS[signal]
    driver = leaves(here(), signal, held_ms=sort.least_held)
    assert bool(driver.decisions) is (sort.weight >= 0.7)


def test_signals_add_up_and_fade_with_their_age() -> None:
    """back (0.6) and scroll_up (0.35) together make 0.74; after a half-life of back 0.545."""
    assert leaves(leaves(here(), "back"), "scroll_up").story == ["fired exit-intent 1"]
    assert leaves(leaves(here(), "back").wait(10 * SECOND), "scroll_up").story == []


def test_the_latest_signal_of_a_sort_counts_once() -> None:
    driver = here()
    for _ in range(9):
        leaves(driver, "back")
    assert driver.story == []
    assert leaves(leaves(driver.wait(MINUTE), "back"), "scroll_up").story == ["fired exit-intent 1"]


def test_a_filled_cart_and_two_products_make_leaving_more_likely() -> None:
    """pointer_top 0.55: with a cart 0.7075, with two products 0.64, with both 0.766."""
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(20 * SECOND)
    assert leaves(driver, "pointer_top").story == ["fired exit-intent 1"]
    driver = Driver()
    for product in ("a", "b"):
        driver.pipe("product.viewed", product={"id": product})
    assert leaves(driver.wait(20 * SECOND), "pointer_top").story == []
    assert leaves(driver, "window_blur").story == ["fired exit-intent 1"]


def test_the_score_is_rounded_to_6_places_before_it_is_compared() -> None:
    """close_shortcut 48,714 ms old, back 9 ms old and window_blur make 0.69999974."""
    driver = leaves(Driver().pipe("page.viewed").wait(9 * SECOND))
    assert driver.story == ["refused exit-intent 1 too_soon"]
    leaves(driver.wait(48_705), "back")
    leaves(driver.wait(9), "window_blur")
    assert [each["why"]["score"] for each in driver.fired] == [0.7]


@pytest.mark.parametrize(
    ("signal", "fields", "accepted"),
    [
        ("close_shortcut", {"form_focus": True}, False),
        ("close_shortcut", {"held_ms": -1}, False),
        ("close_shortcut", {"held_ms": 0}, True),
    ],
)
def test_a_signal_in_a_form_or_held_too_briefly_is_not_accepted(
    signal: str, fields: dict[str, Any], accepted: bool
) -> None:
    assert bool(leaves(here(), signal, **fields).decisions) is accepted


@pytest.mark.parametrize(("passed", "accepted"), [(30 * MINUTE - 1, True), (30 * MINUTE, False)])
def test_without_a_visit_there_is_no_exit_trigger(passed: int, accepted: bool) -> None:
    assert bool(leaves(Driver().pipe("page.viewed").wait(passed)).decisions) is accepted
    assert leaves(Driver()).decisions == []


def test_signals_of_an_earlier_visit_do_not_count() -> None:
    driver = leaves(here(), "back").wait(HOUR).pipe("page.viewed").wait(20 * SECOND)
    assert leaves(driver, "scroll_up").story == []


@pytest.mark.parametrize(("passed", "reason"), [(9_999, " too_soon"), (10_000, "")])
def test_it_is_too_soon_in_the_first_10_seconds_of_a_visit(passed: int, reason: str) -> None:
    driver = leaves(Driver().pipe("activity.pinged").wait(passed))
    assert driver.story == [f"{'refused' if reason else 'fired'} exit-intent 1{reason}"]


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("page.viewed", {}),
        ("product.viewed", {"product": {"id": "a"}}),
        ("category.viewed", {"category": "x"}),
        ("search.performed", {"query": "x"}),
    ],
)
def test_it_is_too_soon_3_seconds_after_a_page_a_product_a_category_or_a_search(
    type: str, body: dict[str, Any]
) -> None:
    driver = leaves(here().pipe(type, **body).wait(2_999))
    assert driver.story == ["refused exit-intent 1 too_soon"]
    assert leaves(driver.wait(1)).story[1:] == ["fired exit-intent 1"]


def test_a_paying_visitor_gets_no_exit_offer_unless_the_payment_failed() -> None:
    driver = leaves(here().pipe("checkout.advanced", stage="payment"))
    assert driver.story == ["refused exit-intent 1 paying"]
    assert leaves(driver.pipe("payment.failed")).story[1:] == ["fired exit-intent 1"]


def test_after_an_order_in_the_visit_there_is_no_exit_offer_unless_it_is_cancelled() -> None:
    driver = leaves(here().pipe("order.placed", order={"id": "o"}))
    assert driver.story == ["refused exit-intent 1 ordered"]
    leaves(driver.pipe("order.cancelled", order={"id": "o"}))
    assert driver.story[1:] == ["fired exit-intent 1"]


def test_an_order_at_the_very_start_of_the_visit_is_one_in_the_visit() -> None:
    driver = Driver().pipe("page.viewed").pipe("order.placed").wait(20 * SECOND)
    assert leaves(driver).story == ["refused exit-intent 1 ordered"]


def test_it_fires_once_a_visit_and_once_in_7_days() -> None:
    driver = leaves(leaves(here()))
    driver.wait(7 * DAY - 20 * SECOND - 1).pipe("page.viewed").wait(20 * SECOND)
    leaves(driver)
    leaves(driver.wait(1))
    assert driver.story == [
        "fired exit-intent 1",
        "refused exit-intent 1 already",
        "refused exit-intent 1 cooldown",
        "fired exit-intent 1",
    ]


def test_consent_withdrawn_for_onsite_refuses() -> None:
    driver = here().pipe("consent.changed", channels=["onsite"], granted=False)
    assert leaves(driver).story == ["refused exit-intent 1 consent"]


def test_a_recipe_that_asks_for_consent_fires_once_it_is_granted() -> None:
    driver = leaves(here(recipe("exit-intent", consent="granted")))
    leaves(driver.pipe("consent.changed", channels=["onsite"], granted=True))
    assert driver.story == ["refused exit-intent 1 consent", "fired exit-intent 1"]


def test_a_held_out_visitor_sees_nothing() -> None:
    assert leaves(here(recipe("exit-intent", holdout=100))).story == [
        "refused exit-intent 1 holdout"
    ]


def test_the_same_refusal_is_recorded_once_a_visit() -> None:
    driver = here(recipe("exit-intent", holdout=100))
    leaves(leaves(leaves(driver)))
    assert len(driver.decisions) == 1
    leaves(driver.wait(HOUR).pipe("page.viewed").wait(20 * SECOND))
    assert len(driver.decisions) == 2


def test_exit_recipes_are_decided_each_on_its_own_by_priority_and_name() -> None:
    rules = {
        "recipes": [
            {"name": "late", "kind": "exit-intent", "priority": 200},
            {"name": "b", "kind": "exit-intent", "holdout": 100},
            {"name": "a", "kind": "exit-intent", "when": {"cart_value": {"min": 1}}},
            {"name": "c", "kind": "exit-intent"},
        ]
    }
    driver = leaves(here(rules))
    assert driver.story == ["refused b 1 holdout", "fired c 1", "fired late 1"]
    assert [each["offer"] for each in driver.fired] == ["free-shipping", None]


@pytest.mark.parametrize(("wait", "cancels"), [(30 * SECOND - 1, ["ordered"]), (30 * SECOND, [])])
def test_the_visitors_order_cancels_while_the_trigger_is_valid(
    wait: int, cancels: list[str]
) -> None:
    driver = leaves(here()).wait(wait).pipe("order.placed", order={"id": "o"})
    assert [each["reason"] for each in driver.cancelled] == cancels


def test_a_withdrawal_cancels_when_no_channel_of_the_trigger_is_left() -> None:
    driver = leaves(here(recipe("exit-intent", channels=["onsite", "push"])))
    driver.pipe("consent.changed", channels=["push"], granted=False)
    assert driver.cancelled == []
    driver.pipe("consent.changed", channels=["onsite"], granted=False)
    assert [(each["reason"], each["order_id"]) for each in driver.cancelled] == [("consent", None)]
    driver.pipe("order.placed", order={"id": "o"})
    assert len(driver.cancelled) == 1


def test_an_expired_trigger_is_not_cancelled_by_a_withdrawal() -> None:
    driver = leaves(here()).wait(30 * SECOND)
    assert driver.pipe("consent.changed", channels=["onsite"], granted=False).cancelled == []


@pytest.mark.parametrize(
    ("traits", "visits", "offer"),
    [({}, 1, "free-shipping"), ({}, 2, "percent-10"), ({"orders": 1}, 1, "loyal-gift")],
)
def test_the_shipped_offers_are_for_newcomers_returners_and_buyers(
    traits: dict[str, int], visits: int, offer: str
) -> None:
    driver = Driver().pipe("visitor.identified", customer="anna", traits=traits)
    for _ in range(visits):
        driver.wait(HOUR).pipe("page.viewed")
    assert [each["offer"] for each in leaves(driver.wait(20 * SECOND)).fired] == [offer]


@pytest.mark.parametrize(("apart", "offer"), [(30 * DAY - 1, None), (30 * DAY, "free-shipping")])
def test_a_visitor_gets_one_offer_in_30_days(apart: int, offer: str | None) -> None:
    always = {"offer": "free-shipping", "when": {}}
    driver = leaves(here(recipe("exit-intent", offers=[always])))
    driver.wait(15 * DAY).pipe("page.viewed").wait(apart - 15 * DAY - 10 * SECOND)
    leaves(driver.pipe("page.viewed").wait(10 * SECOND))
    assert [each["offer"] for each in driver.fired] == ["free-shipping", offer]


def test_the_value_is_the_carts_or_else_the_price_of_the_subject() -> None:
    driver = Driver().pipe("product.viewed", product={"id": "a", "price": 7}).wait(20 * SECOND)
    driver.pipe("product.viewed", product={"id": "b", "price": 3, "category": "x"}).wait(4 * SECOND)
    (trigger,) = leaves(driver).fired
    assert (trigger["value"], trigger["product"]["id"], trigger["cart"]) == (7, "a", None)
    driver.wait(8 * DAY).pipe("cart.updated", cart=items(SHOE, currency="EUR")).wait(20 * SECOND)
    trigger = leaves(driver).fired[-1]
    assert (trigger["value"], trigger["cart"]["currency"]) == (159.8, "EUR")


def test_the_category_of_a_condition_is_any_lines_or_the_subjects() -> None:
    rules = recipe("exit-intent", when={"category": ["shoes"]})
    looked = Driver(rules).pipe("product.viewed", product={"id": "a", "category": "shoes"})
    assert leaves(looked.wait(20 * SECOND)).story == ["fired exit-intent 1"]
    filled = Driver(rules).pipe("cart.updated", cart=items(LAMP, SHOE)).wait(20 * SECOND)
    assert leaves(filled).story == ["fired exit-intent 1"]
    assert leaves(here(rules)).story == []
