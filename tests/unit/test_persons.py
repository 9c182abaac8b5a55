"""The person of a visitor: contact persons, logouts, late events of a former customer."""

from typing import Any

import pytest

from stream.durations import DAY, HOUR, MINUTE
from tests.driver import LAMP, START, Driver

H = "9f86d081884c7d659a2feaa0c55ad015"
G = "0123456789abcdef"


def facts_of(driver: Driver, since: int = 0) -> list[tuple[str, str]]:
    """(type, person) of the facts."""
    return [(fact["type"], fact["person"]) for fact in driver.facts[since:]]


def logged_in(**body: Any) -> Driver:
    return Driver().pipe("cart.item_added", item=LAMP, customer="anna", **body).wait(MINUTE)


def test_a_phone_an_email_and_a_customer_make_somebody_known_by_steps() -> None:
    driver = Driver()
    for body in ({"keys": {"phone": G}}, {"keys": {"email": H}}, {"customer": "anna"}):
        driver.pipe("page.viewed", **body)
    known = [fact["person"] for fact in driver.facts if fact["type"] == "visitor.identified"]
    assert known == [f"phone:{G}", f"email:{H}", "customer:anna"]


def test_an_email_of_a_customer_changes_no_person() -> None:
    driver = logged_in()
    before = len(driver.facts)
    assert facts_of(driver.pipe("page.viewed", keys={"email": H}), before) == []


def test_after_a_logout_the_cart_stays_with_the_customer() -> None:
    driver = logged_in()
    before = len(driver.facts)
    driver.pipe("page.viewed", customer=None).wait(DAY)
    assert facts_of(driver, before) == [("visitor.idle", "customer:anna")]


def test_the_next_customer_is_announced_and_takes_over_nothing() -> None:
    driver = logged_in().pipe("order.placed", order={"id": "o"}).wait(MINUTE)
    before = len(driver.facts)
    driver.pipe("page.viewed", customer="bert")
    assert facts_of(driver, before)[-2:] == [
        ("visitor.identified", "customer:bert"),
        ("visitor.active", "customer:bert"),
    ]
    assert "orders" not in driver.facts[-2]


def test_an_order_within_a_day_goes_to_the_former_person_too() -> None:
    driver = logged_in().pipe("page.viewed", customer=None).wait(DAY - 1)
    driver.pipe("order.placed", order={"id": "o"}).wait(1).pipe("order.placed", order={"id": "p"})
    placed = [(f["order_id"], f["person"]) for f in driver.facts if f["type"] == "order.placed"]
    assert placed == [("o", "visitor:phone"), ("o", "customer:anna"), ("p", "visitor:phone")]


def test_null_on_an_order_is_left_out() -> None:
    driver = logged_in().pipe("order.placed", order={"id": "o"}, customer=None)
    assert (driver.facts[-1]["person"], driver.reported) == ("customer:anna", ["$.customer"])


def test_a_late_order_of_a_former_customer_goes_to_that_customer_only() -> None:
    driver = logged_in().wait(HOUR).pipe("page.viewed", customer="bert").wait(MINUTE)
    before = len(driver.facts)
    driver.pipe("order.placed", order={"id": "o"}, customer="anna", client_time=START)
    assert facts_of(driver, before) == [("order.placed", "customer:anna")]


WHERE = {"type", "at", "visitor", "n", "person", "key", "event"}
"""The fields of a fact or claim that say whose it is."""

ORDER = {"order_id": "o"}
PLACED = {
    "order_id": "o",
    "whole": [5.0, "EUR", [], False, START, "customer:anna", "phone", "e-2", False],
}
SMS: dict[str, Any] = {"channels": ["sms"], "late": True}


@pytest.mark.parametrize(
    ("type", "body", "fact", "claim"),
    [
        ("order.placed", {"order": {"id": "o", "value": 5, "currency": "EUR"}}, PLACED, PLACED),
        ("order.cancelled", {"order": {"id": "o"}}, ORDER, ORDER),
        ("order.delivered", {"order": {"id": "o"}}, ORDER, ORDER),
        (
            "consent.changed",
            {"channels": ["sms"], "granted": False},
            SMS | {"granted": False},
            SMS | {"granted": False},
        ),
        ("visitor.subscribed", {"channels": ["sms"]}, SMS, SMS | {"granted": True}),
    ],
)
def test_a_late_event_of_a_former_customer_goes_to_its_keys_without_binding_them(
    type: str, body: dict[str, Any], fact: dict[str, Any], claim: dict[str, Any]
) -> None:
    driver = Driver().pipe("page.viewed", customer="anna").wait(HOUR)
    driver.pipe("page.viewed", customer="bert").wait(HOUR)
    driver.pipe(type, **body, customer="anna", keys={"checkout": "h"}, client_time=START)
    (sent,) = (each for each in driver.facts if each["type"] == type)
    (claimed,) = driver.claims
    assert (sent["person"], claimed["person"]) == ("customer:anna", "customer:anna")
    kind = "consent.changed" if type == "visitor.subscribed" else type
    assert (claimed["type"], claimed["key"]) == (kind, "checkout:h")
    assert {name: sent[name] for name in sent.keys() - WHERE} == fact
    assert {name: claimed[name] for name in claimed.keys() - WHERE} == claim


def test_a_late_grant_lifts_no_withdrawal() -> None:
    driver = Driver().pipe("consent.changed", channels=["sms"], granted=False)
    driver.pipe("consent.changed", channels=["sms"], granted=True, client_time=START - HOUR)
    assert driver.facts[-1]["late"] is True
    driver.pipe("page.viewed", customer="anna")
    identified = next(fact for fact in driver.facts if fact["type"] == "visitor.identified")
    assert identified["withdrawn"] == ["sms"]


def test_a_pseudo_visitors_cart_is_idle_after_5_minutes() -> None:
    driver = Driver().of("cart.item_added", item=LAMP, keys={"checkout": "h"}).wait(5 * MINUTE)
    (fact,) = driver.facts
    assert (fact["visitor"], fact["summary"]["visits"]) == ("~checkout:h", 0)
    assert fact["summary"]["last_active"] == START
