"""Watches: a person's orders after a step or an onsite candidate. Source: docs/semantics-life.md, 15."""

import json
from typing import Any

import pytest

from stream import limits
from stream.durations import DAY, HOUR
from stream.state.in_time import Attributed, Watch
from tests.unit.test_documents import START, carts, document, event, order, run
from tests.unit.test_documents import cart as filled
from tests.unit.test_shadows import signal

Document = dict[str, Any]
EXIT: Document = {"name": "exit", "kind": "exit-intent", "attribution": "2d", "cooldown": 0}


def outcomes(events: list[Document], *documents: Document) -> list[str]:
    """Recipe, person, group, orders and value, with the hours since START of begin and end."""
    found = []
    for out in run(events, *documents):
        for _, _, value in out.outcomes:
            made = json.loads(value)
            hours = [(made[name] - START) / HOUR for name in ("at", "until")]
            found.append(
                f"{made['recipe']} {made['person']} {made['group']} {made['orders']} "
                f"{made['value']:g} {hours[0]:g}-{hours[1]:g}h"
            )
    return found


def watched(*steps: str, **fields: Any) -> Document:
    return carts(*steps, attribution="10h", ordered_within=0, **fields)


def test_an_order_counts_only_inside_its_watch() -> None:
    for after, number in ((HOUR, 0), (HOUR + 1, 1), (11 * HOUR - 1, 1), (11 * HOUR, 0)):
        found = outcomes([filled(), order(after, value=7)], document(watched("1h")))
        assert found == [f"carts customer:c1 treated {number} {7 * number} 1-11h"]


def test_recurring_and_old_orders_do_not_count() -> None:
    old = order(2 * HOUR, value=5) | {"client_time": START - 3 * DAY}
    again = order(3 * HOUR, id="o2", value=6, recurring=True)
    found = outcomes([filled(), old, again], document(watched("1h")))
    assert found == ["carts customer:c1 treated 0 0 1-11h"]


def test_an_order_that_was_recurring_counts_with_its_own_value() -> None:
    was = order(2 * HOUR, value=5, recurring=True)
    events = [filled(), was, order(3 * HOUR, value=8)]
    assert outcomes(events, document(watched("1h"))) == ["carts customer:c1 treated 1 8 1-11h"]


def test_a_repetition_does_not_count_and_a_cancelled_order_is_subtracted() -> None:
    bare = {"visitor": "server", "id": "bare"}
    events = [filled(), order(2 * HOUR) | bare, order(3 * HOUR, value=9)]
    assert outcomes(events, document(watched("1h"))) == ["carts customer:c1 treated 1 0 1-11h"]
    cancel = event("order.cancelled", 4 * HOUR, customer="c1", order={"id": "o1"})
    events = [filled(), order(2 * HOUR, value=8), order(3 * HOUR, id="o2", value=1.5), cancel]
    assert outcomes(events, document(watched("1h"))) == ["carts customer:c1 treated 1 1.5 1-11h"]


def test_a_held_step_is_watched_once_for_its_episode() -> None:
    found = outcomes([filled()], document(watched("1h", "20h", "40h", holdout=100)))
    assert found == ["carts customer:c1 held 0 0 1-11h"]


def test_an_episode_that_found_a_watch_open_gets_none_later() -> None:
    two = [filled(), filled(2 * HOUR, "v2", "p2")]
    rules = {**watched("1h", "30h"), "holdout": 100, "cooldown": 0}
    assert outcomes(two, document(rules)) == ["carts customer:c1 held 0 0 1-11h"]


def test_a_shadow_opens_no_watch() -> None:
    assert outcomes([filled()], document(watched("1h", mode="shadow"))) == []
    shown = [event("page.viewed"), signal(12_000)]
    assert outcomes(shown, document({**EXIT, "mode": "shadow"})) == []


def test_a_new_document_does_not_move_the_end_of_a_watch() -> None:
    documents = document(watched("1h")), document(after=2 * HOUR)
    assert outcomes([filled()], *documents) == ["carts customer:c1 treated 0 0 1-11h"]


def test_a_watch_goes_with_its_visitor_before_its_orders_are_entered() -> None:
    events = [
        event("page.viewed"),
        signal(12_000),
        event("order.placed", HOUR, order={"id": "o1", "value": 4}),
        event("visitor.identified", 2 * HOUR, customer="c1"),
    ]
    found = outcomes(events, document(EXIT))
    assert found == ["exit customer:c1 treated 1 4 0.00333333-48.0033h"]


@pytest.mark.parametrize(
    ("after", "person"),
    [(2 * DAY + 11_999, "customer:c1"), (2 * DAY + 12_000, "visitor:v1"), (3 * DAY, "visitor:v1")],
)
def test_an_ended_watch_is_not_taken_over(after: int, person: str) -> None:
    login = event("visitor.identified", after, customer="c1")
    found = outcomes([event("page.viewed"), signal(12_000), login], document(EXIT))
    assert found == [f"exit {person} treated 0 0 0.00333333-48.0033h"]


def test_only_the_watches_of_the_visitor_that_moved_leave() -> None:
    anna = [event("page.viewed", after, visitor, keys={"email": "anna-mail-0123456789"})
            for after, visitor in ((0, "v1"), (1, "v2"))]  # fmt: skip
    events = [*anna, signal(12_000), event("visitor.identified", HOUR, "v2", customer="c1")]
    found = outcomes(events, document(EXIT))
    assert found == ["exit email:anna-mail-0123456789 treated 0 0 0.00333333-48.0033h"]


def test_a_visitor_whose_customer_left_keeps_no_watch() -> None:
    events = [
        event("page.viewed", customer="c1"),
        signal(12_000),
        event("page.viewed", HOUR, customer="c2"),
    ]
    found = outcomes(events, document(EXIT))
    assert found == ["exit customer:c1 treated 0 0 0.00333333-48.0033h"]


def test_a_candidate_that_was_held_before_a_login_is_the_visit_s_first() -> None:
    rules = document({**EXIT, "holdout": 50})
    for number in range(40):
        one, customer = f"v{number}", f"c{number}"
        events = [
            event("page.viewed", 0, one),
            signal(12_000, one),
            event("visitor.identified", 13_000, one, customer=customer),
            signal(14_000, one),
        ]
        found = outcomes(events, rules)
        assert len(found) == 1
        assert found[0].startswith(f"exit customer:{customer} ")
        assert "0.00333333-" in found[0], "the first candidate of the visit opened it"


def test_a_watch_keeps_its_orders_in_bounds() -> None:
    watch = Watch(Attributed("x", 1, "id", False, None, 0, 10**6))
    for number in range(limits.MOST_ORDERS + 5):
        watch.add(f"o{number}", number + 1, 0.1)
    assert len(watch.counted) == limits.MOST_ORDERS
    assert watch.total == (limits.MOST_ORDERS + 5, round((limits.MOST_ORDERS + 5) * 0.1, 2))


def test_an_episode_that_was_held_before_there_were_watches_gets_none() -> None:
    rules = carts("1h", "20h", holdout=100)
    documents = document(rules), document({**rules, "attribution": "10h"}, after=2 * HOUR)
    assert outcomes([filled()], *documents) == []
