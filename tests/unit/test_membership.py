"""stream/kinds/membership.py: which active facts change no audience, and what is remembered of counts."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from stream import backtest
from stream import recipes_file as files
from stream.kinds import membership
from stream.outputs.outputs import Outputs
from stream.recipes import audiences as described
from stream.recipes.recipe import Recipes
from stream.state.facts import Active
from stream.state.life_record import Interest, Life
from stream.state.orders import OrderEntry
from stream.state.person import Person, PersonVisitor

T = 1_798_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def in_force(*members: dict[str, Any]) -> Recipes:
    named = [{"name": f"a{n}", "members": each} for n, each in enumerate(members)]
    return files.load(json.dumps({"audiences": named}))


LATELY = in_force({"since_visit": {"max": "2d"}}, {"since_visit": {"min": "7d"}})


def known(visitor: PersonVisitor) -> Person:
    return Person("customer:anna", visitors={"v": visitor}, life=Life())


def keeps(person: Person, visitor: str = "v", recipes: Recipes = LATELY) -> bool:
    fact = Active(at=T, visitor=visitor, n=1, person=person.id, last_active=T)
    return membership.keeps_audiences(person, fact, recipes.audiences)


@pytest.mark.parametrize(
    ("visitor", "expected"),
    [
        (PersonVisitor(False, T - 2 * DAY + 1), True),
        (PersonVisitor(False, T - 2 * DAY), False),
        (PersonVisitor(False, -1), False),
        (PersonVisitor(True, T - 9 * DAY), True),
    ],
)
def test_an_active_fact_changes_no_audience_before_the_first_bound(
    visitor: PersonVisitor, expected: bool
) -> None:
    assert keeps(known(visitor)) is expected


def test_an_active_fact_changes_nothing_if_no_audience_asks_for_visits() -> None:
    old = known(PersonVisitor(False, T - 99 * DAY))
    assert keeps(old, recipes=in_force({"orders": {"min": 1}}))


def test_a_visitor_or_person_that_is_new_may_change_audiences() -> None:
    assert not keeps(known(PersonVisitor(False, T - 1)), "another")
    assert not keeps(Person("customer:anna", visitors={"v": PersonVisitor(False, T - 1)}))
    pseudo = Person("customer:anna", visitors={"~cart:7": PersonVisitor(False, T - 1)}, life=Life())
    assert not keeps(pseudo, "~cart:7")


def changes(events: Iterable[dict[str, Any]], recipes: Recipes) -> list[tuple[str, int, bool]]:
    lines = [json.dumps({"id": f"e{n}", **event}).encode() for n, event in enumerate(events)]
    return [
        (audience, at - T, entered)
        for out in backtest.run(lines, recipes)
        for audience, _, at, entered, _ in out.audiences
    ]


def visit(first: int, last: int) -> Iterator[dict[str, Any]]:
    """A view every four minutes. Times in ms after T."""
    for after in range(first, last + 1, 4 * MINUTE):
        yield {"t": T + after, "type": "page.viewed", "visitor": "v1", "customer": "anna"}


def test_an_audience_ends_after_the_last_visit_not_at_the_bound_of_an_earlier_one() -> None:
    """The second visit lasts from before that bound until after it."""
    last = 49 * HOUR
    log = [*visit(0, 0), *visit(47 * HOUR, last), {"t": T + 9 * DAY, "type": "clock.advanced"}]
    found = changes(log, in_force({"since_visit": {"max": "2d"}}))
    assert [each[1:] for each in found[1:]] == [(last + 2 * DAY, False)]
    assert found[0][2]


def test_counts_beyond_those_that_are_remembered_are_counted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(described, "MOST_KNOWN", 1)
    members = in_force({"visits": {"min": 2}}, {"orders": {"max": 0}}).audiences
    for _ in range(2):
        for visits, names in ((1, ("a1",)), (2, ("a0", "a1"))):
            assert members.of(members.count((visits, 0, 0.0)))[0] == names
            assert (len(members.counted), len(members._known)) == (1, 1)


@pytest.mark.parametrize("first", ["since_visit", "since_order", "viewed", "bought"])
def test_the_condition_that_ends_first_is_the_next_to_be_looked_at(first: str) -> None:
    days = dict.fromkeys(("since_visit", "since_order", "viewed", "bought"), "3d") | {first: "2d"}
    members: list[dict[str, Any]] = [
        {name: {"max": days[name]}} for name in ("since_visit", "since_order")
    ]
    members += [{name: {"product": ["p"], "within": days[name]}} for name in ("viewed", "bought")]
    person = known(PersonVisitor(False, T))
    person.orders = [OrderEntry("o", T)]
    person.of_life().interests = {described.product("p"): Interest(T, T)}
    audiences = in_force(*members).audiences
    bits, changes = membership.fulfilled(person, membership.lately(person), T + DAY, audiences)
    assert audiences.of(bits)[0] == ("a0", "a1", "a2", "a3")
    assert changes == T + 2 * DAY


def test_each_change_of_a_person_has_the_next_number() -> None:
    person, out, recipes = Person("customer:anna"), Outputs(), in_force()
    for at, names in enumerate((("a", "b"), ("c",), ())):
        membership.change(person, names, frozenset(names), at, recipes, out, None)
    ids = {json.loads(value)["id"] for *_, value in out.audiences if value is not None}
    assert person.of_life().changes == len(ids)
    assert [(each[0], each[3]) for each in out.audiences] == [
        *(("a", True), ("b", True), ("a", False), ("b", False)),
        *(("c", True), ("c", False)),
    ]


@pytest.mark.parametrize("more", [0, 1])
def test_as_many_conditions_as_a_number_of_c_has_bits_are_prepared_for_it(more: int) -> None:
    members = [{"orders": {"min": number}} for number in range(1, 63 + more)]
    assert (in_force(*members).audiences.prepared is None) == bool(more)
    assert in_force().audiences.prepared is None
