"""The console's server-sent events: resumed, in words, with heartbeats, and bounded."""

import asyncio
import json
import os
import urllib.request
from collections.abc import Iterator

import pytest
from aiohttp import web

from agents.config.settings import Settings
from agents.console import sse
from agents.console.hub import Hub
from tests.integration.asking import Console, console, whole
from tests.integration.past import left


@pytest.fixture(scope="module")
def settings(broker: str, redis_url: str) -> Settings:
    """A day that workers left on the broker."""
    return left(broker, f"stream{os.getpid()}.", 100, redis=redis_url)


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Console]:
    with whole(settings) as made:
        yield made


def events(text: str) -> list[dict[str, str]]:
    """Server-sent events as maps of their fields."""
    blocks = [block.splitlines() for block in text.split("\n\n")[:-1]]
    found = [
        dict(line.split(": ", 1) for line in block if not line.startswith(":")) for block in blocks
    ]
    return [each for each in found if "event" in each]


def stream(page: Console, count: int, **headers: str) -> list[dict[str, str]]:
    """At least `count` events of the stream."""
    request = urllib.request.Request(f"{page.url}/api/stream", headers=headers)
    text = ""
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        while len(found := events(text)) < count:
            text += answer.readline().decode()
    return found


def test_a_stream_resumes_where_the_browser_stopped(page: Console) -> None:
    first = stream(page, 21)
    assert first[0]["event"] == "fresh"
    with_ids = [each for each in first if "id" in each]
    again = stream(page, 5, **{"Last-Event-ID": with_ids[9]["id"]})
    assert [each["id"] for each in again] == [each["id"] for each in with_ids[10:15]]
    assert "fresh" not in {each["event"] for each in again}


def test_streamed_decisions_have_words_and_a_reason(page: Console) -> None:
    for each in stream(page, 50)[1:]:
        data = json.loads(each["data"])
        assert data["title"]
        if each["event"] == "decision":
            assert data["details"][0].startswith("Because ")


def test_the_console_ends_at_once_with_a_connected_browser(settings: Settings) -> None:
    with console(settings) as made:
        request = urllib.request.Request(f"{made.url}/api/stream")
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.readline()
            assert made.end() == 0


async def _served(hub: Hub) -> tuple[web.AppRunner, int]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await sse.stream(request, hub, hub.subscribe(after=sse.last_event_id(request)))

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
        async with asyncio.timeout(60):
            for _ in range(3):
                await reader.readuntil(b": beat\n\n")
        writer.close()
        await runner.cleanup()

    asyncio.run(listen())


def test_a_browser_that_reads_nothing_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "SLOW_S", 0.2)

    async def listen() -> None:
        hub = Hub()
        runner, port = await _served(hub)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b": open\n\n")
        assert hub.subscribers == 1
        async with asyncio.timeout(90):
            while hub.subscribers:
                for _ in range(100):
                    hub.publish("rejected", {"reason": "x" * 10_000, "path": "$"})
                await asyncio.sleep(0.01)
        writer.close()
        await runner.cleanup()

    asyncio.run(listen())
