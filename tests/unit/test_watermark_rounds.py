"""How often a worker reads and announces the time."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.config.settings import Settings
from agents.kafka.topics import Layout
from agents.worker import watermarks
from agents.worker.visitors import VisitorsProcessor
from agents.worker.waiting import WaitingProcessor
from agents.worker.watermarks import WatermarkEmitter


class Broadcast:
    """`left`: how often time has moved."""

    def __init__(self, left: int = 0) -> None:
        self.left, self.said = left, 0

    def moved(self) -> bool:
        return self.left > 0

    async def announce(self) -> int:
        self.left, self.said = self.left - 1, self.said + 1
        return 0


class Given:
    def __init__(self, **more: Any) -> None:
        self.owned: list[Any] = []
        assignment = cast(Any, SimpleNamespace(owned=lambda: self.owned))
        self.advanced = asyncio.Event()
        settings = Settings(kafka=("localhost:1",), **more)
        other = cast(Any, None)
        self.emitter = WatermarkEmitter(
            settings,
            Layout(1, 1, 1),
            assignment,
            other,
            other,
            other,
            other,
            0,
            self.advanced,
        )


def processor(kind: type, **more: Any) -> Any:
    made: Any = object.__new__(kind)
    made.__dict__.update(more)
    return made


@pytest.mark.parametrize(
    ("latency", "delivery", "seconds"),
    [
        (0, "at_least_once", 0.05),
        (5, "at_least_once", 0.1),
        (15, "at_least_once", 1 / 3),
        (1_000, "at_least_once", 1.0),
        (1_000, "exactly_once", 0.05),
    ],
)
def test_announcements_follow_the_wanted_latency(
    latency: int, delivery: str, seconds: float
) -> None:
    async def test() -> None:
        found = Given(latency_ms=latency, delivery=delivery).emitter._announce_s
        assert found == pytest.approx(seconds)
        assert (1 / found) == pytest.approx(round(1 / found)), "a whole number a round"

    asyncio.run(test())


def test_a_replay_checks_as_often_as_possible() -> None:
    async def test() -> None:
        given = Given(time="record", latency_ms=1_000)
        assert given.emitter._announce_s == 0.05
        given.emitter._active_at -= 1_000
        assert given.emitter._pause() == 1.0

    asyncio.run(test())


def test_rounds_are_rarer_while_nothing_is_read_and_nothing_waits() -> None:
    async def test() -> None:
        given = Given()
        visitors = processor(VisitorsProcessor, position=5)
        waits = processor(WaitingProcessor, position=9, stage=SimpleNamespace(waits=False))
        given.owned = [visitors, waits]
        assert given.emitter._pause() == 1.0
        given.emitter._active_at = time.monotonic() - 9.9
        assert given.emitter._pause() == 1.0
        given.emitter._active_at = time.monotonic() - 10.0
        assert given.emitter._pause() == 2.5
        waits.position = 10
        assert given.emitter._pause() == 2.5, "facts alone keep nobody awake"
        waits.stage.waits = True
        assert given.emitter._pause() == 1.0
        waits.stage.waits = False
        given.emitter._active_at = time.monotonic() - 10.0
        visitors.position = 6
        assert given.emitter._pause() == 1.0

    asyncio.run(test())


def test_time_that_has_moved_is_announced_between_two_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watermarks, "ROUND_S", 0.1)

    async def test() -> None:
        given = Given()
        rounds: list[float] = []

        async def once() -> None:
            rounds.append(time.monotonic())

        emitter = given.emitter
        emitter._announce_s = 0.01
        emitter.round = once  # type: ignore[method-assign]
        broadcast = Broadcast(left=3)
        emitter._visitors = cast(Any, broadcast)
        running = asyncio.create_task(emitter.run())
        await asyncio.sleep(0.25)
        running.cancel()
        await asyncio.wait((running,))
        assert broadcast.said == 3
        assert 2 <= len(rounds) <= 3
        assert rounds[1] - rounds[0] >= 0.1

    asyncio.run(test())


def test_the_keys_stage_announces_as_soon_as_it_has_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watermarks, "KEYS_PAUSE_S", 0.001)
    monkeypatch.setattr(watermarks, "IDLE_ROUND_S", 0.1)

    async def test() -> None:
        given = Given()
        broadcast = Broadcast()
        given.emitter._keys = cast(Any, broadcast)
        running = asyncio.create_task(given.emitter.announce_keys())
        await asyncio.sleep(0.02)
        assert broadcast.said == 1
        given.advanced.set()
        await asyncio.sleep(0.02)
        assert broadcast.said == 1, "nothing was decided"
        broadcast.left = 1
        given.advanced.set()
        await asyncio.sleep(0.02)
        assert broadcast.said == 2
        await asyncio.sleep(0.12)
        assert broadcast.said == 3, "and once a round"
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(test())
