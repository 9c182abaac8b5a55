"""The endpoint: one POST for each attempt, to a server in this process. Source: docs/senders.md."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents.sender import webhook
from agents.sender.message import Message, read
from agents.sender.metrics import Metrics
from agents.sender.responses import TIMEOUT, UNREACHABLE, Response
from agents.sender.services.braze import Braze
from agents.sender.webhook import Endpoint
from tests.sender_parts import fired, id_of

SECRET = b"0123456789abcdef0123456789abcdef"


class Server:
    """`status`, `headers`, `body`, `slow_s`: of its answers. `seen`: the requests."""

    def __init__(self) -> None:
        self.status, self.body, self.slow_s = 200, b"", 0.0
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.raw_path, dict(request.headers), await request.read()))
        await asyncio.sleep(self.slow_s)
        return web.Response(status=self.status, headers=self.headers, body=self.body)


def play(test: Callable[[Server, Endpoint, Metrics], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        server, app, metrics = Server(), web.Application(), Metrics()
        app.router.add_route("*", "/{path:.*}", server.answer)
        async with TestServer(app) as running:
            given = {
                "service": "webhook",
                "url": f"{running.make_url('/hook')}?a=%2F",
                "secrets": (SECRET,),
                "key": "",
                "requests": 2,
                "rate": 0.0,
                "timeout_ms": 200,
            }
            endpoint = Endpoint(cast(Any, SimpleNamespace(**given | more)), metrics)
            await endpoint.start()
            try:
                await test(server, endpoint, metrics)
            finally:
                session = endpoint._session
                await endpoint.stop()
            assert session is not None
            assert session.closed

    asyncio.run(whole())


def message() -> Message:
    return read(fired())


def test_a_request_has_the_body_byte_for_byte_and_a_signature() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        assert await endpoint.post(message()) == Response("delivered", "200")
        ((path, headers, body),) = server.seen
        assert (path, body) == ("/hook?a=%2F", fired())
        assert (headers["webhook-id"], headers["User-Agent"]) == (id_of(1), webhook.AGENT)
        assert headers["webhook-signature"].startswith("v1,")
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert metrics.attempts.labels("2xx")._value.get() == 1
        assert metrics.attempt_seconds._sum.get() < 5

    play(test)


def test_a_redirect_is_not_followed() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        server.status, server.headers = 302, {"Location": "/elsewhere"}
        assert await endpoint.post(message()) == Response("refused", "302")
        assert len(server.seen) == 1

    play(test)


def test_retry_after_closes_the_endpoint_for_every_message() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        assert endpoint.closed == 0
        server.status, server.headers = 429, {"Retry-After": "30"}
        assert await endpoint.post(message()) == Response("failed", "429", 30_000)
        assert 29 < endpoint.closed <= 30
        server.headers = {"Retry-After": "1"}
        await endpoint.post(message())
        assert endpoint.closed > 29, "a shorter one does not open it earlier"
        assert metrics.attempts.labels("429")._value.get() == 2

    play(test)


def test_a_slow_and_an_absent_endpoint_fail() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        server.slow_s = 1
        assert await endpoint.post(message()) == TIMEOUT
        assert metrics.attempts.labels("timeout")._value.get() == 1

    async def absent(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        assert await endpoint.post(message()) == UNREACHABLE

    play(test)
    play(absent, url="http://127.0.0.1:1/")


def test_a_rate_spreads_the_requests() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        began = time.monotonic()
        await endpoint.post(message())
        assert 0.5 < endpoint.closed <= 1
        await endpoint.post(message())
        assert began + 1.5 < time.monotonic() + endpoint.closed <= began + 2.1

    play(test, rate=1.0)


def test_a_change_between_failing_and_working_is_logged_at_intervals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(webhook, "say", lambda log, name, level, **more: said.append(name))
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time_ns=time.time_ns)
    monkeypatch.setattr(webhook, "time", clock)

    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        await endpoint.post(message())
        assert said == []
        server.status = 500
        await endpoint.post(message())
        server.status = 200
        await endpoint.post(message())
        assert said == ["endpoint_fails"]
        now[0] += webhook.QUIET_S
        await endpoint.post(message())
        await endpoint.post(message())
        assert said == ["endpoint_fails", "endpoint_well"]

    play(test)


def test_only_a_service_that_reports_faults_in_the_body_has_it_read() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        bodies: list[bytes] = []

        class Reads:
            asks_for_body = Braze.asks_for_body

            def request(self, message: Message) -> Any:
                return endpoint_url, {}, b""

            def answered(self, status: int, headers: Any, body: bytes, now: int) -> Response:
                bodies.append(body)
                assert headers["x-case"] == "1"
                assert abs(now - time.time() * 1000) < 10_000
                return Response("delivered", str(status))

        endpoint_url = endpoint._settings.url
        server.body, server.headers = b"x" * (64 * 1024 + 9), {"X-Case": "1"}
        service = Reads()
        endpoint._service = cast(Any, service)
        await endpoint.post(message())
        service.asks_for_body = False  # type: ignore[misc]
        await endpoint.post(message())
        assert 0 < len(bodies[0]) <= 64 * 1024
        assert bodies[1] == b""

    play(test)


def test_the_connections_are_as_many_as_the_requests_and_keep_no_cookies() -> None:
    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        session = endpoint._session
        assert session is not None
        assert session.connector is not None
        assert session.connector.limit == 2
        assert session.timeout.total == 0.2
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)

    play(test)


def test_an_endpoint_that_never_started_stops_without_an_error() -> None:
    settings = SimpleNamespace(service="webhook", url="http://x", secrets=(SECRET,), key="")
    asyncio.run(Endpoint(cast(Any, settings), Metrics()).stop())


def test_a_failing_endpoint_is_a_warning_and_a_working_one_is_not(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", "triggers.sender")
    monkeypatch.setattr(webhook, "QUIET_S", 0.0)

    async def test(server: Server, endpoint: Endpoint, metrics: Metrics) -> None:
        for server.status in (503, 503, 200, 200):
            await endpoint.post(message())

    play(test)
    told = [each for each in caplog.records if each.name == "triggers.sender"]
    assert [(each.levelname, each.getMessage()) for each in told] == [
        ("WARNING", "endpoint_fails answer=503"),
        ("INFO", "endpoint_well answer=200"),
    ]
