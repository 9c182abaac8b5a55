"""POST /collect over HTTP, with a producer in memory. Source: docs/storefront.md, 1."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agents.collector import body, producer, rejects
from agents.collector.access import Collecting
from agents.collector.handler import add_collect, add_routes
from agents.collector.intake import Intake
from agents.collector.metrics import CollectorMetrics
from agents.collector.producer import EventProducer
from agents.collector.rejects import Rejects
from agents.collector.throttled_log import ThrottledLog
from agents.collector.validation import Judged
from agents.config.app_key import SETTINGS as SETTINGS_KEY
from tests.fake_broker import SETTINGS
from tests.fake_producer import FakeTopics

LARGEST = 1024 * 1024  # bytes
EVENTS, REJECTED = "storefront.events", "storefront.rejected"
JSON = {"Content-Type": "application/json"}


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "type": "activity.pinged", "visitor": "v"} | more


class Given:
    def __init__(self, topics: FakeTopics, collecting: Collecting, client: Any) -> None:
        self.topics, self.client = topics, client
        self.metrics = CollectorMetrics()
        self.carrier = EventProducer(SETTINGS)
        self.rejects = Rejects(SETTINGS, self.metrics)
        self.told: list[tuple[str, Judged]] = []
        self.intake = Intake(
            collecting,
            self.carrier,
            self.rejects,
            self.metrics,
            lambda *each: self.told.append(each),
        )

    async def post(self, given: Any, **headers: str) -> tuple[int, Any, Any]:
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        answer = await self.client.post("/collect", data=data, headers=JSON | headers)
        return answer.status, json.loads(await answer.read()), answer.headers

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"triggers_collector_{name}", labels)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(test: Callable[[Given], Awaitable[None]], **settings: Any) -> None:
        async def whole() -> None:
            topics = FakeTopics(storefront_events=4, storefront_rejected=1)
            for module in (producer, rejects):
                monkeypatch.setattr(module, "AIOKafkaProducer", topics.producer)
                monkeypatch.setattr(module, "AGAIN_S", 0.002)
            app = web.Application(client_max_size=10**8)
            server = TestServer(app)
            client = TestClient(server)
            given = Given(topics, Collecting(**settings), client)
            add_collect(app, given.intake, SETTINGS)
            await server.start_server(auto_decompress=False)
            await client.start_server()
            work = [asyncio.create_task(each.run()) for each in (given.carrier, given.rejects)]
            async with asyncio.timeout(10):
                while not given.intake.ready:
                    await asyncio.sleep(0.002)
                await test(given)
            for each in work:
                each.cancel()
            await asyncio.wait(work)
            await client.close()

        asyncio.run(whole())

    return run


def test_valid_events_are_taken_and_faulty_ones_listed_and_kept(play: Any) -> None:
    async def test(given: Given) -> None:
        status, answer, headers = await given.post([event(1), {"id": 5}, event(2, extra=1)])
        assert (status, answer["ids"]) == (202, ["e1", "e2"])
        assert {fault["index"] for fault in answer["faults"]} == {1}
        assert headers["Cache-Control"] == "no-store"
        assert headers["Vary"] == "Origin"
        assert len(given.topics.values(EVENTS)) == 2
        while not given.topics.values(REJECTED):
            await asyncio.sleep(0.002)
        assert given.value("posts_total", source="collect", status="202") == 1
        assert given.value("events_total", source="collect", type="activity.pinged") == 2
        last = given.value("last_event_timestamp_seconds", source="collect")
        assert last is not None
        assert last > 0
        ((source, judged),) = given.told
        assert (source, len(judged.taken), len(judged.refused)) == ("collect", 2, 1)
        assert given.value("acknowledged_seconds_count") == 1

    play(test)


def test_a_part_that_was_left_out_is_a_warning_and_counted(play: Any) -> None:
    async def test(given: Given) -> None:
        status, answer, _ = await given.post(event(client_time="x"))
        assert status == 202
        (warning,) = answer["warnings"]
        assert warning["path"] == "$.client_time"
        labels = {"type": "activity.pinged", "path": "$.client_time", "reason": warning["reason"]}
        assert given.value("parts_left_out_total", **labels) == 1

    play(test)


def test_a_body_that_cannot_be_read_is_refused_as_a_whole(play: Any) -> None:
    async def test(given: Given) -> None:
        status, answer, _ = await given.post(b'{"type": "order.placed", "id": ')
        assert status == 400
        assert answer["faults"][0]["reason"] == "not_json"
        assert given.value("posts_total", source="collect", status="400") == 1
        while not given.topics.values(REJECTED):
            await asyncio.sleep(0.002)
        labels = {"source": "collect", "type": "order.placed", "reason": "not_json"}
        assert given.value("refused_total", **labels) == 1
        assert given.topics.values(EVENTS) == []
        status, _, _ = await given.post([{"id": 5}])
        assert status == 400

    play(test)


def test_orders_need_the_key(play: Any) -> None:
    order = event(type="order.placed", order={"id": "o"})

    async def test(given: Given) -> None:
        assert (await given.post(order))[0] == 403
        assert (await given.post(order, Authorization="Bearer wrong"))[0] == 403
        assert (await given.post(order, Authorization="Bearer secret"))[0] == 202
        assert (await given.post([order, event()]))[0] == 202
        assert (await given.post([order, {"id": 5}]))[0] == 400

    play(test, key="secret")


def test_pages_of_other_origins_may_post_only_if_they_are_allowed(play: Any) -> None:
    allowed, other = "https://shop.example", "https://evil.example"

    async def test(given: Given) -> None:
        status, answer, _ = await given.post(event(), Origin=other)
        assert (status, answer["fault"][:18]) == (403, "expected an origin")
        status, _, headers = await given.post(event(), Origin=allowed)
        assert (status, headers["Access-Control-Allow-Origin"]) == (202, allowed)
        for origin, code in ((other, 403), (allowed, 204)):
            preflight = await given.client.options("/collect", headers={"Origin": origin})
            assert preflight.status == code
        assert given.value("posts_total", source="collect", status="403") == 1

    play(test, origins=frozenset((allowed,)))


def test_a_post_must_be_json_or_text_of_a_bounded_size_and_packing(play: Any) -> None:
    async def test(given: Given) -> None:
        value = json.dumps(event()).encode()
        one = json.dumps([event()]).encode()
        for kind, code in (("text/plain", 202), ("text/html", 415)):
            assert (await given.post(value, **{"Content-Type": kind}))[0] == code
        for packed, encoding, code in (
            (gzip.compress(value), "gzip", 202),
            (gzip.compress(value)[:-9], "gzip", 400),
            (value, "br", 415),
            (gzip.compress(one.ljust(LARGEST)), "gzip", 202),
            (gzip.compress(one.ljust(LARGEST + 1)), "gzip", 413),
        ):
            status, _, headers = await given.post(packed, **{"Content-Encoding": encoding})
            assert status == code
            assert (headers.get("Connection") == "close") is (code in (413, 415))
        assert (await given.post(one.ljust(LARGEST)))[0] == 202
        status, _, headers = await given.post(b" " * (LARGEST + 1))
        assert (status, headers["Connection"]) == (413, "close")

    play(test)


def test_a_body_that_comes_too_slowly_is_refused(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "SLOWEST_S", 0.02)

    async def test(given: Given) -> None:
        async def slowly() -> Any:
            yield b"["
            await asyncio.sleep(0.5)
            yield b"]"

        answer = await given.client.post("/collect", data=slowly(), headers=JSON)
        assert (answer.status, answer.headers["Connection"]) == (408, "close")

    play(test)


def test_a_visitor_above_its_rate_waits_and_others_do_not(play: Any) -> None:
    async def test(given: Given) -> None:
        assert (await given.post([event(n) for n in range(30)]))[0] == 202
        status, answer, headers = await given.post(event())
        assert (status, answer["fault"]) == (429, "too many events")
        assert int(headers["Retry-After"]) >= 1
        assert (await given.post(event(visitor="w")))[0] == 202
        assert given.value("posts_total", source="collect", status="429") == 1

    play(test, per_visitor=1)


def test_an_address_pays_for_every_event_of_a_batch(play: Any) -> None:
    async def test(given: Given) -> None:
        assert (await given.post([event(n, visitor=f"v{n}") for n in range(11)]))[0] == 202
        status, _, headers = await given.post(event(visitor="w"))
        assert status == 429
        assert int(headers["Retry-After"]) in (1, 2, 3)

    play(test, per_address=1)


def test_events_that_kafka_does_not_take_cost_no_tokens(play: Any) -> None:
    async def test(given: Given) -> None:
        line = given.carrier._line
        given.carrier._line = None
        for _ in range(5):
            status, answer, headers = await given.post([event(n) for n in range(9)])
            assert (status, headers["Retry-After"]) == (503, "2")
            assert answer["fault"] == "Kafka does not take it now"
        assert given.told == []
        given.carrier._line = line
        assert (await given.post([event(n) for n in range(9)]))[0] == 202

    play(test, per_visitor=1, per_address=1)


def test_a_body_that_comes_in_pieces_is_put_together(play: Any) -> None:
    async def test(given: Given) -> None:
        value = json.dumps([event(1), event(2)]).encode()

        async def pieces() -> Any:
            yield value[:9]
            await asyncio.sleep(0.005)
            yield value[9:]

        answer = await given.client.post("/collect", data=pieces(), headers=JSON)
        assert (answer.status, (await answer.json())["ids"]) == (202, ["e1", "e2"])

    play(test)


def test_the_console_adds_the_collector_and_its_metrics() -> None:
    async def test() -> None:
        app, told = web.Application(), list[Any]()
        app[SETTINGS_KEY] = SETTINGS
        work = add_routes(app, lambda *each: told.append(each))
        assert [each.__qualname__ for each in work] == ["EventProducer.run", "Rejects.run"]
        async with TestClient(TestServer(app)) as client:
            answer = await client.post("/collect", data=b"[]", headers=JSON)
            assert answer.status == 400
            text = await (await client.get("/metrics")).text()
        assert 'triggers_collector_posts_total{source="collect",status="400"} 1.0' in text

    asyncio.run(test())


def test_an_unknown_event_of_a_source_is_logged_without_what_a_log_cannot_hold(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = ThrottledLog(lambda: 5.0)
    log.unknown("shop", "Added <to> cart")
    log.unknown("shop", "Added <to> cart")
    told = [record.getMessage() for record in caplog.records]
    assert told == ["unknown_event source=shop name=Added_to_cart events=1"]
