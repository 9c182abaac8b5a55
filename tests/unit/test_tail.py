"""Following topics as they grow: where reading begins, the number of unread records, and an outage of the broker."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition

from agents.config.settings import Settings
from agents.kafka import tail
from agents.kafka.tail import OffsetsAt, TopicTail, Tp
from tests import virtual_time
from tests.fake_consumer import FakeConsumer

SETTINGS = Settings(kafka=("localhost:1",), prefix="shop.")
A, B = TopicPartition("shop.a", 0), TopicPartition("shop.b", 0)


def record(offset: int, t: int = 0) -> Any:
    return SimpleNamespace(offset=offset, timestamp=t)


class Reader:
    """Reads the topics `wanted`. `since`: None: from the end; else from this time (ms). `again`: after each take."""

    def __init__(self) -> None:
        self.wanted = {"a"}
        self.taken: list[tuple[str, int]] = []
        self.asked: list[set[Tp]] = []
        self.since = 0
        self.again: int | None = None

    def wants(self, topic: str, partition: int) -> bool:
        return topic in self.wanted

    async def starts(
        self, partitions: Collection[Tp], begin: dict[Tp, int], end: dict[Tp, int], at: OffsetsAt
    ) -> dict[Tp, int]:
        self.asked.append(set(partitions))
        return await at(self.since, partitions)

    async def take(self, topic: str, partition: int, records: Sequence[Any]) -> int | None:
        self.taken += [(topic, each.offset) for each in records]
        again, self.again = self.again, None
        return again


class Given:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.consumer, self.reader = FakeConsumer(), Reader()
        self.counts = {"shop.a": 1, "shop.b": 1, "other.a": 1}
        self.changes: list[str] = []
        self.made = 0

        def make(**options: Any) -> FakeConsumer:
            self.made += 1
            self.consumer.assigned = []
            assert options["isolation_level"] == "read_committed"
            return self.consumer

        async def counts(consumer: Any) -> dict[str, int]:
            return self.counts

        for name, value in (
            ("AIOKafkaConsumer", make),
            ("partition_counts", counts),
            ("CHECK_S", 0.01),
            ("PAUSES_S", (0.002, 0.004)),
        ):
            monkeypatch.setattr(tail, name, value)
        self.tail = TopicTail(SETTINGS, self.reader, "test", self._changed)

    def _changed(self) -> None:
        self.changes.append(self.tail.state)

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.002)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(test: Callable[[Given], Awaitable[None]]) -> None:
        async def whole() -> None:
            given = Given(monkeypatch)
            given.consumer.logs[A] = [record(3, 10), record(4, 20)]
            running = asyncio.create_task(given.tail.run())
            try:
                await asyncio.wait_for(test(given), 10)
            finally:
                running.cancel()
                await asyncio.wait((running,))
            assert given.consumer.stopped
            assert given.consumer.client_closed

        asyncio.run(whole())

    return run


def test_it_reads_what_is_there_and_what_comes(play: Any) -> None:
    async def test(given: Given) -> None:
        assert given.tail.behind is None
        await given.until(lambda: given.reader.taken == [("a", 3), ("a", 4)])
        await given.until(lambda: given.tail.behind == 0)
        assert (given.tail.state, given.tail.fault, given.changes) == ("up", "", ["up"])
        assert given.tail.positions == {("a", 0): 5}
        given.consumer.logs[A].append(record(5))
        await given.until(lambda: given.reader.taken[-1] == ("a", 5))
        assert given.reader.asked == [{("a", 0)}]

    play(test)


def test_a_cancelled_tail_ends_even_while_the_broker_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`asyncio.wait_for` of Python 3.11 loses a cancellation that comes at the same time as the answer."""

    async def test() -> None:
        given = Given(monkeypatch)
        loop = asyncio.get_running_loop()
        running: asyncio.Task[None]

        def cancel() -> None:
            loop.call_soon(running.cancel)

        monkeypatch.setattr(given.tail, "_on_change", cancel)
        running = asyncio.create_task(given.tail.run())
        await asyncio.wait((running,), timeout=5)
        assert running.cancelled()

    asyncio.run(test())


def test_it_begins_where_the_reader_says(play: Any) -> None:
    async def test(given: Given) -> None:
        given.reader.since = 15
        await given.until(lambda: given.reader.taken == [("a", 4)])
        given.reader.wanted.add("b")
        given.reader.since = 99
        given.consumer.logs[B] = [record(0, 1)]
        await given.until(lambda: given.tail.positions.get(("b", 0)) == 1)
        assert given.reader.asked == [{("a", 0)}, {("b", 0)}], "only the new one is asked for"
        assert given.reader.taken == [("a", 4)]
        given.consumer.logs[B].append(record(1, 1))
        await given.until(lambda: given.reader.taken[-1] == ("b", 1))

    play(test)


def test_the_lag_is_the_sum_over_all_partitions(play: Any) -> None:
    async def test(given: Given) -> None:
        given.reader.wanted = {"a", "b"}
        given.consumer.logs[B] = [record(0), record(1), record(2)]
        given.consumer.held = {A, B}
        await given.until(lambda: given.tail.behind == 5)
        given.consumer.held = {B}
        await given.until(lambda: given.tail.behind == 3)

    play(test)


def test_a_reader_may_have_records_again(play: Any) -> None:
    async def test(given: Given) -> None:
        given.reader.again = 4
        await given.until(lambda: given.reader.taken == [("a", 3), ("a", 4), ("a", 4)])

    play(test)


def test_a_restart_asks_the_reader_again(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.until(lambda: len(given.reader.taken) == 2)
        given.tail.restart()
        await given.until(lambda: len(given.reader.taken) == 4)
        assert len(given.reader.asked) == 2

    play(test)


def test_an_outage_is_reported_and_reading_continues_at_its_offset(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.until(lambda: len(given.reader.taken) == 2)
        given.consumer.asked_fails = [KafkaConnectionError(), OSError()]
        await given.until(lambda: given.changes == ["up", "lost"])
        assert given.tail.fault == "KafkaConnectionError"
        given.consumer.logs[A].append(record(5))
        await given.until(lambda: given.changes == ["up", "lost", "up"])
        await given.until(lambda: given.reader.taken[2:] == [("a", 5)])
        assert given.tail.fault == ""
        assert given.made == 3

    play(test)


def test_an_outage_is_logged_once_and_the_pauses_grow(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "PAUSES_S", (1.0, 2.0, 4.0))
    followed, tries = TopicTail(SETTINGS, Reader(), "test"), list[float]()

    async def session() -> None:
        tries.append(asyncio.get_running_loop().time())
        if len(tries) == 1:
            followed._set_state("up")
        raise KafkaConnectionError

    async def test() -> None:
        running = asyncio.create_task(followed.run())
        await asyncio.sleep(12)
        running.cancel()
        await asyncio.wait((running,))

    followed._session = session  # type: ignore[method-assign]
    caplog.set_level("INFO")
    virtual_time.run(test())
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == pytest.approx([1, 2, 4, 4])
    told = [record.getMessage() for record in caplog.records]
    assert told == ["test_up fault=-", "test_lost fault=KafkaConnectionError"]


def test_a_topic_that_was_created_again_is_read_from_its_beginning(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.until(lambda: given.tail.positions.get(("a", 0)) == 5)
        given.consumer.asked_fails = [KafkaConnectionError()]
        given.consumer.logs[A] = [record(0), record(1)]
        await given.until(lambda: given.reader.taken[2:] == [("a", 0), ("a", 1)])

    play(test)


def test_a_tail_without_topics_is_up_and_reads_a_new_one_at_once(play: Any) -> None:
    async def test(given: Given) -> None:
        given.reader.wanted = set()
        given.counts = {}
        await given.until(lambda: given.tail.state == "up")
        await asyncio.sleep(0.03)
        assert given.consumer.assigned == []
        given.counts = {"shop.a": 1}
        given.reader.wanted = {"a"}
        await given.until(lambda: len(given.reader.taken) == 2)

    play(test)


def test_the_lag_counts_a_partition_that_was_not_read_yet_from_its_first_offset() -> None:
    followed = TopicTail(SETTINGS, Reader(), "test")
    followed._ends = {("a", 0): 3, ("b", 0): 5}
    followed.positions = {("b", 0): 6}
    assert followed.behind == 3


def test_topics_that_vanish_are_read_no_more(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.until(lambda: given.tail.positions)
        given.counts = {}
        await given.until(lambda: given.consumer.assigned == [])
        assert given.tail.positions == {}
        assert given.tail.state == "up"

    play(test)


def test_a_consumer_that_does_not_stop_is_logged_and_its_client_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    consumer = FakeConsumer()

    async def stop() -> None:
        raise KafkaConnectionError

    consumer.stop = stop  # type: ignore[method-assign]
    asyncio.run(tail._close(cast(Any, consumer)))
    assert consumer.client_closed
    told = [record.getMessage() for record in caplog.records]
    assert told == ["unclean_stop fault=KafkaConnectionError"]
