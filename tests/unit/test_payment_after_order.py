"""A payment that fails after the order removes the order and refills the cart."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE
from tests.driver import LAMP, START, Driver, items


def ordered(**order: Any) -> Driver:
    """The lamp of the shop's cart k was ordered at START."""
    driver = Driver().pipe("cart.updated", cart=items(LAMP, id="k"))
    return driver.pipe("order.placed", order={"id": "o", **order}).wait(MINUTE)


def of(driver: Driver, type: str) -> list[dict[str, Any]]:
    return [fact for fact in driver.facts if fact["type"] == type]


def last_cart(driver: Driver) -> dict[str, Any]:
    found: dict[str, Any] = of(driver.wait(5 * MINUTE), "visitor.idle")[-1]["summary"]["cart"]
    return found


@pytest.mark.parametrize("named", [{}, {"order": {"id": "o"}}])
def test_a_failed_payment_takes_out_the_last_order(named: dict[str, Any]) -> None:
    (fact,) = of(ordered().pipe("payment.failed", **named), "order.cancelled")
    failed = START + MINUTE
    assert (fact["order_id"], fact["unpaid"]) == ("o", [failed - 24 * HOUR, failed + 1])


def test_the_lines_of_an_order_that_was_not_paid_are_the_cart_again() -> None:
    cart = last_cart(ordered().pipe("payment.failed"))
    assert (cart["id"], cart["changed_at"]) == ("k", START + MINUTE)
    assert [line[:3] for line in cart["lines"]] == [["lamp", "", 1]]


def test_a_refilled_cart_stays_unchanged() -> None:
    driver = ordered().pipe("cart.item_added", item={"product_id": "shoe"})
    driver.pipe("payment.failed", order={"id": "o"})
    assert [line[0] for line in last_cart(driver)["lines"]] == ["shoe"]
    assert len(of(driver, "order.cancelled")) == 1


@pytest.mark.parametrize(
    "between",
    [("checkout.started", {}), ("cart.item_added", {"item": LAMP}), ("order.placed", {})],
)
def test_a_payment_that_names_no_order_means_one_with_nothing_after_it(
    between: tuple[str, dict[str, Any]],
) -> None:
    driver = ordered().pipe(between[0], **between[1]).pipe("payment.failed")
    assert [fact["order_id"] for fact in of(driver, "order.cancelled")] in ([], ["event:e-2"])


def test_a_payment_that_names_no_order_means_one_of_the_last_hour() -> None:
    assert of(ordered().wait(HOUR).pipe("payment.failed"), "order.cancelled") == []


def test_a_cancelled_order_may_be_older() -> None:
    driver = ordered().pipe("order.cancelled", order={"id": "o"}).wait(2 * HOUR)
    assert len(of(driver.pipe("payment.failed"), "order.cancelled")) == 2


@pytest.mark.parametrize(("after", "number"), [(DAY, 2), (DAY + 1, 1)])
def test_a_cancelled_order_may_be_24_hours_old(after: int, number: int) -> None:
    driver = ordered().pipe("order.cancelled", order={"id": "o"}).wait(after - MINUTE)
    assert len(of(driver.pipe("payment.failed"), "order.cancelled")) == number


def test_a_payment_of_before_the_order_is_ignored() -> None:
    driver = ordered().pipe("payment.failed", client_time=START)
    assert [fact["type"] for fact in driver.wait(HOUR).facts] == ["order.placed"]


def test_a_payment_of_a_recurring_order_is_ignored() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o", "recurring": True})
    driver.pipe("payment.failed", order={"id": "o"})
    driver.pipe("payment.failed", order={"recurring": True})
    assert [fact["type"] for fact in driver.wait(HOUR).facts] == ["order.placed"]


def test_lines_removed_just_before_an_order_belong_to_it() -> None:
    driver = Driver().pipe("cart.updated", cart=items(LAMP, id="k")).wait(MINUTE)
    driver.pipe("cart.updated", cart=items(id="k")).wait(5 * MINUTE)
    (fact,) = of(driver.pipe("order.placed", order={"id": "o"}), "order.placed")
    assert (fact["cart_id"], fact["contents"]) == ("k", [["lamp", "", 1]])


def test_a_recurring_order_empties_nothing() -> None:
    driver = Driver().pipe("cart.item_added", item=LAMP)
    driver.pipe("order.placed", order={"id": "o", "recurring": True})
    assert len(last_cart(driver)["lines"]) == 1
