"""The server's part of the sources page: figures of several collectors, and their last requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from agents.collector.metrics import CollectorMetrics
from agents.collector.validation import Judged, Refused, Taken
from agents.config.settings import SettingsError
from agents.console import collectors
from agents.console.collectors import Sources, add_up, places
from agents.faces import request_log
from agents.faces.request_log import KEPT, Became, RequestLog
from stream.connect.translation import LeftOut

KEY = "the key of an operator"
WRONG = Refused(b"{}", "order.placed", "missing", "$.order.id")


def metrics_of(events: int, source: str = "shop") -> CollectorMetrics:
    made = CollectorMetrics(["shop", "web"])
    taken = [Taken(str(n), "v", b"{}", "order.placed") for n in range(events)]
    judged = Judged(taken, [WRONG])
    made.judged(source, judged, judged.types())
    made.answered(source, 200)
    unread = [("Wishlist Shared", "unknown_event")] * 2 + [("page.viewed", "robot")]
    nobody = ("order.placed", "no_visitor")
    made.left_out(source, [LeftOut(name, why, "$") for name, why in (*unread, nobody)])
    made.unknown(source, "Wishlist Shared")
    made.robot(source)
    return made


def test_figures_of_two_collectors_are_put_together_by_source() -> None:
    found = {each.source: each for each in add_up([metrics_of(3).text(), metrics_of(2).text()])}
    shop = found["shop"]
    assert shop.events == {"order.placed": 5}
    assert shop.posts == {"200": 2}
    assert shop.refused == [("order.placed", "missing", 2)]
    assert shop.left_out == [("unknown_event", 4), ("no_visitor", 2), ("robot", 2)]
    assert shop.orders_of_nobody == 2
    assert shop.unknown == [("Wishlist_Shared", 2)]
    assert shop.robots == 2
    assert shop.last is not None


def test_a_source_that_sent_nothing_is_shown_as_silent() -> None:
    web_ = next(each for each in add_up([metrics_of(1).text()]) if each.source == "web")
    assert (web_.events, web_.posts, web_.refused, web_.last) == ({}, {}, [], None)


def request(path: str = "/v1/batch?writeKey=secret", **headers: str) -> web.Request:
    return make_mocked_request("POST", path, headers={"Content-Length": "12", **headers})


def test_a_request_is_kept_with_its_result_and_without_its_content() -> None:
    log, became = RequestLog(["shop"]), Became()
    taken = [Taken("1", "v", b"secret", "page.viewed")]
    judged = Judged(taken, [WRONG])
    left_out = [LeftOut("Wishlist Shared", "unknown_event", "$")]
    became.judged(judged, judged.types(), left_out)
    log.note(request(), "shop", 200, became)
    (found,) = log.newest("shop")
    assert (found.method, found.path, found.status, found.size) == ("POST", "/v1/batch", 200, 12)
    assert found.became.events == {"page.viewed": 1}
    assert found.became.refused == [("order.placed", "missing", "$.order.id")]
    assert b"secret" not in msgspec.json.encode(found)


def test_the_newest_requests_of_each_source_are_kept() -> None:
    log = RequestLog(["shop"])
    for number in range(KEPT + 5):
        log.note(request(f"/{number}"), "shop", 200, Became())
    log.note(request("/nobody"), "-", 401, Became())
    assert len(log.newest("shop")) == KEPT
    assert {each.path for each in log.newest("shop")}.isdisjoint({"/0", "/4", "/nobody"})
    assert len(log.newest()) == KEPT + 1
    assert log.newest("nobody's") == []


@asynccontextmanager
async def collector(log: RequestLog, metrics: CollectorMetrics) -> AsyncIterator[tuple[str, int]]:
    """The metrics and requests that a collector serves."""

    async def figures(request: web.Request) -> web.Response:
        return web.Response(body=metrics.text())

    app = web.Application()
    app.router.add_get("/metrics", figures)
    app.router.add_get(request_log.PATH, request_log.serving(log, KEY))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "127.0.0.1", runner.addresses[0][1]
    finally:
        await runner.cleanup()


def asked(key: str | None, *, lost: bool = False) -> tuple[Any, Any]:
    """(figures, requests) of two collectors, and of one that does not exist."""

    async def run() -> tuple[Any, Any]:
        logs = RequestLog(["shop"]), RequestLog(["shop"])
        for number, log in enumerate(logs):
            log.note(request(f"/{number}"), "shop", 200, Became())
        async with (
            collector(logs[0], metrics_of(3)) as one,
            collector(logs[1], metrics_of(2)) as other,
        ):
            at = (one, other, *((("127.0.0.1", 9),) if lost else ()))
            made = Sources(at, key, lambda: [metrics_of(1, "collect").text()])
            return await made.figures(), await made.requests("shop")

    return asyncio.run(run())


def test_all_collectors_are_asked_and_the_consoles_own_is_one_of_them() -> None:
    (figures, faults), (requests, more) = asked(KEY)
    assert {each.source: sum(each.events.values()) for each in figures} == {
        "collect": 1, "shop": 5, "web": 0,
    }  # fmt: skip
    assert {each["path"] for each in requests} == {"/0", "/1"}
    assert faults == more == []


def test_a_collector_that_is_lost_is_named_and_the_others_are_shown() -> None:
    (figures, faults), (requests, _) = asked(KEY, lost=True)
    assert len(requests) == 2
    assert any(each.source == "shop" for each in figures)
    (fault,) = faults
    assert fault.startswith("127.0.0.1:9 does not answer")


def test_without_the_key_no_requests_are_shown() -> None:
    _, (requests, faults) = asked("another key of somebody")
    assert requests == []
    assert len(faults) == 2
    assert all("answered 401" in each for each in faults)


def test_without_a_key_or_a_collector_the_console_sends_no_request() -> None:
    at = (("127.0.0.1", 9110),)
    looks = [Sources(a, key, list).may_look for a, key in ((at, KEY), (at, None), ((), KEY))]
    assert looks == [True, False, False]


def test_the_settings_are_checked() -> None:
    assert places({}) == ()
    given = {collectors.SETTING: "a:9110, [::1]:9111"}
    assert places(given) == (("a", 9110), ("::1", 9111))
    with pytest.raises(SettingsError, match="expected host:port"):
        places({collectors.SETTING: "a"})
    assert request_log.operator_key({}) is None
    with pytest.raises(SettingsError, match="16 or more"):
        request_log.operator_key({request_log.SETTING: "short"})
