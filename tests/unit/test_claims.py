"""Claims of the visitors stage for the keys stage, and their order."""

from typing import Any

import pytest

from stream.durations import DAY
from tests.driver import LAMP, Driver, items

H = "9f86d081884c7d659a2feaa0c55ad015"
ANNA = "customer:anna"


def claims_of(driver: Driver, since: int = 0) -> list[tuple[str, str, str]]:
    """(type, key, person) of the claims."""
    return [(each["type"], each["key"], each["person"]) for each in driver.claims[since:]]


@pytest.mark.parametrize(("apart", "times"), [(7 * DAY - 1, 1), (7 * DAY, 2)])
def test_a_key_is_bound_once_in_7_days(apart: int, times: int) -> None:
    driver = Driver().pipe("page.viewed", keys={"cart": "k"}).wait(apart)
    driver.pipe("page.viewed", keys={"cart": "k"})
    assert claims_of(driver) == [("bound", "cart:k", "visitor:phone")] * times


@pytest.mark.parametrize(("others", "times"), [(15, 1), (16, 2)])
def test_a_key_is_bound_once_while_it_is_among_the_last_16(others: int, times: int) -> None:
    driver = Driver()
    for key in ("k", *(f"m{number}" for number in range(others)), "k"):
        driver.pipe("page.viewed", keys={"cart": key})
    assert [key for _, key, _ in claims_of(driver)].count("cart:k") == times


def test_earlier_keys_are_bound_to_the_new_person() -> None:
    driver = Driver().pipe("page.viewed", keys={"cart": "k", "checkout": "h"})
    driver.pipe("page.viewed", customer="anna", keys={"cart": "m"})
    assert claims_of(driver, 2) == [
        ("bound", "cart:k", ANNA),
        ("bound", "checkout:h", ANNA),
        ("bound", "cart:m", ANNA),
    ]


def test_the_next_customer_is_bound_to_no_key_of_the_one_before() -> None:
    driver = Driver().pipe("page.viewed", customer="anna", keys={"cart": "k"})
    driver.pipe("page.viewed", customer="bert")
    assert claims_of(driver) == [("bound", "cart:k", ANNA)]


def test_an_order_is_claimed_under_its_keys_its_cart_and_the_visitors_addresses() -> None:
    driver = Driver().pipe("page.viewed", keys={"email": H})
    driver.pipe("cart.updated", cart=items(LAMP, id="k"))
    driver.pipe("order.placed", order={"id": "o"}, keys={"checkout": "h"})
    email = f"email:{H}"
    assert claims_of(driver)[-4:] == [
        ("bound", "checkout:h", email),
        ("order.placed", "checkout:h", email),
        ("order.placed", "cart:k", email),
        ("order.placed", email, email),
    ]


def test_a_cart_that_an_order_names_is_not_a_key_of_its_visitor() -> None:
    driver = Driver().of("order.placed", order={"id": "o", "cart_id": "k"})
    assert claims_of(driver) == [("order.placed", "cart:k", "visitor:~cart:k")]


def test_only_the_latest_of_two_orders_with_an_id_of_nobody_is_claimed() -> None:
    driver = Driver().pipe("order.placed", order={"id": "guest"}).wait(DAY)
    driver.pipe("order.placed", order={"id": "guest", "cart_id": "k"})
    for _ in range(2):
        driver.pipe("order.cancelled", order={"id": "guest"})
    assert claims_of(driver, 1) == [("order.cancelled", "cart:k", "visitor:phone")]


def test_a_cancelled_order_is_claimed_where_it_was() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o", "cart_id": "k"})
    driver.pipe("order.cancelled", order={"id": "o"})
    assert claims_of(driver, 1) == [("order.cancelled", "cart:k", "visitor:phone")]


@pytest.mark.parametrize("apart", [0, 1])
def test_a_cancelled_order_is_claimed_where_it_was_entered_not_where_it_was_repeated(
    apart: int,
) -> None:
    driver = Driver().pipe("order.placed", order={"id": "o"}, keys={"checkout": "h"}).wait(apart)
    driver.pipe("order.placed", order={"id": "o"}, keys={"checkout": "other"})
    driver.pipe("order.cancelled", order={"id": "o"})
    assert claims_of(driver)[-1:] == [("order.cancelled", "checkout:h", "visitor:phone")]


def test_a_grant_is_claimed_before_the_keys_are_bound() -> None:
    driver = Driver().pipe("consent.changed", channels="all", granted=True, keys={"cart": "k"})
    assert [kind for kind, _, _ in claims_of(driver)] == ["consent.changed", "bound"]


@pytest.mark.parametrize("late", [False, True])
def test_a_subscription_is_claimed_as_a_grant_before_the_keys_are_bound(late: bool) -> None:
    driver = Driver().pipe("page.viewed", keys={"email": H})
    sent: dict[str, Any] = {"client_time": driver.now - DAY} if late else {}
    driver.pipe("visitor.subscribed", channels=["email"], keys={"cart": "k"}, **sent)
    found = driver.claims[1:]
    assert [(each["type"], each["key"]) for each in found] == [
        *(("consent.changed", key) for key in ("cart:k", f"email:{H}")),
        ("bound", "cart:k"),
    ]
    for each in found[:2]:
        told = each["channels"], each["granted"], each.get("late", False), each["person"]
        assert told == (["email"], True, late, f"email:{H}")


def test_a_withdrawal_is_claimed_after_the_keys_are_bound() -> None:
    driver = Driver().pipe("consent.changed", channels="all", granted=False, keys={"cart": "k"})
    assert [kind for kind, _, _ in claims_of(driver)] == ["bound", "consent.changed"]


def test_facts_and_claims_of_a_visitor_are_numbered_together() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o"}, keys={"cart": "k"})
    assert [each["n"] for each in [*driver.facts, *driver.claims]] == [0, 1, 2]


def test_a_recurring_order_is_not_claimed() -> None:
    order = {"id": "o", "recurring": True}
    driver = Driver().pipe("order.placed", order=order, keys={"cart": "k"})
    assert [kind for kind, _, _ in claims_of(driver)] == ["bound"]


@pytest.mark.parametrize(
    ("visitor", "order", "keys", "cart"),
    [
        ("~cart:p", {"cart_id": "named"}, {"cart": "k"}, "named"),
        ("~cart:p", {}, {"cart": "k"}, "p"),
        ("~cart:p", {}, {}, "p"),
        ("~checkout:h", {}, {"cart": "k"}, "k"),
        ("phone", {}, {"cart": "k"}, "k"),
        ("phone", {}, {}, "shop's"),
    ],
)
def test_an_order_is_about_the_cart_in_its_field_its_pseudo_visitor_or_its_key(
    visitor: str, order: dict[str, str], keys: dict[str, str], cart: str
) -> None:
    """Else about the one that its visitor has."""
    driver = Driver().pipe("cart.updated", visitor, cart=items(LAMP, id="shop's"))
    driver.pipe("order.placed", visitor, order={"id": "o", **order}, keys=keys)
    (fact,) = (each for each in driver.facts if each["type"] == "order.placed")
    assert fact["cart_id"] == cart
