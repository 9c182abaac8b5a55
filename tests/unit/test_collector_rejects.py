"""Copies of refused events: what is kept of each, and what is lost. Source: docs/storefront.md, 1."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from agents.collector import rejects
from agents.collector.metrics import CollectorMetrics
from agents.collector.rejects import Rejects, kept
from agents.collector.validation import Refused
from tests import virtual_time
from tests.fake_broker import SETTINGS
from tests.fake_producer import FakeTopics

TOPIC = "storefront.rejected"


def refused(value: bytes = b"{}") -> Refused:
    return Refused(value, "page.viewed", "invalid", "$.id")


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


class Kept:
    def __init__(self, topics: FakeTopics) -> None:
        self.topics, self.metrics = topics, CollectorMetrics()
        self.rejects = Rejects(SETTINGS, self.metrics)

    @property
    def lost(self) -> float:
        found = self.metrics.registry.get_sample_value("triggers_collector_rejects_lost_total")
        return found or 0.0

    @property
    def values(self) -> list[bytes]:
        return self.topics.values(TOPIC)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(rejects, "AGAIN_S", 0.002)

    def run(
        test: Callable[[Kept], Awaitable[None]], runs: Callable[[Any], Kept] = asyncio.run
    ) -> Kept:
        async def whole() -> Kept:
            topics = FakeTopics(storefront_rejected=1)
            monkeypatch.setattr(rejects, "AIOKafkaProducer", topics.producer)
            given = Kept(topics)
            running = asyncio.create_task(given.rejects.run())
            try:
                await asyncio.wait_for(test(given), 10)
            finally:
                running.cancel()
                await asyncio.wait((running,))
            assert all(each.stopped for each in topics.made)
            return given

        return runs(whole())

    return run


def test_a_copy_has_its_bytes_and_the_reason_in_headers() -> None:
    found = kept("shop", refused(b'{"type": "page.viewed"}'), 5)
    assert found.value == b'{"type": "page.viewed"}'
    assert dict(found.headers) == {
        "reason": b"invalid",
        "path": b"$.id",
        "time": b"5",
        "source": b"shop",
        "type": b"page.viewed",
    }


@pytest.mark.parametrize(("more", "cut"), [(0, False), (1, True)])
def test_a_copy_that_is_too_large_is_cut_and_says_its_size(more: int, cut: bool) -> None:
    size = 256 * 1024 + more
    found = kept("shop", refused(b"x" * size), 5)
    assert len(found.value) == 256 * 1024
    assert dict(found.headers).get("size") == (b"%d" % size if cut else None)
    assert "type" not in dict(found.headers)


def test_copies_are_written_in_their_order(play: Any) -> None:
    async def test(given: Kept) -> None:
        assert given.topics.made == [], "no producer before the first copy"
        given.rejects.keep("shop", [refused(b"1"), refused(b"2")])
        await until(lambda: len(given.values) == 2)
        given.rejects.keep("shop", [refused(b"3")])
        await until(lambda: given.values == [b"1", b"2", b"3"])
        assert len(given.topics.made) == 1
        assert given.lost == 0
        assert given.rejects._held == 0

    play(test)


def test_a_copy_that_the_topic_refuses_is_lost_alone(play: Any) -> None:
    async def test(given: Kept) -> None:
        given.topics.refuses = [MessageSizeTooLargeError()]
        given.rejects.keep("shop", [refused(b"1"), refused(b"2")])
        await until(lambda: given.values == [b"2"])
        given.topics.fails = [MessageSizeTooLargeError()]
        given.rejects.keep("shop", [refused(b"3")])
        await until(lambda: given.lost == 2)
        assert given.rejects._held == 0

    play(test)


def test_copies_wait_for_a_broker(play: Any) -> None:
    async def test(given: Kept) -> None:
        given.topics.down = [KafkaConnectionError(), OSError()]
        given.rejects.keep("shop", [refused(b"1")])
        await until(lambda: given.values == [b"1"])
        assert len(given.topics.made) == 3

    play(test)


def test_a_broker_that_is_down_is_asked_after_a_pause(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "AGAIN_S", 1.0)

    async def test(given: Kept) -> None:
        given.topics.down = [KafkaConnectionError(), OSError()]
        began = asyncio.get_running_loop().time()
        given.rejects.keep("shop", [refused(b"1")])
        await until(lambda: given.values)
        assert asyncio.get_running_loop().time() - began == pytest.approx(2, abs=0.1)

    play(test, virtual_time.run)


def test_copies_above_the_bound_are_lost_and_counted(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "HELD", 10)
    said: list[str] = []
    monkeypatch.setattr(rejects, "say", lambda log, name, level, **more: said.append(name))

    async def test(given: Kept) -> None:
        given.topics.held = True
        given.rejects.keep("shop", [refused(b"x" * 10), refused(b"y"), refused(b"z")])
        assert given.lost == 2
        assert said == ["rejects_lost"], "one line a minute"
        await until(lambda: len(given.values) == 1)
        given.topics.acknowledge()
        given.topics.held = False
        await until(lambda: not given.rejects._held)
        given.rejects.keep("shop", [refused(b"w")])
        await until(lambda: len(given.values) == 2)

    play(test)


def test_at_the_end_waiting_copies_get_a_last_chance(play: Any) -> None:
    async def test(given: Kept) -> None:
        given.rejects.keep("shop", [refused(b"1")])

    assert play(test).values == [b"1"]


def test_the_loss_of_copies_is_logged_once_a_minute_with_the_reason(
    play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time_ns=lambda: 5_000_000)
    monkeypatch.setattr(rejects, "time", clock)
    monkeypatch.setattr(rejects, "HELD", 0)

    async def test(given: Kept) -> None:
        for seconds in (0, 60.0, 0.5):
            now[0] += seconds
            given.rejects.keep("shop", [refused()])
        given.rejects._lost("MessageSizeTooLargeError")
        assert given.lost == 4

    play(test)
    line = "rejects_lost why=too many at once topic=storefront.rejected"
    assert [record.getMessage() for record in caplog.records] == [line, line]


def test_a_copy_has_the_time_of_this_machine(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=time.monotonic, time_ns=lambda: 7_999_999)
    monkeypatch.setattr(rejects, "time", clock)

    async def test(given: Kept) -> None:
        given.rejects.keep("shop", [refused()])
        await until(lambda: given.values)
        (record,) = given.topics.logs[TOPIC, 0]
        assert record.headers["time"] == b"7"

    play(test)
