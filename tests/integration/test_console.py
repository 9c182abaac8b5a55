"""The console over HTTP: what it says is what the log says, and it survives the loss of its sources."""

import asyncio
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agents import waiting
from agents.console import sse
from agents.console.hub import Hub
from agents.console.security import POLICY
from agents.local.ports import free
from agents.settings import Settings
from stream import recipes
from tests.integration import viewing
from tests.integration.asking import Console, console
from tests.integration.past import Past, make_topics
from tests.integration.viewing import Log, with_redis

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "agents" / "console" / "static"


@pytest.fixture(scope="module")
def settings(broker: str, redis_url: str) -> Settings:
    """A day that workers left on the broker."""
    kafka = tuple(broker.split(","))
    settings = with_redis(Settings(kafka=kafka, prefix=f"console{os.getpid()}."), redis_url)
    make_topics(settings, recipes.DEFAULT)
    Past(settings, recipes.DEFAULT).shop(250, int(time.time() * 1000))
    return settings


@pytest.fixture(scope="module")
def log(settings: Settings) -> Log:
    return viewing.read(settings)


@pytest.fixture(scope="module")
def page(settings: Settings, log: Log) -> Iterator[Console]:
    """A console that has read everything."""
    with console(settings) as made:
        made.until(
            "day", lambda found: found["kafka"]["behind"] == 0 and found["redis"]["behind"] == 0
        )
        yield made


def rows(found: Any) -> Counter[tuple[str, str, str]]:
    return Counter({(recipe, outcome, why): number for recipe, outcome, why, number in found})


def all_time(log: Log) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for (_, *key), number in log.counts().items():
        found[tuple(key)] += number
    return found


def busiest(log: Log) -> str:
    """The customer about whom most different things were decided."""
    outcomes: dict[str, set[str]] = {}
    for _, each in log.values("triggers.decisions"):
        if each["person"].startswith("customer:"):
            outcomes.setdefault(each["person"], set()).add(each["outcome"] + each.get("reason", ""))
    return max(outcomes, key=lambda person: (len(outcomes[person]), person))


@pytest.mark.parametrize("over", ["day", "month"])
def test_the_figures_of_a_day_are_those_of_the_log(page: Console, log: Log, over: str) -> None:
    expected = all_time(log)
    found = page.until(over, lambda found: rows(found["counts"]) == expected)
    sent = sum(sum(fired.values()) for _, fired, _ in found["series"])
    assert sent == sum(number for (_, outcome, _), number in expected.items() if outcome == "fired")


def test_the_last_hour_is_a_part_of_the_day(page: Console, log: Log) -> None:
    hour = page.get("/api/overview?over=hour").json
    assert 0 < rows(hour["counts"]).total() < all_time(log).total()
    assert len(hour["series"]) == 60


def test_latencies_are_the_broker_s_time_less_when_it_was_to_be(page: Console, log: Log) -> None:
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


def test_the_evidence_is_that_of_the_marks(page: Console, log: Log) -> None:
    marks = [each for _, each in log.values("visitor.facts") if each["type"] == "mark"]
    expected = min(max(mark["evidence"][str(n)] for mark in marks) for n in range(2))
    found = page.get("/api/overview").json["evidence"]
    assert found["watermark"] == expected
    assert len(found["partitions"]) == 2


def test_a_person_s_story_is_told_whole(page: Console, log: Log) -> None:
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


def test_a_trigger_id_leads_to_its_person(page: Console, log: Log) -> None:
    decision = log.values("triggers.decisions")[0][1]
    for id in (decision["trigger_id"], decision["trigger_id"].upper()):
        found = page.ask(id).json
        assert found["name"] == decision["person"]
        assert found["trigger_id"] == decision["trigger_id"]


def test_what_waits_is_the_same_from_redis_and_from_the_changelog(
    settings: Settings, page: Console, log: Log
) -> None:
    states: dict[str, list[bytes | None]] = {}
    for _, key, value in log.records["state.people"]:
        states.setdefault(key.decode(), []).append(value)
    known = {key: waiting.of_records(key, states[key], recipes.DEFAULT) for key in states if key}
    people = [key for key, each in known.items() if each and each.steps][:3]
    assert people
    with console(with_redis(settings, "")) as without:
        without.until("hour", lambda found: found["kafka"]["behind"] == 0)
        for person in people:
            view, changelog = page.ask(person).json, without.ask(person).json
            assert (view["waiting_source"], changelog["waiting_source"]) == ("redis", "kafka")
            assert view["waiting"] == changelog["waiting"]
            expected = known[person]
            assert expected is not None
            assert [each["step"]["trigger_id"] for each in view["waiting"]] == [
                step.trigger_id for step in expected.steps
            ]


@pytest.mark.parametrize(
    ("id", "status"), [("customer:nobody-of-that-name", 404), ("a" * 201, 400), (" ", 400)]
)
def test_who_is_not_known_is_said_to_be_unknown(page: Console, id: str, status: int) -> None:
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


def events(text: str) -> list[dict[str, str]]:
    """Server-sent events as maps of their fields."""
    blocks = [block.splitlines() for block in text.split("\n\n")[:-1]]
    found = [
        dict(line.split(": ", 1) for line in block if not line.startswith(":")) for block in blocks
    ]
    return [each for each in found if "event" in each]


def stream(page: Console, count: int, **headers: str) -> list[dict[str, str]]:
    """So many events from the stream, at least."""
    request = urllib.request.Request(f"{page.url}/api/stream", headers=headers)
    text = ""
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        while len(found := events(text)) < count:
            text += answer.readline().decode()
    return found


def test_a_stream_goes_on_where_the_browser_had_it(page: Console) -> None:
    first = stream(page, 21)
    assert first[0]["event"] == "fresh"
    with_ids = [each for each in first if "id" in each]
    again = stream(page, 5, **{"Last-Event-ID": with_ids[9]["id"]})
    assert [each["id"] for each in again] == [each["id"] for each in with_ids[10:15]]
    assert "fresh" not in {each["event"] for each in again}


def test_what_is_streamed_is_told_in_words_with_its_reason(page: Console) -> None:
    for each in stream(page, 50)[1:]:
        data = json.loads(each["data"])
        assert data["title"]
        if each["event"] == "decision":
            assert data["details"][0].startswith("Because ")


def test_it_ends_at_once_though_a_browser_listens(settings: Settings) -> None:
    with console(settings) as made:
        request = urllib.request.Request(f"{made.url}/api/stream")
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.readline()
            assert made.end() == 0


def test_without_kafka_and_redis_it_starts_and_says_what_is_lost() -> None:
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


async def _served(hub: Hub) -> tuple[web.AppRunner, int]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await sse.stream(request, hub, hub.subscribe(after=sse.last_name(request)))

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


def test_a_silent_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.05)

    async def listen() -> None:
        runner, port = await _served(Hub())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(20):
            for _ in range(3):
                await reader.readuntil(b": beat\n\n")
        writer.close()
        await runner.cleanup()

    asyncio.run(listen())


def test_a_browser_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "SLOW_S", 0.2)

    async def listen() -> None:
        hub = Hub()
        runner, port = await _served(hub)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b": open\n\n")
        assert hub.subscribers == 1
        async with asyncio.timeout(30):
            while hub.subscribers:
                for _ in range(100):
                    hub.publish("rejected", {"reason": "x" * 10_000, "path": "$"})
                await asyncio.sleep(0.01)
        writer.close()
        await runner.cleanup()

    asyncio.run(listen())
