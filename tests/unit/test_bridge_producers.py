"""A chunk becomes durable: events and dead letters, then the offsets, with both kinds of delivery."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import (
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
)
from aiokafka.structs import TopicPartition

from agents.bridge import producers
from agents.bridge.broker_time import BrokerTime
from agents.bridge.producers import AtLeastOnce, Chunk, ExactlyOnce, Row
from agents.kafka import group_member
from agents.kafka.partitioner import partition_of
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer
from tests.fake_producer import STAMP, FakeTopics

A, B = TopicPartition("clicks", 0), TopicPartition("clicks", 1)
ROWS = [Row(A, b"v", b"1"), Row(B, None, b"?", [("reason", b"x")], dead=True), Row(B, b"w", b"2")]
CHUNK = Chunk(ROWS, {A: 5, B: 7})
EVENTS, DEAD = "storefront.events", "bridge.unreadable"


class Given:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.topics = FakeTopics(storefront_events=4)
        self.topics.partitions[DEAD] = 1
        monkeypatch.setattr(producers, "AIOKafkaProducer", self.topics.producer)
        monkeypatch.setattr(producers, "RETRY_S", 0.002)
        self.time, self.consumer = BrokerTime(), FakeConsumer()
        self.settings = cast(Any, SimpleNamespace(common=SETTINGS, group="bridge"))

    def at_least_once(self) -> AtLeastOnce:
        return AtLeastOnce(self.settings, self.time, self.consumer)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(test: Callable[[Given], Awaitable[None]]) -> None:
        async def whole() -> None:
            await asyncio.wait_for(test(Given(monkeypatch)), 10)

        asyncio.run(whole())

    return run


def offsets(commit: Any) -> dict[TopicPartition, int]:
    return {place: each.offset for place, each in commit.items()}


def test_the_offsets_follow_the_acknowledgements(play: Any) -> None:
    async def test(given: Given) -> None:
        output = given.at_least_once()
        await output.open([A, B])
        given.topics.held = True
        writing = asyncio.create_task(output.carry(CHUNK))
        await asyncio.sleep(0.01)
        assert given.consumer.commits == []
        given.topics.acknowledge()
        await asyncio.wait_for(writing, 1)
        assert offsets(given.consumer.commits[-1]) == {A: 5, B: 7}
        for key, value in ((b"v", b"1"), (b"w", b"2")):
            log = given.topics.logs[EVENTS, partition_of(key, 4)]
            assert [each.value for each in log if each.key == key] == [value]
        (dead,) = given.topics.logs[DEAD, 0]
        assert (dead.value, dead.key, dead.headers) == (b"?", None, {"reason": b"x"})
        assert given.time.now() >= STAMP
        await output.close()
        await output.open([A])
        assert len(given.topics.made) == 1, "the producer stays for the next assignment"
        assert given.topics.made[0].options["enable_idempotence"]
        await output.stop()
        assert given.topics.made[0].stopped

    play(test)


def test_a_stop_before_the_first_assignment_stops_nothing(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.at_least_once().stop()
        assert given.topics.made == []

    play(test)


def test_a_record_with_its_own_time_does_not_set_the_brokers_time(play: Any) -> None:
    async def test(given: Given) -> None:
        seen: list[int] = []
        given.time.acknowledged = lambda stamp, sent: seen.append(stamp)  # type: ignore[method-assign]
        given.topics.time_type = 0
        output = given.at_least_once()
        await output.open([A])
        await output.carry(CHUNK)
        assert seen == []
        given.topics.time_type = 1
        await output.carry(CHUNK)
        assert seen == [STAMP] * 3

    play(test)


def test_a_failed_row_commits_nothing(play: Any) -> None:
    async def test(given: Given) -> None:
        output = given.at_least_once()
        await output.open([A])
        given.topics.fails = [MessageSizeTooLargeError()]
        with pytest.raises(MessageSizeTooLargeError):
            await output.carry(CHUNK)
        assert given.consumer.commits == []

    play(test)


@pytest.mark.parametrize("fault", [CommitFailedError(), IllegalStateError()])
def test_a_commit_after_a_rebalance_is_left_to_the_next_bridge(play: Any, fault: Any) -> None:
    async def test(given: Given) -> None:
        output = given.at_least_once()
        await output.open([A])
        given.consumer.commit_fails = [fault]
        await output.carry(CHUNK)
        assert given.consumer.commits == []

    play(test)


def test_a_commit_is_repeated_until_a_broker_answers(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_member, "COMMIT_S", 0.01)

    async def test(given: Given) -> None:
        output = given.at_least_once()
        await output.open([A])
        given.consumer.commit_fails = [KafkaConnectionError(), TimeoutError()]  # type: ignore[list-item]
        await output.carry(CHUNK)
        assert [offsets(each) for each in given.consumer.commits] == [{A: 5, B: 7}]
        given.consumer.commit_fails = [GroupAuthorizationFailedError()]
        with pytest.raises(GroupAuthorizationFailedError):
            await output.carry(CHUNK)

    play(test)


def test_exactly_once_each_partition_has_a_transaction_with_its_rows_and_its_offset(
    play: Any,
) -> None:
    async def test(given: Given) -> None:
        output = ExactlyOnce(given.settings, given.time)
        await output.open([A, B])
        ids = [each.options["transactional_id"] for each in given.topics.made]
        assert ids == ["bridge-clicks-0", "bridge-clicks-1"]
        await output.carry(Chunk(ROWS[:1], {A: 5}))
        journal = ["begin", f"sent {EVENTS}", "bridge: clicks 0 at 5", "commit"]
        assert given.topics.journal == journal
        given.topics.journal.clear()
        await output.carry(Chunk(ROWS[1:], {B: 7}))
        assert given.topics.journal == [
            "begin",
            f"sent {DEAD}",
            f"sent {EVENTS}",
            "bridge: clicks 1 at 7",
            "commit",
        ]
        await output.open([B])
        assert [each.stopped for each in given.topics.made] == [True, True, False]
        await output.stop()
        assert given.topics.made[2].stopped
        assert output._producers == {}

    play(test)


def test_a_transaction_that_fails_is_not_committed(play: Any) -> None:
    async def test(given: Given) -> None:
        output = ExactlyOnce(given.settings, given.time)
        await output.open([A])
        given.topics.fails = [MessageSizeTooLargeError()]
        with pytest.raises(ExceptionGroup):
            await output.carry(Chunk(ROWS[:1], {A: 5}))
        assert "commit" not in given.topics.journal

    play(test)


def test_commits_that_are_late_or_wait_are_logged(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(given: Given) -> None:
        output = given.at_least_once()
        await output.open([A])
        given.consumer.commit_fails = [TimeoutError(), KafkaConnectionError(), CommitFailedError()]  # type: ignore[list-item]
        await output.carry(CHUNK)

    play(test)
    assert [each.getMessage() for each in caplog.records] == [
        "commit_waits",
        "commit_waits error=KafkaConnectionError",
        "commit_late partitions=2",
    ]


def test_a_batch_of_a_bridge_waits_for_ever_for_its_leader(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.at_least_once().open([A])
        assert given.topics.made[0]._message_accumulator._batch_ttl == float("inf")
        assert given.topics.made[0].started

    play(test)


def test_dead_letters_go_to_the_first_partition_and_rows_are_living_unless_told(play: Any) -> None:
    async def test(given: Given) -> None:
        given.topics.partitions[DEAD] = 9
        output = given.at_least_once()
        await output.open([A])
        await output.carry(Chunk([Row(A, None, b"1", dead=True), Row(A, None, b"2")], {A: 1}))
        assert [each.value for each in given.topics.logs[DEAD, 0]] == [b"1"]
        log = given.topics.logs[EVENTS, partition_of(b"", 4)]
        assert [(each.value, each.headers) for each in log] == [(b"2", {})]

    play(test)
