"""Complaints about other systems (the names of the tests), and the behaviour here."""

import json
from typing import Any

import pytest

from stream import backtest, recipes_file
from stream.durations import DAY, HOUR, MINUTE, SECOND
from tests.driver import LAMP, SHOE, START, Driver, items, recipe

ANNA = {"customer": "anna"}


def left_cart(driver: Driver, visitor: str = "phone", **who: Any) -> Driver:
    """A cart with a lamp, and a visitor that has left."""
    return driver.pipe("cart.item_added", visitor, item=LAMP, **(who or ANNA)).wait(10 * MINUTE)


def test_a_reminder_arrives_after_the_purchase() -> None:
    """No step is decided at or after the order. A valid trigger is cancelled with the same id."""
    driver = left_cart(Driver()).wait(HOUR)
    (reminder,) = driver.fired
    driver.pipe("order.placed", order={"id": "o1"}).wait(30 * DAY)
    assert [each["trigger_id"] for each in driver.cancelled] == [reminder["trigger_id"]]
    assert driver.story == ["fired cart-abandonment 1", "closed cart-abandonment 2 converted"]


def test_several_checkout_events_one_order_one_of_the_checkouts_still_reminds() -> None:
    """A cart has one funnel episode. An order closes all episodes of the person."""
    driver = Driver().pipe("cart.item_added", item=LAMP, **ANNA)
    driver.pipe("checkout.started").wait(MINUTE).pipe("checkout.started").wait(10 * MINUTE)
    driver.pipe("cart.item_added", "desktop", item=SHOE, **ANNA).pipe("checkout.started", "desktop")
    driver.wait(10 * MINUTE).pipe("order.placed", "desktop", order={"id": "o1"}).wait(30 * DAY)
    assert driver.story == ["closed checkout-abandonment 1 converted"] * 2


def test_a_guest_makes_an_account_during_checkout_and_the_guests_cart_stays_alive() -> None:
    """The order that the login takes over closes the episodes fed before it."""
    driver = left_cart(Driver()).pipe("order.placed", "laptop", order={"id": "o1"})
    driver.wait(MINUTE).pipe("page.viewed", "laptop", **ANNA).wait(30 * DAY)
    assert driver.story == ["closed cart-abandonment 1 converted"]


def test_the_order_is_read_before_the_cart_change_that_preceded_it() -> None:
    """The log's order is the only order; a cart changed at or before the order counts as empty."""
    driver = Driver().pipe("cart.updated", "phone", cart=items(LAMP, id="k"), **ANNA)
    driver.pipe("order.placed", "server", order={"id": "o1"}, **ANNA).wait(30 * DAY)
    assert driver.story == []


def test_the_purchase_on_another_device_is_not_seen() -> None:
    """The people stage sees all devices of a customer."""
    driver = left_cart(Driver()).pipe("order.placed", "desktop", order={"id": "o1"}, **ANNA)
    assert driver.wait(30 * DAY).story == ["closed cart-abandonment 1 converted"]


def test_an_old_cart_shown_again_by_a_second_device_after_the_purchase_starts_a_reminder() -> None:
    """It counts as empty."""
    driver = Driver().pipe("cart.updated", "desktop", cart=items(LAMP, id="k"), **ANNA)
    driver.wait(30 * MINUTE)
    driver.pipe("cart.updated", "phone", cart=items(LAMP, id="k"), **ANNA)
    driver.pipe("order.placed", "phone", order={"id": "o1"}).wait(DAY)
    assert driver.pipe("page.viewed", "desktop").wait(30 * DAY).fired == []


def test_switching_the_feature_on_mails_all_old_carts() -> None:
    """Only events from the log's start position count. Nothing fires for earlier events."""
    driver = Driver().pipe("visitor.identified", contacts=["email"], **ANNA).pipe("page.viewed")
    assert driver.wait(30 * DAY).story == []


def test_the_same_mail_twice_when_two_schedulers_start_in_the_same_second_or_after_a_restart() -> (
    None
):
    """The same trigger id and bytes; a sender that keeps ids sends once."""
    one, other = left_cart(Driver()), left_cart(Driver()).restart()
    assert one.wait(HOUR).fired == other.wait(HOUR).fired != []


def test_thirty_mails_in_a_few_days() -> None:
    """Rolling caps, per hour and per week."""
    rules: dict[str, Any] = {"recipes": [{"name": "cart-abandonment", "cooldown": 0}]}
    driver = Driver(rules)
    for number in range(30):
        driver.pipe("cart.updated", cart=items(LAMP, id=f"k{number}"), **ANNA).wait(4 * HOUR)
    times = [each["not_before"] for each in driver.wait(30 * DAY).fired]
    assert times
    assert all(sum(at <= t < at + 7 * DAY for t in times) <= 3 for at in times)
    assert all(sum(at <= t < at + HOUR for t in times) <= 1 for at in times)


def test_runs_were_silently_blocked_for_three_weeks() -> None:
    """Every step ends in a decision: fired, refused or closed."""
    driver = Driver()
    for number in range(8):
        driver.pipe("product.viewed", product={"id": f"p{number}"}, **ANNA).wait(11 * SECOND)
        driver.pipe("cart.updated", cart=items(LAMP, id=f"k{number}")).wait(8 * HOUR)
        driver.pipe("cart.updated", cart=items(id=f"k{number}")).wait(8 * HOUR)
    driver.wait(40 * DAY)
    steps = {name: len(each.steps) for name, each in recipes_file.load("{}").by_name.items()}
    final = [each for each in driver.decisions if each["outcome"] != "deferred"]
    opened = sum(steps[each["recipe"]] for each in final if each["step"] == 1)
    assert opened == sum(each.get("steps_left", 1) for each in final) > 10


def test_suppressed_results_wait_for_a_later_event_that_never_comes() -> None:
    """Quiet partitions fire on evidence."""
    driver = left_cart(Driver()).wait(50 * MINUTE - 1)
    assert driver.fired == []
    assert len(driver.wait(1).fired) == 1


def test_windows_are_lost_after_a_worker_dies() -> None:
    """State and deadlines are restored."""
    driver = left_cart(Driver()).restart().wait(HOUR).restart().restart().wait(30 * DAY)
    assert driver.story == left_cart(Driver()).wait(HOUR + 30 * DAY).story


def test_after_an_outage_the_backlog_makes_false_abandonments() -> None:
    """Time moves on evidence only: an order in the backlog comes before the deadline it forestalls."""
    cart = {"t": START, "id": "1", "type": "cart.item_added", "visitor": "v", "item": LAMP, **ANNA}
    order = {"t": START + HOUR - 1, "id": "2", "type": "order.placed", "visitor": "v"}
    order |= {"order": {"id": "o1"}}
    backlog = [json.dumps(event).encode() for event in (cart, order)]
    triggers, _ = backtest.decide(backlog, recipes_file.DEFAULT)
    assert triggers == []


def test_two_people_on_one_device_are_merged_for_ever() -> None:
    """A device's later customer is another person, who inherits nothing: the cart stays the first one's."""
    driver = left_cart(Driver()).pipe("page.viewed", customer="bert").wait(10 * MINUTE)
    assert driver.story == []
    assert [each["person"] for each in driver.wait(HOUR).fired] == ["customer:anna"]
    driver.pipe("order.placed", "other", order={"id": "o1"}, customer="bert").wait(MINUTE)
    assert driver.cancelled == []


@pytest.mark.parametrize(
    "name", ["undefined", "null", "None", " GUEST ", "", "0", "[object Object]"]
)
def test_many_users_are_merged_through_the_id_undefined(name: str) -> None:
    """An id of nobody is left out."""
    driver = left_cart(Driver(recipe("cart-abandonment", reach="any")), customer=name)
    assert driver.rejected == []
    assert {each["person"] for each in driver.wait(DAY).decisions} == {"visitor:phone"}


def test_autocomplete_menus_and_select_lists_count_as_leaving_the_page() -> None:
    """Signals while a form has the focus are not accepted."""
    driver = Driver().pipe("page.viewed").wait(20 * SECOND)
    driver.pipe("exit.signal", signal="close_shortcut", form_focus=True)
    assert driver.decisions == []


def test_a_cursor_outside_by_accident_gives_every_visitor_a_discount() -> None:
    """The duration, a score of several signals, and one offer in 30 days."""
    driver = Driver().pipe("cart.item_added", item=LAMP).wait(20 * SECOND)
    driver.pipe("exit.signal", signal="pointer_top", held_ms=499)
    assert driver.decisions == []
    driver.pipe("exit.signal", signal="pointer_top", held_ms=500)
    assert [each["offer"] for each in driver.fired] == ["free-shipping"]
    driver.wait(8 * DAY).pipe("page.viewed").wait(20 * SECOND)
    driver.pipe("exit.signal", signal="pointer_top", held_ms=500)
    assert [each["offer"] for each in driver.fired] == ["free-shipping", None]


@pytest.mark.parametrize(
    "signals", [("back", "scroll_up"), ("tab_hidden", "back"), ("landing_return", "back")]
)
def test_no_signal_on_mobile(signals: tuple[str, str]) -> None:
    """back, scroll_up, tab_hidden and landing_return are signals, and two of them suffice."""
    driver = Driver().pipe("page.viewed").wait(20 * SECOND)
    for signal in signals:
        driver.pipe("exit.signal", signal=signal)
    assert driver.story == ["fired exit-intent 1"]


def test_why_did_she_not_get_the_second_mail_takes_hours_with_a_debugger() -> None:
    """A durable decision for every candidate."""
    driver = left_cart(Driver()).wait(2 * HOUR)
    driver.pipe("consent.changed", channels=["email", "sms", "push", "messenger"], granted=False)
    assert driver.wait(DAY).story == [
        "fired cart-abandonment 1",
        "refused cart-abandonment 2 consent",
    ]


def test_a_delayed_campaign_sent_410_users_false_content() -> None:
    """A trigger that a sender still holds is cancelled once while it is valid."""
    driver = left_cart(Driver()).wait(HOUR)
    driver.pipe("order.placed", order={"id": "o1"}).pipe("order.placed", order={"id": "o2"}).wait(1)
    assert [(each["reason"], each["order_id"]) for each in driver.cancelled] == [("ordered", "o1")]


def test_day_caps_let_23_00_and_00_00_both_send() -> None:
    """Windows roll."""
    caps = [{"max": 1, "per": "24h", "then": "defer"}]
    driver = Driver({"policy": {"caps": caps}, "recipes": [{"name": "cart-abandonment",
                     "cooldown": 0, "steps": ["1h"]}]})  # fmt: skip
    driver.wait(10 * HOUR)  # 22:00
    driver.pipe("cart.updated", cart=items(LAMP, id="k1"), **ANNA).wait(HOUR + 5 * MINUTE)
    driver.pipe("cart.updated", cart=items(LAMP, id="k2")).wait(2 * DAY)
    first, second = [each["not_before"] for each in driver.fired]
    assert second == first + DAY


def test_quiet_hours_are_computed_from_the_servers_zone() -> None:
    """The person's zone, else the policy's."""
    quiet = {"from": "21:00", "to": "08:00"}
    rules = {"policy": {"quiet": quiet, "zone": "Europe/Berlin"}}
    driver = left_cart(Driver(rules)).pipe("visitor.identified", time_zone="Asia/Seoul", **ANNA)
    assert driver.wait(HOUR).story == ["deferred cart-abandonment 1 quiet"]  # 22:00 in Seoul
    driver = left_cart(Driver(rules)).wait(HOUR)
    assert driver.story == ["fired cart-abandonment 1"]  # 14:00 in Berlin
