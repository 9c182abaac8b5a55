"""The parts of a summary that count after an order, and the bought lines of a cart id: section 6."""

import pytest

from stream.durations import DAY, HOUR, MINUTE
from stream.state.orders import HandedOrder
from tests.driver import recipe
from tests.people_driver import FUNNEL, START, PeopleDriver, line

CART = "fired cart-abandonment 1"
CHECKOUT = "fired checkout-abandonment 1"
CONVERTED = "closed cart-abandonment 1 converted"


def bought(days: int = 0) -> PeopleDriver:
    """Anna ordered a lamp in cart k at START. Then `days` days passed."""
    return PeopleDriver().order(cart_id="k", contents=[("lamp", "", 1.0)]).wait(HOUR + days * DAY)


def test_a_line_of_before_the_last_order_does_not_count() -> None:
    people = PeopleDriver().order().wait(HOUR)
    people.idle(line("lamp", START - 1), line("shoe", START + 1)).wait(DAY)
    assert people.shown == [["shoe"]]
    assert people.fired[0]["value"] == 10


def test_a_line_as_old_as_the_last_order_does_not_count() -> None:
    assert PeopleDriver().order().wait(HOUR).idle(line("lamp", START)).wait(DAY).story == []


def test_a_cancelled_order_still_counts_as_the_last() -> None:
    people = PeopleDriver().order().wait(HOUR).unorder().idle(line("lamp", START)).wait(DAY)
    assert people.story == []


def test_an_unpaid_order_is_not_the_last() -> None:
    people = PeopleDriver().order().wait(HOUR).unorder(unpaid=(START, START + 1))
    assert people.idle(line("lamp", START)).wait(DAY).story == [CART]


def test_an_unpaid_window_ends_before_its_end() -> None:
    people = PeopleDriver().order().wait(HOUR).unorder(unpaid=(START - DAY, START))
    assert people.idle(line("lamp", START)).wait(DAY).story == []


def test_an_order_cancelled_and_then_unpaid_is_not_the_last() -> None:
    people = PeopleDriver().order().wait(HOUR).unorder().unorder(unpaid=(START, START + 1))
    assert people.idle(line("lamp", START)).wait(DAY).story == [CART]


def test_a_second_failure_does_not_take_out_an_earlier_order_of_the_same_id() -> None:
    people = PeopleDriver().order().wait(HOUR).unorder().order().wait(HOUR)
    window = START, people.now
    people.unorder(unpaid=window).unorder(unpaid=window)
    assert people.idle(line("lamp", START)).wait(DAY).story == []


def test_a_recurring_order_is_not_the_last() -> None:
    people = PeopleDriver().order(recurring=True).wait(HOUR).idle(line("lamp", START))
    assert people.wait(DAY).story == [CART]


def test_a_recurring_order_placed_again_without_it_is_one() -> None:
    people = PeopleDriver().order(recurring=True).wait(HOUR).order().idle(line("lamp", START))
    assert people.wait(DAY).story == []


def test_the_ordered_contents_shown_again_are_bought() -> None:
    people = bought()
    assert people.idle(line("lamp", people.now)).wait(DAY).story == []


def test_under_another_cart_id_they_count() -> None:
    people = bought()
    assert people.idle(line("lamp", people.now), id="m").wait(DAY).story == [CART]


def test_another_quantity_counts() -> None:
    people = bought()
    assert people.idle(line("lamp", people.now, 2.0)).wait(DAY).story == [CART]


def test_lines_added_by_hand_since_the_order_count() -> None:
    people = bought()
    assert people.idle(line("lamp", people.now, added=True)).wait(DAY).story == [CART]


@pytest.mark.parametrize(("days", "story"), [(13, []), (14, [CART])])
def test_a_bought_line_lapses_after_14_days(days: int, story: list[str]) -> None:
    people = bought(days)
    assert people.idle(line("lamp", people.now)).wait(DAY).story == story


def test_a_summary_with_a_bought_line_keeps_it_for_14_more_days() -> None:
    people = bought(13)
    people.idle(line("lamp", people.now)).wait(13 * DAY)
    assert people.idle(line("lamp", people.now)).wait(DAY).story == []


@pytest.mark.parametrize(("after", "value"), [(5 * MINUTE, 20), (5 * MINUTE + 1, 10)])
def test_other_contents_more_than_5_minutes_later_end_it(after: int, value: int) -> None:
    """Two lamps open an episode. The one lamp that follows still counts as bought, or feeds it."""
    people = bought().idle(line("lamp", START + after, 2.0))
    people.idle(line("lamp", people.now)).wait(DAY)
    assert [each["value"] for each in people.fired] == [value]


def test_a_cart_that_grew_by_hand_closes_no_episode() -> None:
    people = bought()
    people.idle(line("shoe", people.now, added=True)).active()
    people.idle(line("lamp", people.now), line("shoe", people.now - 1)).wait(DAY)
    assert people.shown == [["shoe"]]


def test_an_order_without_contents_buys_what_is_known_under_its_cart() -> None:
    people = PeopleDriver().idle(line("lamp", START), visitor="tab").order(cart_id="k").wait(HOUR)
    assert people.idle(line("lamp", people.now)).wait(DAY).story == [CONVERTED]


def test_a_repeated_order_does_not_buy_a_line_added_5_minutes_later() -> None:
    people = PeopleDriver().order().wait(HOUR).idle(line("lamp", START + 5 * MINUTE + 1))
    assert people.order(cart_id="k").wait(DAY).story == [CART]


def test_a_repeated_order_closes_episodes_that_no_longer_count() -> None:
    people = PeopleDriver().order().wait(HOUR).idle(line("lamp", START + 5 * MINUTE))
    assert people.order(cart_id="k").wait(DAY).story == [CONVERTED]


def test_a_repeated_order_removes_lines_from_an_open_episode() -> None:
    people = PeopleDriver().order().wait(HOUR)
    people.idle(line("lamp", people.now - 2), line("shoe", people.now - 1))
    people.order(cart_id="k", contents=[("lamp", "", 1.0)]).wait(DAY)
    assert people.shown == [["shoe"]]


def test_a_repeated_order_cancels_the_trigger_of_a_closed_episode() -> None:
    rules = {"policy": {"caps": []}, "recipes": [{**FUNNEL["recipes"][2], "steps": ["1h", "1d"]}]}
    people = PeopleDriver(rules).order().wait(MINUTE).idle(line("lamp", START + 1)).wait(HOUR)
    people.order(cart_id="k")
    assert [(each["step"], each["order_id"]) for each in people.cancelled] == [(1, "o")]


def test_a_cancelled_order_buys_nothing_any_more() -> None:
    people = bought().unorder()
    assert people.idle(line("lamp", people.now)).wait(DAY).story == [CART]


def test_the_lines_of_an_old_cart_are_bought_on_every_device() -> None:
    people = PeopleDriver().order().wait(HOUR).idle(line("lamp", START), visitor="tab")
    assert people.idle(line("lamp", people.now)).wait(DAY).story == []


def test_an_old_cart_closes_nothing_as_emptied() -> None:
    people = PeopleDriver().order().wait(HOUR).idle(line("shoe", START + 1, added=True))
    assert people.idle(visitor="tab", changed_at=START).wait(DAY).story == [CART]


def test_an_empty_cart_that_never_changed_closes_nothing() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(visitor="tab")
    assert people.wait(DAY).story == [CART]


@pytest.mark.parametrize(("after", "story"), [(0, [CART]), (1, [CHECKOUT])])
def test_a_checkout_of_the_time_of_the_last_order_counts_as_closed(
    after: int, story: list[str]
) -> None:
    people = PeopleDriver().order().wait(HOUR)
    assert people.idle(line("lamp", START + 1), checkout=START + after).wait(DAY).story == story


@pytest.mark.parametrize(("after", "story"), [(DAY - 1, []), (DAY, [CHECKOUT])])
def test_a_checkout_of_an_old_cart_counts_24h_after_the_order(after: int, story: list[str]) -> None:
    people = PeopleDriver().order().wait(2 * DAY)
    people.idle(line("lamp", START), checkout=START + after).wait(DAY)
    assert people.story == story


def test_with_an_open_checkout_all_lines_count_if_none_does() -> None:
    people = PeopleDriver().order().wait(2 * DAY)
    people.idle(line("lamp", START), line("shoe", START), checkout=START + DAY).wait(DAY)
    assert people.shown == [["lamp", "shoe"]]


def test_a_failed_payment_counts_with_its_old_cart() -> None:
    people = (
        PeopleDriver().order().wait(HOUR).idle(line("lamp", START), checkout=START + 1, failed=True)
    )
    assert people.wait(DAY).story == ["fired payment-failed 1"]


def test_a_failed_payment_within_24h_of_the_order_needs_a_cart() -> None:
    people = PeopleDriver().order().wait(HOUR)
    assert people.idle(checkout=START + 1, failed=True).wait(DAY).story == []


def test_a_line_that_counts_opens_a_checkout_with_it() -> None:
    people = PeopleDriver().order().wait(HOUR)
    people.idle(line("lamp", START), line("shoe", START + 1), checkout=START + 1).wait(DAY)
    assert (people.story, people.shown) == ([CHECKOUT], [["shoe"]])


def test_a_handed_over_order_ends_episodes_fed_before_it() -> None:
    people = PeopleDriver().idle(line("lamp", START)).wait(MINUTE)
    people.identified(HandedOrder("o", people.now - 1)).wait(DAY)
    assert people.story == [CONVERTED]


def test_a_handed_over_order_ends_what_was_browsed_up_to_its_time() -> None:
    people = PeopleDriver(recipe("browse-abandonment", reach="any"))
    people.idle(unanswered=True, query="lamp").wait(MINUTE)
    people.identified(HandedOrder("o", START)).wait(DAY)
    assert people.story == ["closed browse-abandonment 1 converted"]


def test_a_handed_over_order_keeps_episodes_fed_later_that_count() -> None:
    people = PeopleDriver().wait(MINUTE).idle(line("lamp", START), line("shoe", START + 2))
    people.identified(HandedOrder("o", START + 1)).wait(DAY)
    assert (people.story, people.shown) == ([CART], [["shoe"]])


def test_a_handed_over_order_ends_episodes_that_no_longer_count() -> None:
    people = PeopleDriver().wait(MINUTE).idle(line("lamp", START))
    people.identified(HandedOrder("o", START + 1)).wait(DAY)
    assert people.story == [CONVERTED]


def test_a_handed_over_order_includes_its_bought_lines() -> None:
    people = PeopleDriver().wait(HOUR)
    people.identified(HandedOrder("o", START, cart_id="k", contents=[("lamp", "", 1.0)]))
    assert people.idle(line("lamp", people.now)).wait(DAY).story == []


def test_a_handed_over_recurring_order_ends_nothing() -> None:
    people = PeopleDriver().idle(line("lamp", START)).wait(MINUTE)
    people.identified(HandedOrder("o", people.now, recurring=True)).wait(DAY)
    assert people.story == [CART]


def test_orders_are_counted_with_recurring_ones() -> None:
    rules = {
        "policy": {"caps": []},
        "recipes": [{**FUNNEL["recipes"][2], "when": {"orders": {"min": 2}}}],
    }
    people = PeopleDriver(rules).order("a", recurring=True).order("b", recurring=True)
    assert people.idle(line("lamp", people.now)).wait(DAY).story == [CART]


def test_the_lines_that_counted_are_remembered_not_those_that_were_bought() -> None:
    """Shown again without the bought line, the cart is the one of which somebody was reminded."""
    people = bought()
    lamp, shoe = line("lamp", people.now), line("shoe", people.now)
    people.idle(lamp, shoe).wait(DAY)
    assert people.shown == [["shoe"]]
    people.idle(line("shoe", people.now)).wait(DAY)
    assert people.story == [CART]
