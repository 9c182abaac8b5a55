"""How our consumer differs from Faust's: whole fetches, commits by the checkpoint, few calls between threads."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.kafka.fetched_batches import FetchedBatches
from agents.worker import consumer as consuming
from agents.worker.consumer import BatchConsumer
from agents.worker.consumer_thread import CommittedReads
from tests.worker_contract import batch

A, A1, B = TP("a", 0), TP("a", 1), TP("b", 0)


class Kafka:
    """aiokafka's consumer of the thread. `fails`: raised once each."""

    def __init__(self) -> None:
        self.offsets: dict[TopicPartition, int] = {TopicPartition("a", 0): 7}
        self.commits: list[dict[Any, int]] = []
        self.fails: list[BaseException] = []
        self._coordinator = SimpleNamespace(generation=3, member_id="me")

    async def committed(self, place: TopicPartition) -> int | None:
        if self.fails:
            raise self.fails.pop(0)
        return self.offsets.get(place)

    async def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.commits.append({place: each.offset for place, each in offsets.items()})


class Thread:
    def __init__(self) -> None:
        self.kafka = Kafka()

    def _ensure_consumer(self) -> Kafka:
        return self.kafka

    async def call_thread(self, ask: Any) -> Any:
        return await ask()


class Consumer(BatchConsumer):
    """Without Faust around it. `records`: what the next fetch brings."""

    flow_active = True
    should_stop = False

    def __init__(self) -> None:
        self.app = SimpleNamespace(consumer_generation_id=5)
        self._thread = Thread()
        self.records: Any = None

    async def _wait_next_records(self, timeout: float) -> Any:
        return self.records, None


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "PATIENCE_S", 0.001)


def messages(consumer: Consumer) -> list[Any]:
    async def read() -> list[Any]:
        return [each async for each in consumer.getmany(1.0)]

    return asyncio.run(read())


def test_a_message_is_what_a_fetch_brought_of_one_topic() -> None:
    consumer = Consumer()
    first, second, third = [batch(0), batch(1)], [batch(4)], [batch(9)]
    consumer.records = {A: first, B: third, A1: second}
    found = messages(consumer)
    assert [tp for tp, _ in found] == [A, B]
    assert [message.value for _, message in found] == [{A: first, A1: second}, {B: third}]
    message = found[0][1]
    assert (message.topic, message.partition, message.offset) == ("a", 0, 1)
    assert (message.tp, message.generation_id) == (A, 5)
    assert consumer.polled > 0


def test_held_input_is_not_delivered() -> None:
    consumer = Consumer()
    consumer.records = {A: [batch(0)]}
    consumer.flow_active = False
    assert messages(consumer) == []
    consumer.flow_active, consumer.should_stop = True, True
    assert messages(consumer) == []
    consumer.records, consumer.should_stop = None, False
    assert messages(consumer) == []


def test_committed_offsets_are_asked_for_until_the_coordinator_answers() -> None:
    consumer = Consumer()
    consumer._thread.kafka.fails = [KafkaConnectionError(), asyncio.CancelledError()]
    assert asyncio.run(consumer.committed_offsets([A, B])) == {A: 7, B: None}
    assert consumer.member == (3, "me")


def test_a_commit_is_repeated_after_a_broken_connection() -> None:
    consumer = Consumer()
    consumer._thread.kafka.fails = [KafkaConnectionError()]
    assert asyncio.run(consumer.commit_offsets({A: 5}))
    assert consumer._thread.kafka.commits == [{TopicPartition("a", 0): 5}]


@pytest.mark.parametrize("fault", [CommitFailedError(), IllegalStateError()])
def test_a_commit_after_a_rebalance_is_refused(fault: Exception) -> None:
    consumer = Consumer()
    consumer._thread.kafka.fails = [fault]
    assert not asyncio.run(consumer.commit_offsets({A: 5}))


def test_a_commit_without_a_right_raises() -> None:
    consumer = Consumer()
    consumer._thread.kafka.fails = [TopicAuthorizationFailedError()]
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(consumer.commit_offsets({A: 5}))


def test_a_sleep_of_nothing_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(self: Any, n: float) -> None:
        slept.append(n)

    monkeypatch.setattr(driver.Consumer, "sleep", sleep)
    consumer = Consumer()

    async def sleeps() -> list[str]:
        ran: list[str] = []
        asyncio.get_running_loop().call_soon(ran.append, "another")
        await consumer.sleep(0)
        await consumer.sleep(2.5)
        return ran

    assert asyncio.run(sleeps()) == ["another"]
    assert slept == [2.5]


def test_an_agent_with_room_takes_a_message_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raced: list[int] = []

    async def wait_first(self: Any, first: Any, *others: Any, timeout: float | None = None) -> Any:
        raced.append(len(others))
        for other in others:
            other.close()
        return await first

    monkeypatch.setattr(driver.Consumer, "wait_first", wait_first)
    taken: list[str] = []

    async def hand(full: bool) -> None:
        if full:
            await asyncio.sleep(0)
        taken.append("full" if full else "at once")

    async def watch() -> None:
        await asyncio.sleep(60)

    async def test() -> None:
        consumer = Consumer()
        await consumer.wait_first(hand(False), watch(), watch())
        assert (taken, raced) == (["at once"], [])
        await consumer.wait_first(hand(True), watch())
        assert (taken, raced) == (["at once", "full"], [1])

    asyncio.run(test())


class Fetcher(CommittedReads):
    """The thread's side of the hand-over. `kept`: what aiokafka has; `asked`: how often it was asked for it."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self._fetched: deque[FetchedBatches] = deque()
        self._arrived = None
        self.asked = 0

    async def _kept(self, active: set[TP] | None) -> Any:
        self.asked += 1
        return {"kept": []}


def fetched(**more: Any) -> FetchedBatches:
    made = SimpleNamespace(error=None, elsewhere=False, take=lambda wanted: {A: wanted(A)})
    return cast(FetchedBatches, SimpleNamespace(**(vars(made) | more)))


def test_a_fetch_is_handed_over_without_asking_the_other_thread() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        thread = Fetcher(SimpleNamespace(loop=loop, flow_active=True))
        getting = asyncio.create_task(thread.getmany({B}, 60))
        await asyncio.sleep(0)
        thread._arrive(fetched())
        assert await asyncio.wait_for(getting, 1) == {A: False}
        thread._arrive(fetched())
        await asyncio.sleep(0.001)
        assert await thread.getmany(None, 60) == {A: True}
        assert thread.asked == 0
        assert await thread.getmany(None, 0.005) == {"kept": []}
        assert thread.asked == 1

    asyncio.run(test())


def test_records_fetched_elsewhere_are_requested_once() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        thread = Fetcher(SimpleNamespace(loop=loop, flow_active=True))
        thread._fetched += [fetched(elsewhere=True), fetched(elsewhere=True), fetched()]
        assert await thread.getmany(None, 60) == {"kept": []}
        assert len(thread._fetched) == 1
        thread.consumer.flow_active = False
        assert await thread.getmany(None, 60) == {}
        assert len(thread._fetched) == 1, "held input stays"
        thread.consumer.flow_active = True
        thread._fetched[0].error = KafkaConnectionError()
        with pytest.raises(KafkaConnectionError):
            await thread.getmany(None, 60)

    asyncio.run(test())
