"""A person's pending steps are read from the state that the people stage has written."""

import json
from typing import Any

import pytest

from agents.explain import pending_steps
from stream import recipes_file
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from stream.store.changelog import UnreadableState

T = 1_767_571_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DRILL = {"product_id": "drill", "name": "Drill", "quantity": 2, "price": 59.5}

Written = list[tuple[bytes, bytes | None]]


def event(type: str, after: int, visitor: str = "phone", **body: Any) -> dict[str, Any]:
    return {
        "t": T + after, "id": f"{type}-{after}", "type": type, "visitor": visitor, **body
    }  # fmt: skip


class Shop:
    """Both stages. `written`: all records of state.people."""

    def __init__(self) -> None:
        self.visitors, self.people = Visitors(recipes_file.DEFAULT), People(recipes_file.DEFAULT, 1)
        self.written: Written = []
        self.decisions: list[dict[str, Any]] = []
        self._offset = self._fact = 0

    def at(self, time: int, *events: dict[str, Any]) -> None:
        """Events, then time passes to T + `time`."""
        out, later = Outputs(), Outputs()
        records = []
        for each in events:
            value = json.dumps(each).encode()
            records.append((self._offset, each["t"], each["visitor"].encode(), value))
            self._offset += 1
        self.visitors.process(records, out)
        self.visitors.advance(T + time, out)
        for value in [*(value for _, value in out.facts), watermark_record({0: T + time}, 1)]:
            self.people.add([(self._fact, value)])
            self._fact += 1
        self.people.advance(later)
        self.decisions += [json.loads(value) for _, value in later.decisions]
        self.written += self.people.changes()

    def of(self, person: str) -> list[bytes | None]:
        return [value for key, value in self.written if key == person.encode()]

    def known(self, person: str) -> pending_steps.PendingSteps:
        found = pending_steps.of_records(person, self.of(person), recipes_file.DEFAULT)
        assert found is not None
        return found


CART = (
    event("visitor.identified", 0, customer="anna", contacts=["email"]),
    event("cart.item_added", 1000, item=DRILL),
)


def test_a_cart_left_waits_for_its_first_reminder() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    (step,) = shop.known("customer:anna").steps
    assert (step.recipe, step.step, step.steps) == ("cart-abandonment", 1, 3)
    assert step.due == T + 1000 + HOUR
    assert step.value == 119.0
    assert step.origin == "phone"


def test_the_step_that_waits_has_the_id_under_which_it_is_decided() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    (step,) = shop.known("customer:anna").steps
    shop.at(2 * HOUR)
    (fired,) = shop.decisions
    assert (fired["trigger_id"], fired["at"]) == (step.trigger_id, step.due)
    (second,) = shop.known("customer:anna").steps
    assert (second.step, second.due) == (2, T + 1000 + 24 * HOUR)


def test_while_a_visitor_is_active_nothing_is_due() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    shop.at(12 * MINUTE, event("page.viewed", 11 * MINUTE, customer="anna"))
    (step,) = shop.known("customer:anna").steps
    assert step.due is None


def test_after_an_order_nothing_waits() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    order = event("order.placed", 20 * MINUTE, customer="anna", order={"id": "o1"})
    shop.at(30 * MINUTE, order)
    assert shop.known("customer:anna").steps == []


def test_an_older_state_that_was_written_later_does_not_count() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    old = shop.of("customer:anna")
    shop.at(2 * HOUR)
    late = [*shop.of("customer:anna"), *old]
    found = pending_steps.of_records("customer:anna", late, recipes_file.DEFAULT)
    assert found is not None
    assert [step.step for step in found.steps] == [2]


def test_a_forgotten_person_has_no_waiting_steps() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    shop.at(40 * 24 * HOUR)
    assert shop.known("customer:anna").steps == []


def test_a_person_without_a_state_is_unknown() -> None:
    assert pending_steps.of_records("customer:anna", [], recipes_file.DEFAULT) is None
    assert pending_steps.of_records("customer:anna", [None], recipes_file.DEFAULT) is None


def test_a_state_of_a_later_release_is_not_guessed_at() -> None:
    with pytest.raises(UnreadableState):
        pending_steps.of_records("customer:anna", [b"\x7f" + bytes(40)], recipes_file.DEFAULT)


def test_a_removed_recipe_is_explained_with_what_it_left() -> None:
    shop = Shop()
    shop.at(10 * MINUTE, *CART)
    other = recipes_file.load("recipes: [{name: exit-intent}]")
    found = pending_steps.of_records("customer:anna", shop.of("customer:anna"), other)
    assert found is not None
    assert [(step.recipe, step.steps) for step in found.steps] == [("cart-abandonment", 0)]
