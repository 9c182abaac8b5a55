"""Which orders the metrics count as seen, unseen and joined."""

from typing import Any

import pytest

from stream.durations import HOUR, MINUTE, SECOND
from tests.driver import LAMP, Driver, items

MAIL = "anna-mail-0123456789"
CART = items(LAMP, id="k")


def counts(driver: Driver) -> tuple[int, int, int]:
    """(seen, unseen, joined) orders."""
    seen, unseen, joined = (driver.counts["orders", each] for each in ("seen", "unseen", "joined"))
    return seen, unseen, joined


def order(driver: Driver, id: str = "o", **body: Any) -> Driver:
    """A shop's server sends an order that names no visitor."""
    return driver.of("order.placed", order={"id": id}, **body).wait(SECOND)


def checkout(driver: Driver, visitor: str = "phone", **body: Any) -> Driver:
    """A page shows a cart and a checkout."""
    driver.pipe("cart.updated", visitor, cart=CART, **body).wait(SECOND)
    return driver.pipe("checkout.started", visitor, **body).wait(SECOND)


def test_an_order_of_a_visitor_that_looked_is_seen() -> None:
    driver = checkout(Driver()).pipe("order.placed", order={"id": "o"})
    assert counts(driver.wait(SECOND)) == (1, 0, 0)


def test_an_order_of_a_visitor_that_only_orders_is_unseen() -> None:
    driver = checkout(Driver()).pipe("order.placed", "invented", order={"id": "o"})
    assert counts(driver.wait(SECOND)) == (0, 1, 0)


@pytest.mark.parametrize(
    "named",
    [{"customer": "anna"}, {"keys": {"email": MAIL}}, {"keys": {"cart": "k"}}],
    ids=["customer", "email", "cart"],
)
def test_an_order_that_names_what_a_page_named_is_joined(named: dict[str, Any]) -> None:
    driver = checkout(Driver(), **(named if "cart" not in named.get("keys", {}) else {}))
    assert counts(order(driver, **named)) == (0, 1, 1)


@pytest.mark.parametrize(
    "named",
    [{"customer": "17"}, {"keys": {"email": "another-mail-0123456"}}, {"keys": {"cart": "q-9"}}],
    ids=["customer", "email", "cart"],
)
def test_an_order_that_names_what_no_page_names_is_not_joined(named: dict[str, Any]) -> None:
    driver = checkout(Driver(), customer="anna", keys={"email": MAIL}).wait(6 * MINUTE)
    assert counts(order(driver, **named)) == (0, 1, 0)


def test_an_order_whose_key_a_page_names_later_is_joined() -> None:
    driver = order(checkout(Driver(), customer="anna"), keys={"checkout": "c-5"})
    assert counts(driver) == (0, 1, 0)
    driver.pipe("page.viewed", keys={"checkout": "c-5"}).wait(SECOND)
    assert counts(driver) == (0, 1, 1)


@pytest.mark.parametrize(("after", "joined"), [(HOUR, 1), (HOUR + SECOND, 0)])
def test_a_login_joins_an_order_of_the_hour_before(after: int, joined: int) -> None:
    """Servers are often faster than the page that says whom it has learned of at the payment."""
    driver = order(checkout(Driver()), customer="anna").wait(after - SECOND)
    driver.pipe("visitor.identified", customer="anna").wait(SECOND)
    assert counts(driver) == (0, 1, joined)


def test_a_later_login_of_somebody_seen_joins_nothing_again() -> None:
    driver = order(checkout(Driver(), customer="anna"), customer="anna")
    driver.pipe("visitor.identified", "tablet", customer="anna").wait(SECOND)
    assert counts(driver) == (0, 1, 1)


def test_traits_of_a_person_who_ordered_join_nothing() -> None:
    driver = order(Driver(), customer="anna")
    driver.of("visitor.identified", customer="anna", contacts=["email"]).wait(SECOND)
    assert counts(driver) == (0, 1, 0)


def test_a_server_that_sends_carts_as_well_has_seen_who_orders() -> None:
    driver = Driver().of("cart.updated", cart=CART, customer="anna").wait(SECOND)
    assert counts(order(driver, keys={"cart": "k"})) == (1, 0, 0)


def test_a_repetition_and_a_recurring_order_are_not_counted() -> None:
    driver = checkout(Driver(), customer="anna")
    order(order(driver, customer="anna"), customer="anna")
    driver.of("order.placed", customer="anna", order={"id": "r", "recurring": True}).wait(SECOND)
    assert counts(driver) == (0, 1, 1)
