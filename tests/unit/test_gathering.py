"""Events of many posts in batches of a partition: their order, their company, and what a fault does to them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from agents.collector.gathering import GatheredBatch, Gathering


class Broker:
    """Takes batches in the place of a producer, each when it is told to."""

    def __init__(self, size: int = 16 * 1024) -> None:
        self.sent: list[tuple[int, int]] = []
        self.acks: list[asyncio.Future[Any]] = []
        self._size = size

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self._size, 0, is_transactional=False)

    async def send_batch(
        self, batch: BatchBuilder, topic: str, *, partition: int
    ) -> asyncio.Future[Any]:
        self.sent.append((partition, batch.record_count()))
        self.acks.append(asyncio.get_running_loop().create_future())
        return self.acks[-1]


def run(
    test: Callable[[Gathering, Broker], Awaitable[None]],
    size: int = 16 * 1024,
    patience: float = 5.0,
) -> Broker:
    broker = Broker(size)

    async def inside() -> None:
        await test(Gathering(broker, "events", patience), broker)  # type: ignore[arg-type]

    asyncio.run(inside())
    return broker


async def all_of(*batches: GatheredBatch) -> list[BaseException | None]:
    """Waits for all batches. Returns their faults."""
    waiting = [each.acknowledged() for each in batches]
    return await asyncio.gather(*waiting, return_exceptions=True)


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_events_that_come_together_go_in_one_batch() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        first = [gathering.add(0, b"v", b"%d" % n) for n in range(3)]
        other = gathering.add(1, b"w", b"3")
        await soon()
        for ack in broker.acks:
            ack.set_result(None)
        assert await all_of(*first, other) == [None] * 4
        assert len(set(first)) == 1

    assert run(test).sent == [(0, 3), (1, 1)]


def test_events_that_come_during_a_batch_go_in_the_next() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        first = gathering.add(0, b"v", b"1")
        await soon()
        second, third = (gathering.add(0, b"v", b"2") for _ in range(2))
        waiting = asyncio.create_task(second.acknowledged())
        await soon()
        assert broker.sent == [(0, 1)]
        broker.acks[0].set_result(None)
        await first.acknowledged()
        await soon()
        assert not waiting.done()
        broker.acks[1].set_result(None)
        await waiting
        await third.acknowledged()

    assert run(test).sent == [(0, 1), (0, 2)]


def test_a_full_batch_is_followed_by_another() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        batches = {gathering.add(0, b"v", b"x" * 300) for _ in range(4)}
        for _ in batches:
            await soon()
            broker.acks[-1].set_result(None)
        assert await all_of(*batches) == [None] * 4

    assert run(test, size=512).sent == [(0, 1)] * 4


def test_a_fault_reaches_all_posts_that_wait_behind_it() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        first = gathering.add(0, b"v", b"1")
        await soon()
        second = gathering.add(0, b"v", b"2")
        broker.acks[0].set_exception(KafkaError("away"))
        assert list(map(str, await all_of(first, second))) == ["KafkaError: away"] * 2
        third = gathering.add(0, b"v", b"3")
        await soon()
        broker.acks[1].set_result(None)
        await third.acknowledged()

    assert run(test).sent == [(0, 1), (0, 1)]


def test_no_event_waits_forever_for_a_producer_that_breaks() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        batch = gathering.add(0, b"v", b"1")
        await soon()
        broker.acks[0].cancel()
        with pytest.raises(KafkaError, match="gone"):
            await asyncio.wait_for(batch.acknowledged(), 5)

    run(test)


def test_who_waits_for_one_batch_gives_up_at_one_moment_and_the_broker_may_still_answer() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        first, second = gathering.add(0, b"v", b"1"), gathering.add(0, b"v", b"2")
        assert first is second
        assert list(map(type, await all_of(first, second))) == [TimeoutError] * 2
        broker.acks[0].set_result(None)
        await soon()
        third = gathering.add(0, b"v", b"3")
        await soon()
        broker.acks[1].set_result(None)
        await third.acknowledged()

    assert run(test, patience=0.02).sent == [(0, 2), (0, 1)]


def test_a_post_that_gives_up_leaves_the_others_their_acknowledgement() -> None:
    async def test(gathering: Gathering, broker: Broker) -> None:
        batch = gathering.add(0, b"v", b"1")
        gone, staying = (asyncio.create_task(batch.acknowledged()) for _ in range(2))
        await soon()
        gone.cancel()
        broker.acks[0].set_result(None)
        await staying
        assert gone.cancelled()

    run(test)
