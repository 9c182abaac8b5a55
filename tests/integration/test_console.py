"""The console over HTTP: its figures are those of the log, and it survives the loss of Kafka and Redis."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.config.settings import Settings
from agents.console.http_security import POLICY
from agents.explain import pending_steps
from agents.local.ports import free
from stream import recipes_file
from tests.integration import viewing
from tests.integration.asking import Console, console, whole
from tests.integration.past import left
from tests.integration.viewing import Log, with_redis

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "agents" / "console" / "static"


@pytest.fixture(scope="module")
def settings(broker: str, redis_url: str) -> Settings:
    """A day that workers left on the broker."""
    return left(broker, f"console{os.getpid()}.", 250, redis=redis_url)


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return viewing.read(settings)


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Console]:
    with whole(settings) as made:
        yield made


def rows(found: Any) -> Counter[tuple[str, str, str]]:
    return Counter({(recipe, outcome, why): number for recipe, outcome, why, number in found})


def all_time(log: Log) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for (_, recipe, outcome, why), number in log.counts().items():
        found[recipe, outcome, why] += number
    return found


def busiest(log: Log) -> str:
    """The customer with the most different decisions."""
    outcomes: dict[str, set[str]] = {}
    for _, each in log.values("triggers.decisions"):
        if each["person"].startswith("customer:"):
            outcomes.setdefault(each["person"], set()).add(each["outcome"] + each.get("reason", ""))
    return max(outcomes, key=lambda person: (len(outcomes[person]), person))


def in_view(page: Console, person: str) -> Any:
    """The answer with the waiting steps of the view. While Redis is slow, those of Kafka are shown."""
    end = time.monotonic() + viewing.WITHIN_S
    while (found := page.ask(person).json)["waiting_source"] != "redis":
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("over", ["day", "month"])
def test_the_figures_of_a_day_match_the_log(page: Console, log: Log, over: str) -> None:
    expected = all_time(log)
    found = page.until(over, lambda found: rows(found["counts"]) == expected)
    sent = sum(sum(fired.values()) for _, fired, _ in found["series"])
    assert sent == sum(number for (_, outcome, _), number in expected.items() if outcome == "fired")


def test_the_last_hour_is_a_part_of_the_day(page: Console, log: Log) -> None:
    hour = page.get("/api/overview?over=hour").json
    assert 0 < rows(hour["counts"]).total() < all_time(log).total()
    assert len(hour["series"]) == 60


def test_a_latency_is_the_brokers_time_minus_the_planned_time(page: Console, log: Log) -> None:
    taken = [
        t - event["data"]["not_before"]
        for t, event in log.triggers()
        if event["data"]["recipe"] == "exit-intent" and "not_before" in event["data"]
    ]
    found = page.get("/api/overview?over=day").json["latency"]
    assert found["exit"]["count"] == len(taken)
    for bound, number in zip(found["bounds"], found["exit"]["buckets"], strict=True):
        below = max((each for each in found["bounds"] if each < bound), default=-1)
        assert number == sum(below < each <= bound for each in taken)


def test_the_watermark_comes_from_the_watermark_records(page: Console, log: Log) -> None:
    marks = [each for _, each in log.values("visitor.facts") if each["type"] == "mark"]
    expected = min(max(mark["evidence"][str(n)] for mark in marks) for n in range(2))
    found = page.get("/api/overview").json["evidence"]
    assert found["watermark"] == expected
    assert len(found["partitions"]) == 2


def test_a_persons_whole_story_is_shown(page: Console, log: Log) -> None:
    person = busiest(log)
    answer = page.ask(person)
    assert answer.status == 200
    found = answer.json
    assert found["name"] == person
    decided = {
        (each["trigger_id"], each["outcome"], each["at"])
        for _, each in log.values("triggers.decisions")
        if each["person"] == person
    }
    told = {(line["trigger_id"], line["kind"], line["at"]) for line in found["lines"]}
    assert decided <= told
    times = [line["at"] for line in found["lines"]]
    assert times == sorted(times)
    assert all(line["details"] for line in found["lines"] if line["kind"] == "refused")


def test_without_the_pepper_an_address_is_answered_with_what_is_missing(page: Console) -> None:
    answer = page.ask("ann@shop-mail.de")
    assert answer.status == 404
    assert "TRIGGERS_IDENTITY_PEPPER" in answer.json["fault"]


def test_a_trigger_id_leads_to_its_person(page: Console, log: Log) -> None:
    decision = log.values("triggers.decisions")[0][1]
    for id in (decision["trigger_id"], decision["trigger_id"].upper()):
        found = page.ask(id).json
        assert found["name"] == decision["person"]
        assert found["trigger_id"] == decision["trigger_id"]


def test_the_waiting_steps_are_the_same_from_redis_and_from_the_changelog(
    settings: Settings, page: Console, log: Log
) -> None:
    states: dict[str, list[bytes | None]] = {}
    for _, key, value in log.records["state.people"]:
        states.setdefault(key.decode(), []).append(value)
    known = {
        key: pending_steps.of_records(key, states[key], recipes_file.DEFAULT)
        for key in states
        if key
    }
    people = [key for key, each in known.items() if each and each.steps][:3]
    assert people
    with console(with_redis(settings, "")) as without:
        without.until("hour", lambda found: found["kafka"]["behind"] == 0)
        for person in people:
            view, changelog = in_view(page, person), without.ask(person).json
            assert changelog["waiting_source"] == "kafka"
            assert view["waiting"] == changelog["waiting"]
            expected = known[person]
            assert expected is not None
            assert [each["step"]["trigger_id"] for each in view["waiting"]] == [
                step.trigger_id for step in expected.steps
            ]


@pytest.mark.parametrize(
    ("id", "status"), [("customer:nobody-of-that-name", 404), ("a" * 201, 400), (" ", 400)]
)
def test_an_unknown_person_is_reported_as_unknown(page: Console, id: str, status: int) -> None:
    answer = page.ask(id)
    assert answer.status == status
    assert answer.json["fault"]


def test_rejected_records_are_listed_with_their_reason_and_shown_on_demand(
    page: Console, log: Log
) -> None:
    found = page.get("/api/rejected").json
    assert len(found) == min(200, len(log.records["storefront.rejected"]))
    assert all(each["reason"] and each["why"] and each["path"][0] == "$" for each in found)
    assert all("value" not in each for each in found)
    each = found[0]
    shown = page.get(f"/api/rejected/{each['partition']}/{each['offset']}").json
    originals = [value for _, _, value in log.records["storefront.rejected"]]
    assert shown["value"].encode() in [one.decode("utf-8", "replace").encode() for one in originals]
    assert shown["size"] == each["size"]
    assert page.get("/api/rejected/0/999999999").status == 404


def test_an_event_accepted_without_a_part_is_shown(page: Console) -> None:
    order = {"id": "o", "type": "order.placed", "visitor": "v", "order": {"value": "4,245.42"}}
    assert page.until("hour", lambda found: True)["left_out"] == []
    assert page.taken("/collect", order) == 202
    (row,) = page.get("/api/overview?over=day").json["left_out"]
    assert (row["type"], row["path"], row["got"]) == ("order.placed", "$.order.value", "text")
    assert (row["source"], row["number"]) == ("collect", 1)


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/overview", "/api/ask?id=x", "/no"])
def test_every_answer_lets_the_page_run_its_own_code_only(page: Console, path: str) -> None:
    headers = page.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_has_no_code_and_no_style_within_it() -> None:
    text = (STATIC / "index.html").read_text()
    assert "<style" not in text
    assert " style=" not in text
    assert not [
        part for part in text.split("<script")[1:] if not part.lstrip().startswith(("src", "type"))
    ]
    for file in STATIC.glob("*.js"):
        code = file.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in code, f"{file.name}: {word}"


@pytest.mark.parametrize("host", ["shop.example", "shop.example:8090", "10.0.0.7"])
def test_a_name_that_somebody_points_at_this_machine_is_refused(page: Console, host: str) -> None:
    assert page.get("/api/overview", Host=host).status == 421
    assert page.get("/api/overview", Host="localhost:9").status == 200


def test_without_kafka_and_redis_it_starts_and_names_what_is_missing() -> None:
    kafka, redis = free(2)
    nothing = Settings(kafka=(f"127.0.0.1:{kafka}",), redis=f"redis://127.0.0.1:{redis}")
    with console(nothing) as made:
        found = made.until(
            "hour",
            lambda found: found["kafka"]["state"] == "lost" and found["redis"]["state"] == "lost",
        )
        assert found["counts"] == []
        answer = made.ask("anna")
        assert answer.status == 503
        assert "No broker answers" in answer.json["fault"]
        assert "Redis does not answer" in answer.json["fault"]
        assert made.get("/live").status == 200
