"""The input of the matrix of faults, and what tells that an order by a key was not heeded."""

import json
from collections import Counter
from typing import Any

import pytest

from stream.recipes_file import DEFAULT
from tests.faults import heeded, keyed_logs, logs
from tests.faults.raw import Row
from tests.faults.verdict import Verdict
from tests.reference import events
from tests.reference.times import HOUR, MINUTE

AT = keyed_logs.START


def test_half_of_the_orders_come_from_servers_by_each_sort_of_key() -> None:
    placed, told = Counter[str](), Counter[str]()
    for line in logs.worlds(5, 12):
        _, event = events.read(line)
        if event is not None and event.type == "order.placed":
            server = event.owner.pseudo or event.owner.visitor.startswith("tablet")
            placed["server" if server else "other"] += 1
            told[event.owner.visitor.partition(":")[0]] += 1
    assert 0.45 < placed["server"] / placed.total() < 0.6, placed
    assert {"~cart", "~checkout", "~email", "~phone"} <= told.keys(), told


def test_keys_are_bound_before_and_after_the_order_that_names_them() -> None:
    bound, order = dict[str, int](), Counter[bool]()
    for place, line in enumerate(keyed_logs.log(3, 100)):
        _, event = events.read(line)
        assert event is not None, line
        for key in event.owner.keys:
            if event.type == "order.placed":
                order[key in bound] += 1
            elif not event.owner.pseudo:
                bound.setdefault(key, place)
    assert min(order[True], order[False]) > 10


def row(topic: str, value: dict[str, Any], offset: int = 0) -> Row:
    headers = {"topic": b"visitor.facts", "offset": b"9"}
    return Row(
        topic, 0, offset, value.get("at", AT), b"~cart:7", json.dumps(value).encode(), headers
    )


def bound(person: str, at: int) -> Row:
    claim = {"type": "bound", "key": "cart:7", "person": person, "at": at}
    return row("identity.claims", claim)


ORDER = {"type": "order.placed", "id": "e1", "order": {"id": "o1", "cart_id": "7"}, "at": AT}
CLAIM = {"type": "order.placed", "key": "cart:7", "order_id": "o1", "person": "visitor:~cart:7"}
BEFORE = [bound("customer:c", AT - HOUR), row("identity.claims", CLAIM | {"at": AT})]
AFTER = [bound("customer:c", AT + HOUR), row("identity.claims", CLAIM | {"at": AT})]
BACK = row("identity.claims", {"type": "order.cancelled", "order_id": "o1"})


def reminder(due: int) -> Row:
    data = {
        "not_before": due,
        "recipe": "cart-abandonment",
        "person": "customer:c",
        "trigger_id": "x",
    }
    return row("triggers.cart-abandonment", {"data": data})


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
    ],
    ids=["before", "at once", "behind", "long behind", "told later", "bound", "back", "no claim"],
)
def test_a_reminder_behind_an_order_that_names_a_key_of_the_person_is_told(
    claims: list[Row], due: int, heard: bool
) -> None:
    found = Verdict()
    log = [row("storefront.events", ORDER)]
    heeded.named([reminder(due)], log, claims, DEFAULT, live=False, verdict=found)
    assert ("named" not in found.broken) is heard, found.broken
