"""Popups: when one may be shown, and what refuses it. Source: docs/semantics-life.md, 12."""

from typing import Any

import pytest

from stream.durations import DAY, MINUTE, SECOND
from tests.driver import START, Driver, recipe

FIRED = ["fired welcome-popup 1"]


def looks(*waits: int, rules: dict[str, Any] | None = None, **page: Any) -> Driver:
    """A visitor that views a page, and another one after each time (ms)."""
    driver = Driver(rules or recipe("welcome-popup", when={})).pipe("page.viewed")
    for wait in waits:
        driver.wait(wait).pipe("page.viewed", page=page)
    return driver


def refused(reason: str) -> list[str]:
    return [f"refused welcome-popup 1 {reason}"]


@pytest.mark.parametrize(
    ("waits", "story"),
    [
        ((15 * SECOND,), FIRED),
        ((15 * SECOND - 1,), []),
        ((15 * SECOND - 1, 1), FIRED),
        ((), []),
    ],
)
def test_a_popup_is_shown_at_the_second_look_15_seconds_into_a_visit(
    waits: tuple[int, ...], story: list[str]
) -> None:
    assert looks(*waits).story == story


def test_only_a_first_visit_sees_a_popup_unless_a_recipe_says_otherwise() -> None:
    for rules, again in ((recipe("welcome-popup"), []), (recipe("welcome-popup", when={}), FIRED)):
        driver = Driver(rules).pipe("page.viewed").wait(DAY).pipe("page.viewed")
        assert driver.wait(15 * SECOND).pipe("page.viewed").story == again
    assert looks(15 * SECOND, rules=recipe("welcome-popup")).story == FIRED


def test_a_recipe_says_how_many_looks_and_how_long() -> None:
    rules = recipe("welcome-popup", looks=3, after="1m")
    assert looks(MINUTE - 1, 1, rules=rules).story == FIRED
    assert looks(MINUTE, rules=rules).story == []


@pytest.mark.parametrize(
    ("waits", "story"),
    [((30 * SECOND,), []), ((1, 1), ["fired many 1"]), ((MINUTE,), ["fired late 1"])],
)
def test_each_of_two_recipes_waits_for_its_own_looks_and_time(
    waits: tuple[int, ...], story: list[str]
) -> None:
    many = {"name": "many", "kind": "welcome-popup", "looks": 3, "after": 0}
    late = {"name": "late", "kind": "welcome-popup", "looks": 1, "after": "1m"}
    assert looks(*waits, rules={"recipes": [many, late]}).story == story


def test_a_popup_says_why_it_is_shown_and_until_when() -> None:
    (trigger,) = looks(20 * SECOND).fired
    at = START + 20 * SECOND
    assert (trigger["not_before"], trigger["valid_until"]) == (at, at + 10 * MINUTE)
    why = trigger["why"]
    assert (why["visit_start"], why["looks"], trigger["evidence"]) == (START, 2, ["e-1"])
    assert why["passed"] == ["paying", "ordered", "already", "cooldown", "consent", "holdout"]


@pytest.mark.parametrize("who", [{"customer": "anna"}, {"keys": {"email": "a" * 32}}])
def test_nobody_who_is_known_sees_a_popup(who: dict[str, Any]) -> None:
    driver = Driver().pipe("page.viewed", **who).wait(MINUTE).pipe("page.viewed")
    assert driver.story == []


def test_nobody_who_has_subscribed_sees_a_popup() -> None:
    driver = looks(rules=recipe("welcome-popup"))
    driver.pipe("visitor.subscribed", channels=["email"]).wait(MINUTE).pipe("page.viewed")
    assert driver.story == []


def test_an_open_checkout_refuses_on_any_page() -> None:
    driver = looks(rules=recipe("welcome-popup")).pipe("checkout.started")
    assert driver.wait(MINUTE).pipe("page.viewed").story == refused("paying")


@pytest.mark.parametrize("kind", ["checkout", "payment"])
def test_a_page_to_pay_refuses_without_a_checkout(kind: str) -> None:
    assert looks(MINUTE, kind=kind).story == refused("paying")


def test_an_order_of_the_visit_refuses() -> None:
    driver = looks().pipe("order.placed", order={"id": "o"}).wait(MINUTE).pipe("page.viewed")
    assert driver.story == refused("ordered")
    assert looks(MINUTE, kind="confirmation").story == refused("ordered")


def test_a_popup_refuses_the_next_of_its_visit_once() -> None:
    assert looks(MINUTE, MINUTE, MINUTE).story == [*FIRED, *refused("already")]


@pytest.mark.parametrize(("early", "story"), [(0, FIRED), (1, refused("cooldown"))])
def test_a_popup_of_the_last_30_days_refuses(early: int, story: list[str]) -> None:
    driver = looks(MINUTE, rules=recipe("welcome-popup", when={}, after=0, looks=1, cooldown="2d"))
    driver.wait(2 * DAY - MINUTE - early).pipe("page.viewed")
    assert driver.story == [*FIRED, *refused("already"), *story]


def test_a_withdrawn_channel_and_the_holdout_refuse() -> None:
    driver = looks().pipe("consent.changed", channels=["onsite"], granted=False)
    assert driver.wait(MINUTE).pipe("page.viewed").story == refused("consent")
    rules = recipe("welcome-popup", holdout=100)
    assert looks(MINUTE, rules=rules).story == refused("holdout")


def test_after_a_popup_no_exit_trigger_fires_in_the_visit() -> None:
    rules = recipe("welcome-popup")
    rules["recipes"].append({"name": "exit-intent"})
    driver = looks(MINUTE, rules=rules).wait(5 * SECOND)
    driver.pipe("exit.signal", signal="close_shortcut")
    assert driver.story == [*FIRED, "refused exit-intent 1 already"]
