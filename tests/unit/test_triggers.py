"""Triggers and cancels as CloudEvents. Their ids and bytes depend on the log only."""

import hashlib
import json
from typing import Any

import pytest

from stream import backtest, recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.outputs import triggers
from tests.driver import LAMP, SHOE, START, Driver, items, recipe
from tests.people_driver import PeopleDriver, line


def event(t: int, type: str, **body: Any) -> bytes:
    fields = {"t": t, "id": f"{type}-{t}", "type": type, "visitor": "v", "customer": "anna"}
    return json.dumps({**fields, **body}).encode()


LOG = [
    event(
        START, "cart.updated", cart=items({**SHOE, "name": "Shoe"}, LAMP, id="k", currency="EUR")
    ),
    event(START + 2 * HOUR, "order.placed", order={"id": "o1"}),
]


def published(text: str = "{}") -> tuple[dict[str, Any], dict[str, Any]]:
    """A trigger and its cancel."""
    found, _ = backtest.decide(LOG, recipes_file.load(text))
    fired, cancelled = map(json.loads, found)
    return fired, cancelled


FILLED = "cart.item_added", {"item": LAMP}
LOOKED = "product.viewed", {"product": {"id": "a"}}
STEP: dict[str, Any] = {"steps": ["1h"], "reach": "any"}


@pytest.mark.parametrize(
    ("kind", "fields", "events", "evidence"),
    [
        ("cart-abandonment", STEP, [FILLED, FILLED], ["e-1"]),
        ("checkout-abandonment", STEP, [FILLED, ("checkout.started", {})], ["e-0", "e-1"]),
        ("browse-abandonment", STEP, [LOOKED, ("page.viewed", {})], ["e-0"]),
        ("browse-abandonment", STEP, [("search.performed", {"query": "a"})], ["e-0"]),
        ("welcome", STEP, [("visitor.subscribed", {"channels": ["email"]})], ["e-0"]),
        (
            "replenishment",
            {"steps": [0], "life": {"*": "30d"}},
            [("order.placed", {"order": {"id": "o", "items": [LAMP]}})],
            ["e-0"],
        ),
    ],
)
def test_a_trigger_and_its_decision_name_the_events_behind_them(
    kind: str,
    fields: dict[str, Any],
    events: list[tuple[str, dict[str, Any]]],
    evidence: list[str],
) -> None:
    driver = Driver(recipe(kind, **fields))
    for type, body in events:
        driver.pipe(type, customer="anna", **body).wait(10 * MINUTE)
    driver.wait(60 * DAY)
    assert [each["evidence"] for each in (*driver.fired, *driver.decisions)] == [evidence] * 2


def test_a_trigger_is_a_cloud_event() -> None:
    fired, _ = published()
    data = fired.pop("data")
    assert fired == {
        "specversion": "1.0",
        "id": data["trigger_id"],
        "source": "/triggers/cart-abandonment",
        "type": "storefront.trigger.fired.v1",
        "subject": "customer:anna",
        "time": "2026-01-05T01:00:00.000Z".replace("T01", "T13"),
        "datacontenttype": "application/json",
    }


def test_a_cancel_has_the_trigger_id_its_own_id_and_a_reason() -> None:
    fired, cancelled = published()
    id = fired["id"]
    assert (cancelled["id"], cancelled["type"]) == (f"{id}/cancelled", triggers.CANCELLED)
    assert cancelled["data"] == {
        "trigger_id": id,
        "recipe": "cart-abandonment",
        "step": 1,
        "person": "customer:anna",
        "reason": "ordered",
        "order_id": "o1",
        "at": START + 2 * HOUR,
    }


def test_a_trigger_id_is_the_hash_of_recipe_person_origin_key_time_and_step() -> None:
    fired, _ = published()
    name = f"cart-abandonment|customer:anna|k|{START}|1"
    assert fired["id"] == hashlib.sha256(name.encode()).hexdigest()[:32]


def test_an_exit_triggers_origin_is_the_visitor_and_its_key_time_the_visits_start() -> None:
    driver = Driver().pipe("page.viewed").wait(20_000).pipe("exit.signal", signal="close_shortcut")
    name = f"exit-intent|visitor:phone|phone|{START}|1"
    assert driver.fired[0]["trigger_id"] == hashlib.sha256(name.encode()).hexdigest()[:32]


def test_a_recipes_version_is_in_the_trigger_and_not_in_its_id() -> None:
    one, _ = published("recipes: [{name: cart-abandonment}]")
    two, _ = published("recipes: [{name: cart-abandonment, version: 2}]")
    assert (one["data"]["version"], two["data"]["version"]) == (1, 2)
    assert one["id"] == two["id"]


def test_a_trigger_has_all_that_a_sender_needs() -> None:
    data = published()[0]["data"]
    assert data["cart"]["items"][0] == {
        "product_id": "shoe", "variant_id": "", "quantity": 2, "name": "Shoe",
        "category": "shoes", "price": 79.9, "url": None, "image": None, "currency": "EUR",
    }  # fmt: skip
    assert (data["cart"]["id"], data["cart"]["currency"], data["value"]) == ("k", "EUR", 199.8)
    assert (data["step"], data["steps"], data["message"]) == (1, 3, 1)
    assert (data["customer"], data["visitor"], data["product"]) == ("anna", "v", None)
    assert (data["not_before"], data["valid_until"]) == (START + HOUR, START + HOUR + DAY)
    assert data["evidence"] == [f"cart.updated-{START}"]


def test_why_names_the_guards_passed_and_the_facts_behind_them() -> None:
    why = published()[0]["data"]["why"]
    assert why["passed"][0] == "expired"
    assert (why["last_active"], why["key_time"], why["last_order"]) == (START, START, None)


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize(("wait", "cancels"), [(DAY - 1, 1), (DAY, 0)])
def test_a_trigger_is_cancelled_while_at_is_before_valid_until(
    withdrawn: bool, wait: int, cancels: int
) -> None:
    driver = Driver().pipe("cart.updated", cart=items(LAMP, id="k"), customer="anna")
    driver.wait(HOUR + wait)
    if withdrawn:
        driver.pipe("consent.changed", channels="all", granted=False).wait(1)
    else:
        driver.pipe("order.placed", order={"id": "o"}).wait(1)
    assert sum(each["step"] == 1 for each in driver.cancelled) == cancels


def test_the_same_log_gives_the_same_bytes() -> None:
    assert backtest.decide(LOG, recipes_file.DEFAULT) == backtest.decide(LOG, recipes_file.DEFAULT)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_225_600_007, "2026-01-01T00:00:00.007Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (10**15, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds(at: int, text: str) -> None:
    assert triggers.rfc3339(at) == text


def test_a_cancel_is_counted_in_the_metric() -> None:
    people = PeopleDriver().idle(line("lamp", START)).wait(HOUR).order()
    assert people.counts["triggers", "fired", "cart-abandonment"] == 1
    assert people.counts["triggers", "cancelled", "cart-abandonment"] == 1


def test_half_a_quantity_is_written_with_its_point_and_a_whole_one_without() -> None:
    people = PeopleDriver().idle(line("a", START, 0.5), line("b", START, 2.0)).wait(DAY)
    quantities = [item["quantity"] for item in people.fired[0]["cart"]["items"]]
    assert [repr(each) for each in quantities] == ["0.5", "2"]


def test_the_value_of_several_currencies_is_null() -> None:
    people = PeopleDriver().idle(line("a", START), line("b", START, currency="USD")).wait(DAY)
    assert (people.fired[0]["value"], people.fired[0]["cart"]["value"]) == (None, None)


def test_the_value_of_several_currencies_counts_0_in_a_condition() -> None:
    rules = {"policy": {"caps": []}, "recipes": [{"name": "cart-abandonment", "reach": "any",
             "when": {"cart_value": {"max": 0}}}]}  # fmt: skip
    people = PeopleDriver(rules).idle(line("a", START), line("b", START, currency="USD"))
    assert people.wait(HOUR).story == ["fired cart-abandonment 1"]


def test_consent_cancels_when_the_last_channel_is_withdrawn() -> None:
    people = (
        PeopleDriver().idle(line("lamp", START)).wait(HOUR).consent("email", "sms", granted=False)
    )
    assert people.cancelled == []
    people.consent("push", "messenger", granted=False).consent("push", granted=False)
    assert [each["reason"] for each in people.cancelled] == ["consent"]
