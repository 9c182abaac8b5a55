"""The fault matrix finds a trigger that ignored an order under a key of identity."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from stream import backtest
from stream.recipes.recipe import Recipes
from stream.recipes_file import DEFAULT
from stream.stages.core import Core, Handed
from stream.state import claims, facts
from tests.faults import keyed_logs, logs
from tests.faults.named import MOST_ORDERS, Key, named
from tests.faults.raw import Row
from tests.faults.verdict import Verdict
from tests.reference import events
from tests.reference.times import DAY, HOUR, MINUTE

AT = keyed_logs.START


def row(topic: str, value: dict[str, Any], offset: int = 0) -> Row:
    headers = {"topic": b"visitor.facts", "offset": b"9"}
    body = json.dumps(value).encode()
    return Row(topic, 0, offset, value.get("at", AT), b"~cart:7", body, headers)


def claim(type: str, at: int, n: int = 0, **body: Any) -> Row:
    given = {"type": type, "key": "cart:7", "visitor": "v", "n": n, "at": at}
    return row("identity.claims", given | body)


def bound(person: str, at: int) -> Row:
    return claim("bound", at, person=person)


ORDER = {"type": "order.placed", "id": "e1", "order": {"id": "o1", "cart_id": "7"}, "at": AT}
CLAIM = claim("order.placed", AT, 1, order_id="o1", person="visitor:~cart:7")
BEFORE = [bound("customer:c", AT - HOUR), CLAIM]
AFTER = [bound("customer:c", AT + HOUR), CLAIM]
BACK = claim("order.cancelled", AT + MINUTE, order_id="o1")
CROWD = [bound(f"visitor:{n}", AT - n * MINUTE) for n in range(9)]
"""The one with the smallest number was bound last."""


def reminder(due: int, person: str = "customer:c") -> Row:
    data = {"not_before": due, "recipe": "cart-abandonment", "person": person, "trigger_id": "x"}
    return row("triggers.cart-abandonment", {"data": data})


def entered(at: int, by: int) -> list[Row]:
    """A fact that gives the customer the order o1 of `at`, by another key or a login, at `by` (ms)."""
    told = {"person": "customer:c", "at": by}
    if at == by:
        return [row("visitor.facts", {"type": "order.placed", "order_id": "o1", **told})]
    return [row("visitor.facts", {"type": "visitor.identified", "orders": [["o1", at]], **told})]


def broken(claims: list[Row], *reminders: Row, facts: Sequence[Row] = ()) -> list[str]:
    found = Verdict()
    named(
        list(reminders),
        [row("storefront.events", ORDER)],
        claims,
        list(facts),
        DEFAULT,
        live=False,
        verdict=found,
    )
    return found.broken["named"]


@pytest.mark.parametrize(
    ("claims", "due", "heard"),
    [
        (BEFORE, AT - MINUTE, True),
        (BEFORE, AT, True),
        (BEFORE, AT + 1, False),
        (BEFORE, AT + 25 * HOUR, True),
        (AFTER, AT + HOUR, True),
        (AFTER, AT + HOUR + 1, False),
        ([*BEFORE, BACK], AT + 1, True),
        (BEFORE[:1], AT - MINUTE, False),
        ([*BEFORE, *BEFORE], AT, True),
        ([bound("customer:c", AT - 31 * DAY), CLAIM], AT + 1, True),
    ],
    ids=[
        "before", "at once", "behind", "long behind", "told later", "bound", "back", "no claim", "copies", "forgotten",
    ],
)  # fmt: skip
def test_a_reminder_after_an_order_under_a_key_of_the_person_is_found(
    claims: list[Row], due: int, heard: bool
) -> None:
    assert (broken(claims, reminder(due)) == []) is heard


@pytest.mark.parametrize(
    ("at", "by", "is_repeated"),
    [
        (AT - DAY, AT - DAY, True),
        (AT - DAY, AT - HOUR, True),
        (AT - DAY, AT + 1, False),
        (AT, AT, False),
        (AT + 1, AT + 1, False),
    ],
    ids=["before", "handed over before", "handed over later", "this one", "later"],
)
def test_an_order_whose_id_the_person_had_already_forbids_nothing(
    at: int, by: int, is_repeated: bool
) -> None:
    found = broken(BEFORE, reminder(AT + HOUR), facts=entered(at, by))
    assert (found == []) is is_repeated


def test_for_a_shared_key_only_the_last_owner_must_get_the_order() -> None:
    claims = [*CROWD, CLAIM]
    assert broken(claims, reminder(AT + 1, "visitor:0"))
    assert not broken(claims, *(reminder(AT + 1, f"visitor:{n}") for n in range(1, 9)))
    later = bound("visitor:later", AT + 1)
    assert not broken([*claims, later], reminder(AT + HOUR, "visitor:later"))


def test_for_a_key_of_nine_on_several_days_the_last_eight_must_get_the_order() -> None:
    claims = [bound(f"visitor:{n}", AT - n * DAY) for n in range(9)] + [CLAIM]
    assert len(broken(claims, *(reminder(AT + 1, f"visitor:{n}") for n in range(9)))) == 8
    assert not broken(claims, reminder(AT + 1, "visitor:8"))


def test_the_last_orders_of_a_key_are_handed_over_and_no_other() -> None:
    key = Key("cart:7")
    for number in range(MOST_ORDERS + 1):
        placed = {
            "type": "order.placed",
            "at": AT + number,
            "order_id": f"o{number}",
            "person": "visitor:p",
        }
        assert not list(key.take(placed))
    handed = list(key.take({"type": "bound", "at": AT + HOUR, "person": "customer:c"}))
    assert [heard.order.id for heard in handed] == [f"o{n}" for n in range(1, MOST_ORDERS + 1)]


class Listening(Core):
    """`facts`: all facts that the people stage got."""

    def __init__(self, recipes: Recipes) -> None:
        super().__init__(recipes)
        self.facts: list[Row] = []

    def forwarded(self, first: Handed) -> Handed:
        found = super().forwarded(first)
        for each in first.handed + found.handed:
            self.facts.append(row("visitor.facts", json.loads(facts.encode(each))))
        return found


def given(lines: list[bytes], deaf: bool) -> list[str]:
    """The verdict on a log that is decided here. `deaf`: keys forward nothing."""
    core = Listening(DEFAULT)
    triggers: list[Row] = []
    claimed: list[Row] = []
    for first in backtest.handed(core.visitors, lines):
        for each in first.claimed:
            value = json.loads(claims.encode(each))
            claimed.append(row("identity.claims", value))
        if deaf:
            first.claimed.clear()
        for recipe, _, value in core.decided(first).triggers:
            triggers.append(row(f"triggers.{recipe}", json.loads(value)))
    log = [
        Row("storefront.events", 0, n, events.read(line)[0] or AT, None, line, {})
        for n, line in enumerate(lines)
    ]
    found = Verdict()
    named(triggers, log, claimed, core.facts, DEFAULT, live=False, verdict=found)
    return found.broken["named"]


@pytest.mark.parametrize("seed", [3, 8])
def test_only_decisions_without_forwarded_orders_break_the_promise(
    seed: int,
) -> None:
    lines = keyed_logs.log(seed, 60)
    assert given(lines, deaf=False) == []
    assert any("key-of-an-office" in each for each in given(lines, deaf=True))


def test_adversarial_logs_get_no_complaint() -> None:
    assert given(logs.worlds(5, 8), deaf=False) == []
