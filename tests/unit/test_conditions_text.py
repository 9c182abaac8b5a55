"""Conditions of audiences in words, and the values of a person."""

import json
from typing import Any

import pytest

from agents.explain import conditions_text
from agents.explain.standing import Standing
from stream import recipes_file
from stream.durations import DAY
from stream.recipes.audiences import Audience
from stream.state.life_record import Interest, Life
from stream.state.orders import OrderEntry
from stream.state.person import Episode, Person, PersonVisitor

T = 1_767_607_200_000


def audience(members: Any) -> Audience:
    rules = recipes_file.load(json.dumps({"audiences": [{"name": "some", "members": members}]}))
    return rules.audiences.all[0]


WORDS: tuple[tuple[Any, str], ...] = (
    ({"orders": {"max": 0}}, "no order"),
    ({"orders": {"min": 1, "max": 1}}, "1 order"),
    ({"orders": {"min": 4}}, "4 orders or more"),
    ({"visits": {"max": 2}}, "2 visits at most"),
    ({"visits": {"min": 2, "max": 3}}, "2 to 3 visits"),
    ({"spent": {"min": 20, "max": 80.5}}, "spent 20 to 80.5"),
    ({"spent": {"min": 20}}, "spent 20 or more"),
    ({"since_order": {"min": "60d", "max": "120d"}}, "the last order 60 to 120 days ago"),
    ({"since_order": {"max": "30d"}}, "the last order less than 30 days ago"),
    ({"since_visit": {"min": "180d"}}, "the last visit 180 days ago or longer"),
    ({"since_visit": {"min": "1h", "max": "2d"}}, "the last visit 1 to 48 hours ago"),
    ({"reachable": True}, "can be reached"),
    ({"reachable": False}, "cannot be reached"),
    ({"open": ["cart-abandonment", "payment-failed"]}, "something open of cart-abandonment or payment-failed"),
    ({"viewed": {"category": ["tents"], "within": "7d"}}, "looked at tents less than 7 days ago"),
    ({"bought": {"product": ["p1"], "within": "7d"}}, "bought p1 less than 7 days ago"),
    ([{"orders": {"max": 0}}, {"reachable": True, "visits": {"min": 1, "max": 1}}], "no order; or 1 visit, can be reached"),
)  # fmt: skip


@pytest.mark.parametrize(("members", "text"), WORDS, ids=lambda value: str(value)[:40])
def test_the_conditions_of_an_audience_are_written_in_words(members: Any, text: str) -> None:
    assert conditions_text.wanted(audience(members)) == text


def so_far(members: Any, person: Person) -> list[tuple[str, bool]]:
    (alone,) = audience(members).members
    found = conditions_text.of_person(
        Standing(person, T), alone, lambda at: f"day {(at - T) // DAY}"
    )
    return [(each.so_far, each.holds) for each in found]


def test_the_values_of_a_known_person_are_written_in_words() -> None:
    person = Person("customer:anna", visitors={"v": PersonVisitor(False, T - 3 * DAY, 2)})
    person.orders = [OrderEntry("o1", T - 9 * DAY, value=40.0)]
    person.life = Life(interests={"c:tents": Interest(viewed=T - 4 * DAY)})
    person.episodes = [Episode("r", "cart-abandonment", "c", T, T, "v", T)]
    members = {
        "orders": {"min": 2},
        "spent": {"max": 80},
        "since_visit": {"max": "2d"},
        "since_order": {"min": "5d"},
        "reachable": True,
        "open": ["cart-abandonment"],
        "viewed": {"category": ["tents"], "within": "7d"},
        "bought": {"category": ["tents"], "within": "7d"},
    }
    assert sorted(so_far(members, person)) == sorted([
        ("1 order", False),
        ("spent 40", True),
        ("here last on day -3", False),
        ("ordered last on day -9", True),
        ("can be reached", True),
        ("cart-abandonment is open", True),
        ("looked at last on day -4", True),
        ("never bought", False),
    ])  # fmt: skip


def test_the_values_of_an_unknown_person_are_written_in_words() -> None:
    members = {
        "since_visit": {"max": "2d"}, "since_order": {"max": "2d"},
        "reachable": True, "open": ["welcome"],
    }  # fmt: skip
    assert sorted(so_far(members, Person("visitor:v"))) == sorted([
        ("never here", False),
        ("no order", False),
        ("no channel that may be used", False),
        ("none is open", False),
    ])  # fmt: skip


def test_a_person_with_an_active_visitor_is_here_now() -> None:
    person = Person("visitor:v", visitors={"v": PersonVisitor(True, T - 3 * DAY, 2)})
    assert so_far({"since_visit": {"max": "2d"}}, person) == [("here now", True)]
