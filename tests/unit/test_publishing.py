"""Publishing a document and reading all of them, on a broker in memory."""

import asyncio
import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from kafka.errors import TopicAuthorizationFailedError

from agents.config.settings import Settings, SettingsError
from agents.kafka import cluster_admin
from agents.kafka.cluster_admin import ExistingTopic, TopicsError
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import TopicsMissing
from agents.published import document_listing, published_log, publisher
from agents.published.published_document import NOTICE, PublishedDocument, read, value_of
from agents.published.timetable import Timetable
from stream import recipes_file
from stream.recipes_file import RecipesError
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer

AT = 1_767_571_200_000
WIN_BACK = {"recipes": [{"name": "win-back", "kind": "cart-abandonment"}]}
PLACE = TopicPartition("recipes", 0)
REPLAY = Settings(kafka=("localhost:1",), time="record")


class Producer:
    """`sent`: (topic, value, partition) of each record."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.story: list[str] = []
        self.fault: Exception | None = None

    async def start(self) -> None:
        self.story.append("started")

    async def stop(self) -> None:
        self.story.append("stopped")

    async def send_and_wait(self, topic: str, value: bytes, partition: int) -> Any:
        if self.fault:
            raise self.fault
        self.sent.append((topic, value, partition))
        return SimpleNamespace(offset=len(self.sent) - 1, timestamp=AT)


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    made = Producer()
    monkeypatch.setattr(published_log, "AIOKafkaProducer", lambda **options: made)
    return made


def publish(settings: Settings = SETTINGS, document: Any = WIN_BACK) -> PublishedDocument:
    return asyncio.run(publisher.publish(settings, document, AT + 60_000, "anna", "sale"))


def test_a_published_document_is_returned_as_workers_will_read_it(producer: Producer) -> None:
    found = publish()
    ((topic, value, partition),) = producer.sent
    assert (topic, partition) == ("recipes", 0)
    assert (found.number, found.appended, found.since) == (1, AT, AT + 60_000)
    assert (found.by, found.note, found.document, found.fault) == ("anna", "sale", WIN_BACK, "")
    assert read(0, AT, value).since == found.since
    assert producer.story == ["started", "stopped"]


def test_a_replay_and_a_faulty_document_publish_nothing(producer: Producer) -> None:
    with pytest.raises(SettingsError, match="expected TRIGGERS_TIME=append"):
        publish(REPLAY)
    with pytest.raises(RecipesError):
        publish(document={"recipes": 7})
    assert producer.story == []


def test_documents_of_a_replay_are_in_force_from_their_own_time(producer: Producer) -> None:
    rows: Any = [(WIN_BACK, 5, "", ""), (WIN_BACK, None, "", "")]
    found = asyncio.run(published_log.append(REPLAY, rows))
    assert [(each.offset, each.since) for each in found] == [(0, 5), (1, -1)]


def test_a_producer_that_fails_is_stopped(producer: Producer) -> None:
    producer.fault = OSError()
    with pytest.raises(OSError):
        publish()
    assert producer.story == ["started", "stopped"]


class Cluster:
    """`topics`: those that exist. `made`: the names of the created ones."""

    def __init__(self, *topics: str) -> None:
        self.topics = {name: ExistingTopic(3, {}) for name in topics}
        self.made: dict[str, int] = {}
        self.refuses = False

    def find(self, admin: Any, names: Any) -> dict[str, ExistingTopic]:
        return {name: self.topics[name] for name in names if name in self.topics}

    def make(self, admin: Any, specs: Any) -> None:
        if self.refuses:
            raise TopicAuthorizationFailedError
        self.made |= {spec.name: spec.partitions for spec in specs}


def made(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> list[str]:
    @contextmanager
    def connected(settings: Settings) -> Iterator[None]:
        yield

    for name, value in (("connected", connected), ("find", cluster.find), ("make", cluster.make)):
        monkeypatch.setattr(cluster_admin, name, value)
    return publisher.make_topics(SETTINGS, WIN_BACK)


def test_the_missing_topics_of_a_document_are_created_like_the_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster("recipes", "visitor.facts")
    assert made(monkeypatch, cluster) == ["triggers.win-back"]
    assert cluster.made == {"triggers.win-back": 3}
    cluster = Cluster("recipes", "visitor.facts", "triggers.win-back")
    assert made(monkeypatch, cluster) == []
    assert cluster.made == {}


def test_a_document_needs_the_other_topics_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster("recipes")
    with pytest.raises(TopicsError, match=r"^visitor\.facts is missing"):
        made(monkeypatch, cluster)
    assert cluster.made == {}


def test_a_publisher_that_may_not_create_topics_learns_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster("recipes", "visitor.facts")
    cluster.refuses = True
    with pytest.raises(TopicsError, match=r"triggers\.win-back is missing, and this user"):
        made(monkeypatch, cluster)


def record(offset: int, value: bytes) -> Any:
    return SimpleNamespace(offset=offset, timestamp=AT, key=None, value=value)


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> FakeConsumer:
    made = FakeConsumer({PLACE: [record(0, value_of(WIN_BACK, None, "", "")), record(1, b"{")]})

    async def counts(given: Any) -> dict[str, int]:
        return {"recipes": 1}

    monkeypatch.setattr("agents.kafka.to_the_end.AIOKafkaConsumer", lambda **options: made)
    monkeypatch.setattr(published_log, "partition_counts", counts)
    return made


def test_all_documents_are_read_with_those_that_have_a_fault(consumer: FakeConsumer) -> None:
    found = asyncio.run(published_log.published(SETTINGS))
    assert [(each.number, each.since, bool(each.fault)) for each in found] == [
        (1, AT + NOTICE, False),
        (2, AT + NOTICE, True),
    ]
    assert consumer.stopped
    assert asyncio.run(published_log.published(REPLAY))[0].since == -1


def test_a_missing_topic_is_named(consumer: FakeConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def counts(given: Any) -> dict[str, int]:
        return {"other": 1}

    monkeypatch.setattr(published_log, "partition_counts", counts)
    with pytest.raises(TopicsMissing, match=r"^recipes is missing: make it with"):
        asyncio.run(published_log.published(SETTINGS))
    with pytest.raises(SettingsError):
        asyncio.run(published_log.published(Settings()))


def test_the_names_are_those_in_force_now_or_later(consumer: FakeConsumer) -> None:
    consumer.logs[PLACE] = [
        record(0, value_of({"recipes": [{"name": "exit-intent"}]}, None, "", "")),
        record(1, value_of(WIN_BACK, AT + 60_000, "", "")),
    ]
    for settings, now, names in (
        (SETTINGS, AT + NOTICE, ("exit-intent", "win-back")),
        (SETTINGS, AT + 60_000, ("win-back",)),
        (REPLAY, AT + 90_000, ("exit-intent", "win-back")),
    ):
        assert asyncio.run(published_log.names(settings, now)) == names


def test_a_process_that_reads_raw_batches_reads_documents_as_well(consumer: FakeConsumer) -> None:
    value = value_of(WIN_BACK, None, "", "")
    batch = RawBatch([record(4, value)], 4, 5, 77)
    assert published_log._rows([batch]) == [(4, 77, value)]
    assert published_log._rows([record(4, value)]) == [(4, AT, value)]
    assert published_log._rows([]) == []


def test_a_document_is_shown_as_a_file_that_can_be_published_again() -> None:
    good = read(0, AT, value_of(WIN_BACK, AT + 90_001, "", "for the sale\nof May"))
    assert list(document_listing.shown(good, "coming")) == [
        "# document 1, coming, from 2026-01-05 00:01:30.001 UTC",
        "# published 2026-01-05 00:00:00 UTC by somebody",
        "# for the sale",
        "# of May",
        "recipes:\n- name: win-back\n  kind: cart-abandonment",
    ]
    bad = read(1, AT, b"{")
    assert "# refused: not JSON" in list(document_listing.shown(bad, "refused"))
    assert document_listing.time_of(-1) == "the start"
    assert document_listing.time_of(0) == "1970-01-01 00:00:00 UTC"
    assert document_listing.numbers([]) == "expected 0, as nothing is published yet"
    assert document_listing.numbers([good, bad]) == "expected 0 to 2"


def test_a_list_says_whether_the_recipes_before_all_documents_are_in_force() -> None:
    table = Timetable([read(0, AT, value_of(WIN_BACK, AT + 60_000, "", ""))])
    assert list(document_listing.listed(table, AT, "the file"))[-1].split()[3:] == [
        "in",
        "force",
        "the",
        "file",
    ]
    assert list(document_listing.listed(Timetable([]), AT, "the file")) == [
        "nothing is published; in force: the file"
    ]


def test_a_document_without_content_is_shown_with_the_recipes_that_it_has() -> None:
    shown = list(document_listing.shown(read(0, AT, value_of({}, None, "", "")), "in force"))
    assert recipes_file.load(shown[-1]).names == recipes_file.DEFAULT.names
    assert "name: cart-abandonment" in shown[-1]


def test_a_change_planned_before_is_named_when_another_is_published() -> None:
    soon, planned, now = (
        read(place, AT, value_of(WIN_BACK, AT + after, "", ""))
        for place, after in enumerate((10_000, 60_000, 30_000))
    )
    table = Timetable([soon, planned, now])
    (line,) = document_listing.replacing(table, now)
    assert line.startswith("document 2 replaces it at 2026-01-05 00:01:00 UTC, ")
    assert line.endswith(f"publish one --from {AT + 60_000}, too")
    assert list(document_listing.replacing(table, planned)) == []


def test_a_publisher_is_named_by_user_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    monkeypatch.setattr(socket, "gethostname", lambda: "shop")
    assert publisher.somebody() == "anna@shop"

    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert publisher.somebody() == "unknown@shop"
