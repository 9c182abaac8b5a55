"""Parts of a bridge for unit tests: its consumer with an input and an output in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

from aiokafka.structs import TopicPartition

from agents.bridge.broker_time import own_ms
from agents.bridge.chunks import Piece
from agents.bridge.consumer import BridgeConsumer
from agents.bridge.health import BridgeHealth
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.producers import Chunk
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.translating import Bridged, BridgedEvent
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer

A, B = TopicPartition("clicks", 0), TopicPartition("clicks", 1)
MINUTES = 600_000


def record(offset: int, t: int = 0) -> Any:
    return SimpleNamespace(offset=offset, timestamp=t)


class Output:
    """A bridge's output in memory. While `go` is not set, a chunk stays in flight."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.opened: list[frozenset[TopicPartition]] = []
        self.closed = 0
        self.stopped = False
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None

    async def open(self, places: Any) -> None:
        self.opened.append(frozenset(places))

    async def carry(self, chunk: Chunk) -> None:
        await self.go.wait()
        if self.fault:
            raise self.fault
        self.chunks.append(chunk)

    async def close(self) -> None:
        self.closed += 1

    async def stop(self) -> None:
        self.stopped = True


class Cutter:
    """Returns each fetched value unchanged, as a single piece."""

    async def pieces(self, fetched: dict[TopicPartition, list[Any]], stands: Any) -> Any:
        for place, records in fetched.items():
            new = [each for each in records if each.offset >= stands[place]]
            if new:
                out = Bridged([BridgedEvent(b"v", b"{}", "page.viewed")], [], [])
                at = {place: new[-1].offset + 1}
                piece = Piece()
                piece.chunk = Chunk([], at)
                piece.outs, piece.times = [("shop", out)], {place: new[-1].timestamp}
                yield piece


class Given:
    def __init__(self) -> None:
        source = SimpleNamespace(name="shop")
        self.settings = cast(
            Any,
            SimpleNamespace(
                common=SETTINGS, group="bridge", topics={"clicks": source}, start_ms=MINUTES
            ),
        )
        self.metrics, self.kafka, self.output = BridgeMetrics(), FakeConsumer(), Output()
        self.registry = SchemaRegistry(None)
        self.consumer = BridgeConsumer(self.settings, self.registry, self.metrics)
        self.consumer._consumer, self.consumer._output = self.kafka, self.output
        self.consumer._cutter = cast(Any, Cutter())
        self.consumer._time.acknowledged(2 * MINUTES, own_ms())
        self.health = BridgeHealth(self.settings, self.consumer, self.registry, self.metrics)

    async def assigned(self, *places: TopicPartition) -> None:
        self.kafka.assign(places)
        await self.consumer.on_partitions_assigned(set(places))

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"triggers_bridge_{name}", labels)


def play(
    test: Callable[[Given], Awaitable[None]],
    running: bool = True,
    runs: Callable[[Any], None] = asyncio.run,
) -> None:
    async def whole() -> None:
        given = Given()
        work = asyncio.create_task(given.consumer.run()) if running else None
        try:
            await asyncio.wait_for(test(given), 10)
        finally:
            if work:
                work.cancel()
                await asyncio.wait((work,))
            await given.consumer.stop()
        assert given.output.stopped
        assert given.kafka.stopped

    runs(whole())


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)
