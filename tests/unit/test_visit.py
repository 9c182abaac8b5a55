"""Visits, views, checkouts, duplicates and late events: the state of a visitor, as in its summary."""

from typing import Any

import pytest

from stream import limits
from stream.durations import DAY, MINUTE, SECOND
from stream.state.orders import OrderEntry, enter_order, repeated
from tests.driver import LAMP, START, Driver, items

LONG_AGO = START - DAY


def summary(driver: Driver) -> dict[str, Any]:
    """The summary of the last visitor.idle."""
    idle = [fact for fact in driver.facts if fact["type"] == "visitor.idle"]
    found: dict[str, Any] = idle[-1]["summary"]
    return found


def views(driver: Driver) -> dict[str, tuple[int, int]]:
    """(count, dwell in ms) by product, oldest view first."""
    return {view[0]: (view[1], view[2]) for view in summary(driver).get("views", [])}


def viewed(driver: Driver, *products: str, every: int = 0) -> Driver:
    for product in products:
        driver.pipe("product.viewed", product={"id": product}).wait(every)
    return driver


def test_engaged_events_less_than_30_minutes_apart_are_one_visit() -> None:
    driver = viewed(Driver(), "a").wait(30 * MINUTE - 1)
    assert summary(viewed(driver, "b").wait(MINUTE * 5))["visits"] == 1
    assert list(views(driver)) == ["a", "b"]


def test_the_next_visit_starts_30_minutes_after_the_last_engaged_event_with_nothing_in_view() -> (
    None
):
    driver = viewed(Driver(), "a").pipe("search.performed", query="x").wait(30 * MINUTE)
    viewed(driver, "b").wait(5 * MINUTE)
    visit = summary(driver)
    assert (visit["visits"], visit["visit_start"], list(views(driver))) == (
        2,
        START + 30 * MINUTE,
        ["b"],
    )
    assert "searches" not in visit
    assert "query" not in visit


def test_cart_and_checkout_outlive_the_visit() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).pipe("checkout.started").wait(DAY)
    visit = summary(driver.pipe("page.viewed").wait(5 * MINUTE))
    assert len(visit["cart"]["lines"]) == 1
    assert visit["checkout"][0] == START


def test_an_event_that_is_not_engaged_starts_and_extends_no_visit() -> None:
    driver = viewed(Driver(), "a").wait(20 * MINUTE).pipe("exit.signal", signal="back")
    viewed(driver.wait(10 * MINUTE), "b").wait(5 * MINUTE)
    assert summary(driver)["visits"] == 2


def test_a_product_dwells_from_its_view_to_the_last_engaged_event_while_it_is_on_screen() -> None:
    driver = viewed(Driver(), "a", every=3 * SECOND).pipe("activity.pinged").wait(4 * SECOND)
    driver.pipe("checkout.started").wait(5 * SECOND).pipe("exit.signal", signal="back").wait(1)
    assert views(driver.wait(5 * MINUTE)) == {"a": (1, 7 * SECOND)}


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("page.viewed", {}),
        ("category.viewed", {"category": "x"}),
        ("search.performed", {"query": "x"}),
        ("product.viewed", {"product": {"id": "b"}}),
    ],
)
def test_a_page_category_search_or_other_product_takes_a_product_off_the_screen(
    type: str, body: dict[str, Any]
) -> None:
    driver = viewed(Driver(), "a", every=3 * SECOND).pipe(type, **body).wait(4 * SECOND)
    assert views(driver.pipe("activity.pinged").wait(5 * MINUTE))["a"] == (1, 3 * SECOND)


def test_a_view_again_counts_up_and_has_the_newest_attributes() -> None:
    driver = Driver().pipe("product.viewed", product={"id": "a", "name": "A", "price": 3})
    driver.pipe("product.viewed", product={"id": "b"}).pipe(
        "product.viewed", product={"id": "a", "price": 2}
    )
    visit = summary(driver.wait(5 * MINUTE))
    assert [view[0] for view in visit["views"]] == ["b", "a"]
    assert visit["views"][1][1] == 2
    assert visit["subject"][0] == "a"
    assert visit["subject"][5:] == [None, None, 2.0, None, None]


def test_the_20_products_viewed_last_are_kept() -> None:
    driver = viewed(Driver(), *(f"p{n}" for n in range(21)), "p1").wait(5 * MINUTE)
    assert list(views(driver)) == [f"p{n}" for n in range(2, 21)] + ["p1"]
    assert views(driver)["p1"][0] == 2


def test_a_search_is_unanswered_until_a_product_is_viewed() -> None:
    driver = viewed(Driver(), "a").pipe("search.performed", query="x").pipe("page.viewed")
    assert summary(driver.wait(5 * MINUTE))["unanswered"] is True
    assert "unanswered" not in summary(viewed(driver, "b").wait(5 * MINUTE))


def repeat(driver: Driver, id: str) -> Driver:
    value = f'{{"id":"{id}","type":"cart.item_added","visitor":"phone",'
    value += '"item":{"product_id":"lamp","quantity":1}}'
    return driver.raw(value.encode())


def quantity(driver: Driver) -> int:
    found: int = summary(driver.wait(5 * MINUTE))["cart"]["lines"][0][2]
    return found


@pytest.mark.parametrize(("between", "counted"), [(255, 1), (256, 2)])
def test_an_event_is_a_duplicate_while_its_id_is_among_the_last_256(
    between: int, counted: int
) -> None:
    driver = repeat(Driver(), "same")
    for _ in range(between):
        driver.pipe("activity.pinged")
    assert quantity(repeat(driver, "same")) == counted


def test_a_duplicate_is_known_in_the_next_visit_too() -> None:
    driver = repeat(Driver(), "same").wait(30 * MINUTE).pipe("activity.pinged")
    assert quantity(repeat(driver, "same")) == 1


def test_an_event_of_another_type_and_the_same_id_is_no_duplicate() -> None:
    driver = repeat(Driver().pipe("activity.pinged", id="same"), "same")
    assert quantity(driver) == 1


def test_an_event_id_of_nobody_makes_no_duplicate() -> None:
    assert quantity(repeat(repeat(Driver(), "null"), "null")) == 2


def test_a_duplicate_starts_no_visit() -> None:
    driver = repeat(repeat(Driver(), "same").wait(30 * MINUTE), "same")
    assert driver.wait(5 * MINUTE).facts[-1]["at"] == START + 5 * MINUTE


def test_a_late_event_changes_nothing_not_even_the_person() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(1)
    late = driver.now - 5 * MINUTE - 1
    driver.pipe("page.viewed", client_time=late, customer="anna")
    assert driver.facts == []
    assert quantity(driver) == 1


def test_a_late_cart_is_applied_and_is_no_sign_of_presence() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(MINUTE)
    driver.pipe("cart.item_added", item=LAMP, client_time=driver.now - 5 * MINUTE - 1)
    (idle,) = driver.wait(5 * MINUTE).facts
    assert (idle["at"], idle["summary"]["visits"]) == (START + 6 * MINUTE, 1)
    assert idle["summary"]["cart"]["lines"][0][2] == 2


def test_a_late_cart_of_before_the_last_order_is_ignored() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o"}).wait(10 * MINUTE)
    driver.pipe("cart.item_added", item=LAMP, client_time=START)
    assert driver.wait(DAY).facts[-1]["type"] == "order.placed"


def test_an_event_5_minutes_old_is_not_late() -> None:
    driver = Driver().pipe("page.viewed", client_time=START - 5 * MINUTE, customer="anna")
    assert "visitor.identified" in [fact["type"] for fact in driver.facts]


def test_a_late_order_consent_or_identity_is_applied() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP)
    driver.pipe("visitor.identified", customer="anna", client_time=LONG_AGO)
    driver.pipe("consent.changed", channels=["email"], granted=False, client_time=LONG_AGO)
    driver.pipe("order.placed", order={"id": "o"}, client_time=LONG_AGO)
    driver.pipe("order.cancelled", order={"id": "o"}, client_time=LONG_AGO)
    visit = {fact["type"] for fact in driver.facts}
    assert visit >= {"visitor.identified", "consent.changed", "order.placed", "order.cancelled"}


def checkout(driver: Driver) -> list[Any] | None:
    """[started_at, event, stage, failed] or None."""
    found: list[Any] | None = summary(driver.wait(5 * MINUTE)).get("checkout")
    return found


def test_a_checkout_goes_to_the_furthest_stage_and_keeps_its_start() -> None:
    driver = Driver().pipe("checkout.advanced", stage="shipping").wait(MINUTE)
    driver.pipe("checkout.advanced", stage="contact").pipe("checkout.started")
    assert checkout(driver) == [START, "e-0", 2, False]


def test_a_failed_payment_opens_a_checkout_and_a_later_step_clears_the_failure() -> None:
    driver = Driver().pipe("payment.failed")
    assert checkout(driver) == [START, "e-0", 3, True]
    assert checkout(driver.pipe("checkout.advanced", stage="contact")) == [START, "e-0", 3, False]


def test_a_checkout_closes_when_its_cart_becomes_empty() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).pipe("checkout.started")
    assert checkout(driver.pipe("product.viewed", product={"id": "a"})) is not None
    assert checkout(driver.pipe("cart.updated", cart=items())) is None


def test_a_checkout_without_a_cart_stays_open_when_a_cart_is_shown_empty() -> None:
    driver = Driver().pipe("checkout.started").pipe("cart.updated", cart=items())
    assert checkout(driver) is not None


@pytest.mark.parametrize(("before", "is_open"), [(1, True), (0, False)])
def test_a_checkout_is_closed_when_it_is_7_days_old(before: int, is_open: bool) -> None:
    driver = Driver().pipe("checkout.started").wait(7 * DAY - 5 * MINUTE - before)
    assert (checkout(driver.pipe("page.viewed")) is not None) is is_open


@pytest.mark.parametrize(("after", "is_open"), [(0, False), (DAY - 1, False), (DAY, True)])
def test_a_checkout_within_24h_of_an_order_belongs_to_it(after: int, is_open: bool) -> None:
    driver = Driver().pipe("order.placed").wait(after).pipe("checkout.started")
    assert (checkout(driver) is not None) is is_open


@pytest.mark.parametrize(
    ("order", "emptied"),
    [({}, True), ({"cart_id": "k"}, True), ({"cart_id": "other"}, False)],
)
def test_an_order_closes_the_checkout_and_empties_the_cart_unless_it_names_another(
    order: dict[str, Any], emptied: bool
) -> None:
    driver = Driver().pipe("cart.updated", cart=items(LAMP, id="k")).pipe("checkout.started")
    driver.pipe("order.placed", order={"id": "o", **order})
    assert checkout(driver.pipe("product.viewed", product={"id": "a"})) is None
    assert ("lines" not in summary(driver)["cart"]) is emptied


def test_an_order_that_names_a_cart_empties_one_that_no_shop_named() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP)
    driver.pipe("order.placed", order={"id": "o", "cart_id": "k"}).wait(MINUTE)
    assert driver.pipe("page.viewed").wait(5 * MINUTE).facts[-1]["type"] == "order.placed"


def test_a_repeated_order_id_changes_nothing_until_the_order_is_cancelled() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o"}).pipe("cart.item_added", item=LAMP)
    driver.pipe("order.placed", order={"id": "o"})
    assert "lines" in summary(driver.wait(5 * MINUTE))["cart"]
    driver.pipe("order.cancelled", order={"id": "o"}).pipe("order.placed", order={"id": "o"})
    assert (
        "lines" not in summary(driver.pipe("search.performed", query="x").wait(5 * MINUTE))["cart"]
    )


def test_a_visitor_is_forgotten_30_days_after_its_last_event() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(30 * DAY)
    viewed(driver, "a").wait(5 * MINUTE)
    assert (summary(driver)["visits"], "lines" in summary(driver)["cart"]) == (1, False)


def test_a_visitor_is_known_a_millisecond_before() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(30 * DAY - 1)
    viewed(driver, "a").wait(5 * MINUTE)
    assert (summary(driver)["visits"], "lines" in summary(driver)["cart"]) == (2, True)


def test_an_ignored_event_does_not_keep_a_visitor_known() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(30 * DAY - 1)
    driver.pipe("page.viewed", client_time=LONG_AGO).pipe("wishlist.added").wait(1)
    assert summary(viewed(driver, "a").wait(5 * MINUTE))["visits"] == 1


def test_a_record_keeps_the_orders_entered_last() -> None:
    orders = [OrderEntry(f"o{number}", number) for number in range(limits.MOST_ORDERS)]
    assert enter_order(orders, None, "one more", 9_999) == (orders[-1], True)
    assert (len(orders), orders[0].id, orders[-1].id) == (limits.MOST_ORDERS, "o1", "one more")


@pytest.mark.parametrize(("back", "entered"), [(64, False), (65, True)])
def test_an_order_is_a_repeated_one_while_it_is_among_the_64_entered_last(
    back: int, entered: bool
) -> None:
    orders = [OrderEntry(f"o{number}", number) for number in range(70)]
    id = f"o{70 - back}"
    assert enter_order(orders, repeated(orders, id, 99), id, 99)[1] is entered
