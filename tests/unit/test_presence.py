"""Facts of the visitors stage for the people stage: their order and their persons."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE
from tests.driver import LAMP, START, Driver

VIEW: dict[str, Any] = {"product": {"id": "lamp"}}


def facts_of(driver: Driver, since: int = 0) -> list[tuple[str, str]]:
    """(type, person) of the facts."""
    return [(fact["type"], fact["person"]) for fact in driver.facts[since:]]


def test_an_anonymous_visitor_without_anything_to_act_on_sends_no_idle() -> None:
    assert facts_of(Driver().pipe("page.viewed").pipe("activity.pinged").wait(DAY)) == []


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("product.viewed", VIEW),
        ("search.performed", {"query": "x"}),
        ("cart.item_added", {"item": LAMP}),
        ("checkout.started", {}),
    ],
)
def test_a_view_search_cart_or_checkout_sends_idle_5_minutes_after_the_last_activity(
    type: str, body: dict[str, Any]
) -> None:
    driver = Driver().pipe(type, **body).wait(MINUTE).pipe("page.viewed").wait(5 * MINUTE - 1)
    assert facts_of(driver) == []
    (fact,) = driver.wait(1).facts
    assert (fact["type"], fact["at"]) == ("visitor.idle", START + 6 * MINUTE)
    assert fact["summary"]["last_active"] == START + MINUTE


def test_idle_is_sent_once() -> None:
    driver = Driver().pipe("product.viewed", **VIEW).wait(DAY)
    assert facts_of(driver) == [("visitor.idle", "visitor:phone")]


def test_after_idle_comes_active_and_then_idle_even_without_anything_to_act_on() -> None:
    driver = Driver().pipe("product.viewed", **VIEW).wait(HOUR).pipe("page.viewed").wait(HOUR)
    assert [kind for kind, _ in facts_of(driver)] == [
        "visitor.idle",
        "visitor.active",
        "visitor.idle",
    ]


def test_a_known_customer_sends_active_at_once_and_once() -> None:
    driver = Driver().pipe("page.viewed", customer="anna").pipe("page.viewed")
    assert [kind for kind, _ in facts_of(driver)][2:] == ["visitor.active"]


def test_a_deadline_comes_before_an_event_of_the_same_time() -> None:
    driver = Driver().pipe("product.viewed", **VIEW).wait(5 * MINUTE).pipe("page.viewed")
    assert [kind for kind, _ in facts_of(driver)] == ["visitor.idle", "visitor.active"]


def test_a_change_of_person_goes_to_the_old_and_the_new_one() -> None:
    driver = Driver().pipe("product.viewed", **VIEW).wait(HOUR)
    driver.pipe("page.viewed", customer="anna").pipe("page.viewed", customer="bert")
    assert facts_of(driver, 1) == [
        ("visitor.moved", "visitor:phone"),
        ("visitor.identified", "customer:anna"),
        ("visitor.active", "customer:anna"),
        ("visitor.idle", "customer:anna"),
        ("visitor.identified", "customer:bert"),
        ("visitor.active", "customer:bert"),
    ]


def test_the_new_person_takes_over_orders_withdrawals_and_grants_of_an_anonymous_one() -> None:
    driver = Driver().pipe("order.placed", order={"id": "o1"})
    driver.pipe("consent.changed", channels=["email", "sms"], granted=False)
    driver.pipe("consent.changed", channels=["push"], granted=True)
    driver.wait(1).pipe("page.viewed", customer="anna").pipe("page.viewed", customer="bert")
    anna, bert = [fact for fact in driver.facts if fact["type"] == "visitor.identified"]
    ((id, at, recurring, cart, contents, whole),) = anna["orders"]
    assert (id, at, recurring, cart, contents) == ("o1", START, False, "phone", None)
    assert whole[5:8] == ["visitor:phone", "phone", "e-0"]
    assert (sorted(anna["withdrawn"]), anna["granted"]) == (["email", "sms"], ["push"])
    assert "orders" not in bert


@pytest.mark.parametrize(
    ("passed", "presence"), [(5 * MINUTE - 1, "visitor.active"), (5 * MINUTE, "visitor.idle")]
)
def test_a_login_by_the_server_sends_active_within_5_minutes_of_activity_and_then_idle(
    passed: int, presence: str
) -> None:
    driver = Driver().pipe("page.viewed").wait(passed)
    driver.pipe("visitor.identified", customer="anna", traits={"orders": 2, "value": 9.5})
    assert facts_of(driver) == [
        ("visitor.moved", "visitor:phone"),
        ("visitor.identified", "customer:anna"),
        (presence, "customer:anna"),
        ("visitor.identified", "customer:anna"),
    ]


def test_a_login_by_the_server_without_any_activity_sends_no_presence() -> None:
    driver = Driver().pipe("visitor.identified", customer="anna")
    assert [kind for kind, _ in facts_of(driver)][1:] == ["visitor.identified"] * 2


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("order.placed", {"order": {"id": "o"}}),
        ("order.cancelled", {"order": {"id": "o"}}),
        ("consent.changed", {"channels": ["sms"], "granted": True}),
        ("exit.signal", {"signal": "back"}),
    ],
)
def test_presence_after_a_change_comes_before_the_events_own_fact(
    type: str, body: dict[str, Any]
) -> None:
    driver = Driver().pipe("page.viewed").wait(MINUTE).pipe(type, customer="anna", **body)
    own = [] if type == "exit.signal" else [type]
    kinds = [kind for kind, _ in facts_of(driver)]
    assert kinds[2:] == ["visitor.active", *own]


def test_a_repeated_order_is_sent_too() -> None:
    driver = (
        Driver().pipe("order.placed", order={"id": "o"}).pipe("order.placed", order={"id": "o"})
    )
    assert [kind for kind, _ in facts_of(driver)] == ["order.placed"] * 2


def test_identity_is_sent_as_it_was_given() -> None:
    driver = Driver().pipe("visitor.identified", customer="anna", contacts=[], time_zone="UTC")
    fact = driver.facts[-1]
    assert (fact["contacts"], fact["time_zone"]) == ([], "UTC")
    assert "traits_orders" not in fact
    assert "traits_value" not in fact


def test_facts_of_a_visitor_are_numbered() -> None:
    driver = Driver().pipe("page.viewed", customer="anna").wait(HOUR)
    assert [fact["n"] for fact in driver.facts] == [0, 1, 2, 3]


def test_evidence_names_the_events_that_made_the_summary() -> None:
    driver = Driver().pipe("product.viewed", **VIEW).pipe("search.performed", query="x")
    driver.pipe("cart.item_added", item=LAMP).pipe("checkout.started").pipe("page.viewed")
    facts_of = driver.wait(5 * MINUTE).facts[-1]["summary"]
    assert [view[4] for view in facts_of["views"]] == ["e-0"]
    assert facts_of["evidence"] == ["e-1", "e-2", "e-3"]


def test_a_search_of_an_earlier_visit_is_no_evidence() -> None:
    driver = Driver().pipe("search.performed", query="x").wait(HOUR)
    driver.pipe("product.viewed", **VIEW).wait(5 * MINUTE)
    facts_of = driver.facts[-1]["summary"]
    assert [view[4] for view in facts_of["views"]] == ["e-1"]
    assert "evidence" not in facts_of
