"""The producer of a collector: an event is taken once a broker has acknowledged it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NotLeaderForPartitionError

from agents.collector import producer
from agents.collector.producer import EventProducer, NotTaken
from agents.collector.validation import Taken
from agents.kafka.partitioner import partition_of
from tests import virtual_time
from tests.fake_broker import SETTINGS
from tests.fake_producer import FakeTopics

EVENTS = "storefront.events"


def event(visitor: str = "v", value: bytes = b"{}") -> Taken:
    return Taken("e", visitor, value, "page.viewed")


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(producer, "AGAIN_S", 0.002)

    def run(
        test: Callable[[EventProducer, FakeTopics], Awaitable[None]],
        runs: Callable[[Any], None] = asyncio.run,
        **more: int,
    ) -> None:
        async def whole() -> None:
            topics = FakeTopics(**{"storefront_events": 4, **more})
            monkeypatch.setattr(producer, "AIOKafkaProducer", topics.producer)
            carrier = EventProducer(SETTINGS)
            running = asyncio.create_task(carrier.run())
            try:
                await asyncio.wait_for(test(carrier, topics), 10)
            finally:
                running.cancel()
                await asyncio.wait((running,))
            assert all(each.stopped for each in topics.made)

        runs(whole())

    return run


def test_events_are_keyed_by_visitor_as_javas_clients_do(play: Any) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        fresh = EventProducer(SETTINGS)
        assert not fresh.ready
        with pytest.raises(NotTaken):
            await fresh.carry([event()])
        await until(lambda: carrier.ready)
        await carrier.carry([event("anna", b"1"), event("ben", b"2"), event("anna", b"3")])
        for name, values in (("anna", [b"1", b"3"]), ("ben", [b"2"])):
            log = topics.logs[EVENTS, partition_of(name.encode(), 4)]
            assert [each.value for each in log if each.key == name.encode()] == values
        options = topics.made[0].options
        assert (options["acks"], options["enable_idempotence"]) == ("all", True)

    play(test)


def test_events_are_taken_only_once_they_are_acknowledged(play: Any) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        topics.held = True
        taking = asyncio.create_task(carrier.carry([event(), event("w")]))
        await asyncio.sleep(0.01)
        assert not taking.done()
        topics.acknowledge()
        await asyncio.wait_for(taking, 1)
        assert len(topics.made) == 1

    play(test)


def test_an_acknowledgement_after_five_seconds_is_too_late_and_renews_the_producer(
    play: Any,
) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        topics.held = True
        loop = asyncio.get_running_loop()
        loop.call_later(4.9, topics.acknowledge)
        await carrier.carry([event()])
        assert carrier.ready
        loop.call_later(5.1, topics.acknowledge)
        with pytest.raises(NotTaken):
            await carrier.carry([event()])
        assert not carrier.ready
        await until(lambda: carrier.ready and len(topics.made) == 2)
        topics.held = False
        await carrier.carry([event()])
        assert topics.made[0].stopped
        assert not topics.made[1].stopped

    play(test, virtual_time.run)


@pytest.mark.parametrize("how", ["refuses", "fails"])
def test_a_failed_event_breaks_its_producer(play: Any, how: str) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        getattr(topics, how).append(NotLeaderForPartitionError())
        with pytest.raises(NotTaken):
            await carrier.carry([event()])
        await until(lambda: carrier.ready and len(topics.made) == 2)

    play(test)


def test_no_more_is_taken_than_may_be_held_and_acknowledged_bytes_are_free_again(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "HELD", 10)

    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        for _ in range(3):
            await carrier.carry([event(value=b"x" * 10)])
        with pytest.raises(NotTaken):
            await carrier.carry([event(value=b"x" * 11)])
        assert carrier.ready, "a full buffer breaks nothing"
        topics.held = True
        taking = asyncio.create_task(carrier.carry([event(value=b"x" * 5)]))
        await asyncio.sleep(0.01)
        with pytest.raises(NotTaken):
            await carrier.carry([event(value=b"x" * 6)])
        topics.acknowledge()
        await taking
        topics.held = False
        topics.refuses = [KafkaTimeoutError()]
        line = carrier._line
        assert line is not None
        with pytest.raises(NotTaken):
            await carrier.carry([event(value=b"x" * 5), event(value=b"x" * 5)])
        assert line._held == 0, "what was never sent is free again"
        with pytest.raises(NotTaken):
            await line.carry([event()])

    play(test)


def test_up_to_16_mib_wait_for_their_acknowledgement(play: Any) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        most = 16 * 1024 * 1024
        await carrier.carry([event(value=bytes(most))])
        with pytest.raises(NotTaken):
            await carrier.carry([event(value=bytes(most + 1))])

    play(test)


def test_without_a_broker_or_the_topic_it_tries_again(play: Any) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        del topics.partitions[EVENTS]
        topics.down = [KafkaConnectionError(), OSError()]
        assert carrier._line is not None
        carrier._line.broken.set()
        await until(lambda: len(topics.made) > 4)
        assert not carrier.ready
        topics.partitions[EVENTS] = 1
        await until(lambda: carrier.ready)
        assert topics.journal.count("client closed") >= 4

    play(test)


def test_the_life_of_a_producer_is_logged(
    play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        await until(lambda: carrier.ready)
        topics.refuses.append(NotLeaderForPartitionError())
        topics.down = [KafkaConnectionError()]
        with pytest.raises(NotTaken):
            await carrier.carry([event(value=b"four")])
        await until(lambda: carrier.ready)
        del topics.partitions[EVENTS]
        assert carrier._line is not None
        carrier._line.broken.set()
        await until(lambda: "topic_missing" in caplog.text)

    play(test)
    told = [record.getMessage() for record in caplog.records]
    assert told[:3] == [
        "given_up error=NotLeaderForPartitionError held=4",
        "no_broker error=KafkaConnectionError attempts=1",
        "topic_missing topic=storefront.events attempts=1",
    ]
    assert [record.levelname for record in caplog.records[:3]] == ["WARNING", "WARNING", "ERROR"]


def test_an_outage_is_not_logged_at_every_attempt(
    play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "AGAIN_S", 0.25)
    monkeypatch.setattr(producer, "OFTEN_S", 2.0)

    async def test(carrier: EventProducer, topics: FakeTopics) -> None:
        while not carrier.ready:
            await asyncio.sleep(0.25)
        topics.down = [KafkaConnectionError() for _ in range(20)]
        assert carrier._line is not None
        carrier._line.broken.set()
        while not carrier.ready:
            await asyncio.sleep(0.25)

    play(test, virtual_time.run)
    assert [record.getMessage() for record in caplog.records] == [
        "no_broker error=KafkaConnectionError attempts=1",
        "no_broker error=KafkaConnectionError attempts=8",
        "no_broker error=KafkaConnectionError attempts=8",
    ]


def test_a_producer_that_does_not_stop_is_closed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(producer, "GOODBYE_S", 0.005)

    async def test() -> list[str]:
        story: list[str] = []

        async def close() -> None:
            story.append("closed")

        client = SimpleNamespace(close=close)
        stuck: Any = SimpleNamespace(stop=lambda: asyncio.sleep(60), client=client)
        await asyncio.wait_for(producer._close(stuck), 5)
        return story

    assert asyncio.run(test()) == ["closed"]


def test_the_end_waits_until_all_producers_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        topics = FakeTopics(storefront_events=1)
        monkeypatch.setattr(producer, "AIOKafkaProducer", topics.producer)
        carrier = EventProducer(SETTINGS)
        running = asyncio.create_task(carrier.run())
        await until(lambda: carrier.ready)
        stop = topics.made[0].stop

        async def slowly() -> None:
            await asyncio.sleep(0.01)
            await stop()

        topics.made[0].stop = slowly  # type: ignore[method-assign]
        running.cancel()
        await asyncio.wait((running,))
        assert topics.made[0].stopped
        assert not carrier.ready
        assert carrier._closing == set()

    asyncio.run(test())
