"""The carts of orders that a login hands over."""

from stream.durations import DAY, MINUTE, SECOND
from tests.driver import LAMP, Driver, items, recipe

RULES = recipe("cart-abandonment", cooldown=0, ordered_within=0, reach="any", steps=["1h"])


def test_an_order_handed_over_is_about_the_cart_that_it_named() -> None:
    """The cart comes late, but is known at the login, so it is the bought one."""
    driver = Driver(RULES).pipe("order.placed", "server", order={"id": "o", "cart_id": "k"})
    driver.wait(SECOND).pipe("cart.updated", customer="anna", cart=items(LAMP, id="k"))
    driver.wait(6 * MINUTE).pipe("visitor.identified", "server", customer="anna").wait(DAY)
    assert driver.story == ["closed cart-abandonment 1 converted"]
