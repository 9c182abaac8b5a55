"""Where partitions begin and end, and reading topics to their end, over a consumer in memory."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import ConnectionGroup
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition

from agents.kafka import group_member, offsets, reconnect, to_the_end
from agents.kafka.offsets import DEBUGGING_REPLICA, Offsets
from agents.kafka.partitioner import partition_counts
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer

A, B = TopicPartition("a", 0), TopicPartition("b", 1)


def record(offset: int, t: int = 0) -> Any:
    return SimpleNamespace(offset=offset, timestamp=t)


class Cluster:
    """Leaders by partition, and the ends of their logs. `codes`: of the answers, in order."""

    def __init__(self) -> None:
        self.leaders: dict[TopicPartition, int | None] = {A: 1, B: 2}
        self.ends = {A: 7, B: 9}
        self.codes: list[int] = []
        self.asked: list[tuple[int, Any]] = []
        self.added: list[str] = []
        self.renewed = 0
        self.cluster = SimpleNamespace(leader_for_partition=lambda tp: self.leaders[tp])

    def add_topic(self, name: str) -> None:
        self.added.append(name)
        self.leaders[A] = 1

    def force_metadata_update(self) -> None:
        self.renewed += 1

    async def send(self, leader: int, request: Any) -> Any:
        self.asked.append((leader, request._topics))
        assert (request._replica_id, request._isolation_level) == (DEBUGGING_REPLICA, 0)
        code = self.codes.pop(0) if self.codes else 0
        topics = [
            (name, [(n, code, 0, self.ends[TopicPartition(name, n)]) for n, _ in numbers])
            for name, numbers in request._topics
        ]
        return SimpleNamespace(topics=topics)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> tuple[Offsets, FakeConsumer, Cluster]:
    consumer, cluster = FakeConsumer({A: [record(3), record(4)], B: []}), Cluster()
    monkeypatch.setattr(offsets, "AIOKafkaConsumer", lambda **_: consumer)
    monkeypatch.setattr(reconnect, "RETRY_S", 0.001)
    consumer._client = cluster  # type: ignore[assignment]
    return Offsets(SETTINGS), consumer, cluster


Given = tuple[Offsets, FakeConsumer, Cluster]


def test_a_fetch_has_a_connection_of_its_own(given: Given) -> None:
    """A broker answers a connection's requests in order, so another request would wait behind the fetch."""
    asked, consumer, _ = given
    groups = list[Any]()

    async def send(
        node: int, request: str, group: Any = ConnectionGroup.DEFAULT
    ) -> tuple[int, str]:
        groups.append(group)
        return node, request

    consumer._client = SimpleNamespace(send=send)  # type: ignore[assignment]
    assert asyncio.run(asked.fetch(1, "request")) == (1, "request")
    assert groups[0] not in tuple(ConnectionGroup)


def test_a_question_is_repeated_until_a_broker_answers(given: Given) -> None:
    asked, consumer, _ = given
    consumer.asked_fails = [KafkaConnectionError(), KafkaTimeoutError()]
    assert asyncio.run(asked.ends([A, B])) == {("a", 0): 5, ("b", 1): 0}
    assert asyncio.run(asked.beginnings([A])) == {("a", 0): 3}
    assert asyncio.run(asked.ends([])) == {}
    consumer.asked_fails = [TopicAuthorizationFailedError()]
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(asked.ends([A]))
    asyncio.run(asked.start())
    asyncio.run(asked.stop())
    assert consumer.stopped


@pytest.mark.parametrize("leader", [0, 1])
def test_the_leaders_are_asked_for_the_ends_of_their_logs(given: Given, leader: int) -> None:
    asked, _, cluster = given
    cluster.leaders[A] = leader
    assert asyncio.run(asked.log_end_offsets([A, B])) == {("a", 0): 7, ("b", 1): 9}
    assert cluster.asked == [(leader, [("a", [(0, -1)])]), (2, [("b", [(1, -1)])])]
    assert (cluster.added, cluster.renewed) == ([], 0)


@pytest.mark.parametrize("leader", [None, -1])
def test_without_a_leader_metadata_is_fetched_again(given: Given, leader: int | None) -> None:
    asked, _, cluster = given
    cluster.leaders[A] = leader
    assert asyncio.run(asked.log_end_offsets([A])) == {("a", 0): 7}
    assert cluster.added == ["a"]
    assert cluster.renewed == (1 if LeaderNotAvailableError.invalid_metadata else 0)


def test_an_old_leader_is_asked_once_more_after_new_metadata(given: Given) -> None:
    asked, _, cluster = given
    cluster.codes = [NotLeaderForPartitionError.errno]
    assert asyncio.run(asked.log_end_offsets([A])) == {("a", 0): 7}
    assert cluster.renewed == 1
    cluster.codes = [TopicAuthorizationFailedError.errno]
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(asked.log_end_offsets([A]))
    assert cluster.renewed == 1


def test_the_topics_are_asked_for_until_a_broker_answers(given: Given) -> None:
    """aiokafka raises the class of all its errors if no broker answers."""
    asked, consumer, _ = given
    consumer._client = SimpleNamespace(fetch_all_metadata=consumer.metadata)
    consumer.names = {"a"}
    for ask in (asked.topics, lambda: group_member.topics(consumer)):
        consumer.asked_fails = [KafkaError("over all known brokers"), KafkaTimeoutError()]
        assert asyncio.run(ask()) == {"a"}
        assert consumer.asked_fails == []
        consumer.asked_fails = [TopicAuthorizationFailedError()]
        with pytest.raises(TopicAuthorizationFailedError):
            asyncio.run(ask())


async def read(consumer: FakeConsumer, since: int = 0) -> list[int]:
    found = []
    async for records in to_the_end.fetched(consumer, [A, B], since):
        found += [each.offset for each in records]
    return found


@pytest.mark.parametrize(
    ("since", "offsets"), [(0, [3, 4, 8, 9]), (5, [4, 8, 9]), (99, [3, 4, 8, 9])]
)
def test_topics_are_read_to_the_end_that_they_had(since: int, offsets: list[int]) -> None:
    logs = {A: [record(3, 1), record(4, 5)], B: [record(8, 9), record(9, 9)]}
    consumer = FakeConsumer(logs)
    assert sorted(asyncio.run(read(consumer, since))) == offsets


def test_no_partition_and_an_empty_one_end_at_once() -> None:
    async def nothing() -> list[Any]:
        return [each async for each in to_the_end.fetched(FakeConsumer(), [])]

    assert asyncio.run(nothing()) == []
    assert asyncio.run(read(FakeConsumer())) == []


def test_a_client_is_started_again_until_a_broker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    made: list[FakeConsumer] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def make() -> FakeConsumer:
        made.append(FakeConsumer())
        if len(made) < 6:
            made[-1].down = [KafkaConnectionError()]
        return made[-1]

    monkeypatch.setattr(asyncio, "sleep", sleep)
    log: Any = SimpleNamespace(log=lambda *_, **__: None, isEnabledFor=lambda _: False)
    found = asyncio.run(group_member.start_client(make, log))
    assert found is made[5]
    assert [each.stopped for each in made] == [True] * 5 + [False]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0]


def test_a_refused_client_is_not_restarted() -> None:
    def make() -> FakeConsumer:
        client = FakeConsumer()
        client.down = [TopicAuthorizationFailedError()]
        return client

    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(group_member.start_client(make, logging.getLogger()))


def test_the_partitions_of_every_visible_topic_are_counted() -> None:
    counts: dict[str, set[int] | None] = {"a": {0, 1, 2}, "b": None}
    cluster = SimpleNamespace(topics=counts.keys, partitions_for_topic=counts.get)

    async def fetch_all_metadata() -> Any:
        return cluster

    client = SimpleNamespace(fetch_all_metadata=fetch_all_metadata)
    consumer: Any = SimpleNamespace(_client=client)
    assert asyncio.run(partition_counts(consumer)) == {"a": 3, "b": 0}


def test_a_topic_is_read_from_its_beginning_unless_told() -> None:
    consumer = FakeConsumer({A: [record(3, 0), record(4, 5)]})

    async def whole() -> list[int]:
        found = to_the_end.fetched(consumer, [A])
        return [each.offset async for records in found for each in records]

    asked: list[Any] = []
    consumer.offsets_for_times = asked.append  # type: ignore[method-assign, assignment]
    assert asyncio.run(whole()) == [3, 4]
    assert asked == []
