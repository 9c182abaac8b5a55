"""Differences from Faust's consumer: whole fetches, commits by the checkpoint, few calls between threads."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.fetch import FetchRequest_v11
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.kafka import fetch_protocol, raw_batches, reconnect
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
    """The consumer without Faust. `records`: results of the fetches; then it stops · `taken`: the batches passed on."""

    flow_active = True
    should_stop = False

    def __init__(self, *records: Any) -> None:
        self.taken: list[Any] = []
        self.app = SimpleNamespace(take=self._take)
        self._thread = Thread()
        self._records = list(records)

    async def _take(self, fetched: Any) -> None:
        self.taken.append(fetched)

    async def _wait_next_records(self, timeout: float) -> Any:
        self.should_stop = len(self._records) == 1
        return self._records.pop(0), None


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "RETRY_S", 0.001)


def messages(consumer: Consumer) -> list[Any]:
    async def read() -> list[Any]:
        return [each async for each in consumer.getmany(1.0)]

    return asyncio.run(read())


def test_whole_fetches_are_passed_on_without_faust_messages() -> None:
    first, second = {A: [batch(0), batch(1)], B: [batch(9)]}, {A1: [batch(4)]}
    consumer = Consumer(first, {}, None, second)
    assert messages(consumer) == []
    assert consumer.taken == [first, second]


def test_held_input_is_not_handed_over() -> None:
    """A rebalance may have begun during the fetch."""
    consumer = Consumer({A: [batch(0)]})
    consumer.flow_active = False
    assert messages(consumer) == []
    assert consumer.taken == []


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


class Fetcher(CommittedReads):
    """The consumer thread. `kept`: batches that aiokafka buffers; `asked`: how often they were requested."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self._fetched: deque[FetchedBatches] = deque()
        self._arrival = None
        self.asked = 0

    async def _buffered(self, active: set[TP] | None) -> Any:
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
        thread._on_fetch(fetched())
        assert await asyncio.wait_for(getting, 1) == {A: False}
        thread._on_fetch(fetched())
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


def test_a_timer_that_has_run_out_does_not_wake_the_next_fetch() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        thread = Fetcher(SimpleNamespace(loop=loop, flow_active=True))
        first = asyncio.create_task(thread.getmany(None, 0.01))
        await asyncio.sleep(0)
        thread._on_fetch(fetched())
        assert await first == {A: True}
        second = asyncio.create_task(thread.getmany(None, 60))
        await asyncio.sleep(0.02)
        assert not second.done()
        assert thread.asked == 0
        second.cancel()
        await asyncio.wait((second,))

    asyncio.run(test())


def test_the_thread_is_checked_after_some_seconds_without_input() -> None:
    waits: list[float] = []

    class Idle(Consumer):
        async def _wait_next_records(self, timeout: float) -> Any:
            waits.append(timeout)
            return await super()._wait_next_records(timeout)

    assert messages(Idle({})) == []
    assert waits == [5.0]

    async def longer() -> None:
        _ = [each async for each in Idle({}).getmany(9.0)]

    asyncio.run(longer())
    assert waits == [5.0, 9.0]


def test_the_changes_to_the_libraries_are_installed_with_the_consumer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for owner, names in (
        (driver.Transport, ("Consumer",)),
        (AIOKafkaClient, ("coordinator_lookup", "_get_conn")),
        (fetcher, ("MemoryRecords",)),
        (fetcher.FetchResult, ("getall",)),
        (FetchRequest_v11, ("encode",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))  # as before after the test
    consuming.install()
    assert driver.Transport.Consumer is BatchConsumer
    assert AIOKafkaClient.coordinator_lookup is reconnect._lookup
    assert fetcher.FetchResult.getall is raw_batches._getall
    assert FetchRequest_v11.encode is fetch_protocol.encode


def test_a_worker_reads_committed_records_only(monkeypatch: pytest.MonkeyPatch) -> None:
    made = SimpleNamespace(_isolation_level="read_uncommitted")
    base = driver.AIOKafkaConsumerThread
    monkeypatch.setattr(base, "_create_worker_consumer", lambda self, transport: made)
    thread = CommittedReads.__new__(CommittedReads)
    found = thread._create_worker_consumer(cast(Any, None))
    assert found is made
    assert made._isolation_level == "read_committed"


def test_a_seek_before_input_flows_resumes_the_assignment() -> None:
    story: list[str] = []

    async def resume() -> None:
        story.append("resumed")

    consumer = Consumer()
    consumer.app = SimpleNamespace(listener=SimpleNamespace(resume=resume))
    asyncio.run(consumer.perform_seek())
    asyncio.run(consumer.wait_empty())
    assert story == ["resumed"]
