"""The recipes page over HTTP, on a real broker: who may publish, what is in force, a trial and its report."""

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.console.publish_key import SETTING
from tests.integration.asking import Answer, Console, console
from tests.integration.past import left

KEY = "correct horse battery staple"
DRAFT = "recipes:\n  - name: cart-abandonment\n    steps: [2h]\n"


@pytest.fixture(scope="module")
def settings(broker: str) -> Settings:
    """Six hours that workers left on the broker."""
    return left(broker, f"recipes{os.getpid()}.", 150, 6 * 3_600_000)


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Console]:
    with console(settings, 0, **{SETTING: KEY}) as made:
        made.until("day", lambda found: found["kafka"]["behind"] == 0)
        yield made


def within(seconds: float, ask: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + seconds
    while not holds(found := ask()):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def shown(page: Console) -> Any:
    return page.get("/api/recipes").json


def publish(page: Console, text: str, key: str = KEY, **more: Any) -> Answer:
    given = {"text": text, "newest": shown(page)["newest"], "by": "anna", "note": "try"} | more
    return page.send("POST", "/api/recipes/publish", given, Triggers_Publish_Key=key)


def tried(page: Console, hours: int = 24) -> Any:
    begun = page.send("POST", "/api/recipes/trial", {"text": DRAFT, "hours": hours})
    assert begun.status == 202, begun
    ask = f"/api/recipes/trial/{begun.json['id']}"
    return within(240, lambda: page.get(ask).json, lambda found: found["state"] != "running")


def test_a_trial_compares_the_draft_with_what_is_in_force(page: Console) -> None:
    trial = tried(page)
    assert (trial["state"], trial["fault"]) == ("done", "")
    report = page.get(f"/api/recipes/trial/{trial['id']}/report")
    assert report.status == 200
    assert "frame-ancestors 'self'" in report.headers["Content-Security-Policy"]
    assert report.headers["X-Frame-Options"] == "SAMEORIGIN"
    text = report.body.decode()
    assert "in force and your draft compared" in text
    assert "Sent by “the recipes in force” alone" in text
    assert page.send("DELETE", f"/api/recipes/trial/{trial['id']}").status == 200
    assert page.get(f"/api/recipes/trial/{trial['id']}/report").status == 404


def test_a_trial_of_a_wrong_draft_is_not_begun(page: Console) -> None:
    wrong = page.send("POST", "/api/recipes/trial", {"text": "recipes: 1", "hours": 24})
    assert (wrong.status, wrong.json["line"]) == (422, 1)
    long = page.send("POST", "/api/recipes/trial", {"text": DRAFT, "hours": 25})
    assert (long.status, "1, 6, 24" in long.json["fault"]) == (400, True)


def test_without_the_key_nothing_is_published(page: Console, settings: Settings) -> None:
    for key in ("", "another key that is long enough"):
        refused = publish(page, DRAFT, key)
        assert (refused.status, refused.json["field"]) == (403, "key")
    assert shown(page)["newest"] == 0
    with console(settings) as reading:
        assert shown(reading)["may_publish"] is False
        refused = publish(reading, DRAFT)
        assert (refused.status, SETTING in refused.json["fault"]) == (403, True)


def test_a_form_of_another_page_is_refused(page: Console) -> None:
    """A browser lets other sites post text, but not JSON."""
    given = {"text": DRAFT, "newest": 0}
    posted = page.send("POST", "/api/recipes/publish", given, Content_Type="text/plain", Triggers_Publish_Key=KEY)  # fmt: skip
    assert posted.status == 415


def test_a_document_that_is_published_is_in_force_and_in_the_history(page: Console) -> None:
    answer = publish(page, DRAFT)
    assert answer.status == 201, answer
    number = answer.json["number"]
    found = within(90, lambda: shown(page), lambda found: found["current"] == number)
    newest = found["documents"][0]
    assert (newest["state"], newest["by"], newest["note"]) == ("in force", "anna", "try")
    assert any("cart-abandonment" in each for each in newest["changes"])
    assert "2h" in found["text"]
    recipes = page.until("day", lambda found: not found["recipes"][0]["name"].startswith("exit"))
    in_force = {each["name"]: each["in_force"] for each in recipes["recipes"]}
    assert in_force["cart-abandonment"] is True
    assert in_force.get("exit-intent", False) is False


def test_a_writer_who_has_not_seen_the_newest_document_publishes_nothing(page: Console) -> None:
    late = publish(page, DRAFT, newest=shown(page)["newest"] + 1)
    assert (late.status, "meanwhile" in late.json["fault"]) == (409, True)


def test_an_invalid_time_is_reported_at_its_field(page: Console) -> None:
    wrong = publish(page, DRAFT, start="next week")
    assert (wrong.status, wrong.json["field"]) == (422, "start")


def test_a_document_may_come_later_and_a_wrong_one_is_refused(
    page: Console, settings: Settings
) -> None:
    later = publish(page, DRAFT, start="+2h")
    assert later.status == 201, later
    number = later.json["number"]
    found = within(90, lambda: shown(page), lambda found: found["newest"] == number)
    assert found["documents"][0]["state"] == "coming"
    assert found["current"] < number
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka))
    producer.send(settings.topic("recipes"), json.dumps({"document": {"recipes": 1}}).encode(), partition=0).get(30)  # fmt: skip
    producer.close()
    found = within(90, lambda: shown(page), lambda found: found["newest"] == number + 1)
    assert found["documents"][0]["state"] == "refused"
    assert "recipes" in found["documents"][0]["fault"]
    assert found["current"] < number


def test_an_earlier_document_can_be_read_and_published_again(page: Console) -> None:
    text = page.get("/api/recipes/0").json["text"]
    answer = publish(page, text, note="back")
    assert answer.status == 201, answer
    found = within(90, lambda: shown(page), lambda found: found["current"] == answer.json["number"])
    assert len(found["documents"]) == answer.json["number"] + 1
    assert page.get("/api/recipes/999").status == 404


def test_a_console_that_starts_later_knows_the_whole_history(
    page: Console, settings: Settings
) -> None:
    known = shown(page)
    with console(settings) as other:
        found = within(90, lambda: shown(other), lambda found: found["newest"] == known["newest"])
        assert found["documents"] == known["documents"]


def test_the_page_shows_the_lift_of_recipes(page: Console, settings: Settings) -> None:
    assert page.get("/api/lift?days=8").status == 400
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka))
    now = time.time_ns() // 1_000_000
    for number in range(400):
        group = "held" if number < 120 else "treated"
        person = f"customer:{number}"
        record = {"trigger_id": f"{number:032x}", "recipe": "cart-abandonment", "version": 1, "person": person,
                  "group": group, "arm": None, "at": now - 60_000, "until": now, "orders": number % 2,
                  "value": 10.0 * (number % 2)}  # fmt: skip
        producer.send(settings.topic("triggers.outcomes"), json.dumps(record).encode(), person.encode())  # fmt: skip
    producer.flush()
    producer.close()
    found = page.get("/api/lift?days=7").json
    (row,) = found["recipes"]
    assert (row["name"], row["enough"]) == ("cart-abandonment, version 1", True)
    assert row["said"][0].startswith("Of 280 who got it, 140 ordered; of 120 held back, 60: ")
    assert b"<svg" in page.get("/api/lift/page?days=7").body


def test_a_shadow_is_counted_beside_the_live_recipe_and_not_with_it(
    page: Console, settings: Settings
) -> None:
    before = page.get("/api/overview?over=day").json
    assert before["shadow"] == []
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka))
    for number in range(3):
        decision = {"trigger_id": f"{number:032x}", "recipe": "cart-abandonment", "version": 2, "step": 1,
                    "person": "customer:shade", "visitor": "v", "outcome": "fired", "shadow": True,
                    "at": time.time_ns() // 1_000_000}  # fmt: skip
        producer.send(settings.topic("triggers.decisions"), json.dumps(decision).encode(), b"customer:shade")  # fmt: skip
    producer.flush()
    producer.close()
    found = page.until("day", lambda found: bool(found["shadow"]))
    assert found["shadow"] == [["cart-abandonment", "fired", "", 3]]
    assert found["counts"] == before["counts"]
