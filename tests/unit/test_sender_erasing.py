"""The records that a sender deletes of an erased person, and its search for new recipes."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError

from agents.sender import erasing, published_names
from agents.sender.erasing import ErasedPeople
from agents.sender.idempotency import IdempotencyUnavailable
from agents.sender.message import read
from agents.sender.published_names import PublishedNames
from stream.durations import DAY
from stream.outputs import erasures
from stream.outputs.outputs import Outputs
from stream.recipes_file import DEFAULT
from tests.fake_broker import SETTINGS
from tests.sender_parts import AT, cancelled, fired, id_of

ANNA = "customer:anna"


class Store:
    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.fails = 0

    async def forget(self, id: str) -> None:
        if self.fails:
            self.fails -= 1
            raise IdempotencyUnavailable
        self.forgotten.append(id)


def erased(person: str, at: int) -> Any:
    out = Outputs()
    erasures.publish(person, at, DEFAULT, out)
    return SimpleNamespace(value=out.erased[0][1])


def trigger(number: int, at: int, person: str = ANNA) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(fired(number, at=at))
    return found | {"id": id_of(number), "subject": person}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> tuple[ErasedPeople, Store, list[Any]]:
    monkeypatch.setattr(erasing, "AGAIN_S", 0.001)
    log: list[Any] = []

    class Kafka:
        def __init__(self, settings: Any) -> None: ...

        async def __aenter__(self) -> "Kafka":
            return self

        async def __aexit__(self, *_: Any) -> None: ...

        async def triggers(self, people: Any, since: int) -> list[Any]:
            assert abs(since + 9 * DAY - time.time() * 1000) < 60_000
            return [each for each in log if each["subject"] in people]

    monkeypatch.setattr(erasing, "Kafka", Kafka)
    store = Store()
    return ErasedPeople(SETTINGS, cast(Any, store)), store, log


def test_the_records_of_what_was_sent_before_the_erasure_are_deleted(given: Any) -> None:
    people, store, log = given
    log += [trigger(1, AT), trigger(2, AT + 1), trigger(3, AT, "customer:ben")]
    taken = people.take("people.erased", 0, [erased(ANNA, AT), SimpleNamespace(value=None)])
    assert asyncio.run(taken) is None
    assert store.forgotten == [id_of(1)]
    assert people.people == {ANNA: AT}


@pytest.mark.parametrize("foreign", [b"no JSON", b"[]", b'{"data":{"person":"customer:anna"}}'])
def test_a_record_that_no_worker_wrote_is_skipped(given: Any, foreign: bytes) -> None:
    people, _, _ = given
    records = [SimpleNamespace(value=foreign), erased(ANNA, AT)]
    assert asyncio.run(people.take("people.erased", 0, records)) is None
    assert people.people == {ANNA: AT}


def test_a_second_erasure_counts_up_to_the_later_time(given: Any) -> None:
    people, _, _ = given
    asyncio.run(people.take("people.erased", 0, [erased(ANNA, AT), erased(ANNA, AT - 5)]))
    assert people.people == {ANNA: AT}


def test_an_older_message_that_is_settled_later_is_deleted_then(given: Any) -> None:
    people, store, _ = given
    people.people = {ANNA: AT}
    store.fails = 2

    async def test() -> None:
        for key, message in (
            (ANNA.encode(), read(cancelled(1, at=AT))),
            (ANNA.encode(), read(fired(2, at=AT + 1))),
            (b"customer:ben", read(fired(3))),
            (ANNA.encode(), None),
            (None, read(fired(4))),
        ):
            await people.settled(key, message)

    asyncio.run(test())
    assert store.forgotten == [f"{id_of(1)}/cancelled", id_of(1)]


def test_only_the_topic_of_erasures_is_read_from_nine_days_back(given: Any) -> None:
    people, _, _ = given
    assert people.wants("people.erased", 0)
    assert not people.wants("triggers.decisions", 0)
    asked: list[int] = []

    async def at(time: int, partitions: Any) -> dict[Any, int]:
        asked.append(time)
        return dict.fromkeys(partitions, 5)

    place = ("people.erased", 0)
    found = asyncio.run(people.starts([place], {place: 0}, {place: 9}, at))
    assert found == {place: 5}
    assert abs(asked[0] + 9 * DAY - time.time() * 1000) < 60_000


def test_recipes_of_published_documents_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[dict[str, str]] = []

    async def add(topics: dict[str, str]) -> None:
        added.append(topics)

    documents: list[Any] = [SimpleNamespace(recipes=None), SimpleNamespace(recipes=DEFAULT)]

    async def published(settings: Any) -> list[Any]:
        return documents

    monkeypatch.setattr(published_names, "published", published)
    names = PublishedNames(SETTINGS, cast(Any, SimpleNamespace(add=add)))
    asyncio.run(names.look())
    assert added == [{f"triggers.{name}": name for name in sorted(DEFAULT.names)}]

    async def lost(settings: Any) -> list[Any]:
        raise KafkaConnectionError

    monkeypatch.setattr(published_names, "published", lost)
    asyncio.run(names.look())
    assert len(added) == 1


def test_documents_are_checked_repeatedly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_names, "LOOK_S", 0.001)
    looks: list[int] = []

    async def test() -> None:
        names = PublishedNames(SETTINGS, cast(Any, None))

        async def look() -> None:
            looks.append(1)

        names.look = look  # type: ignore[method-assign]
        running = asyncio.create_task(names.run())
        await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(test())
    assert len(looks) > 2


def test_documents_that_cannot_be_read_are_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def lost(settings: Any) -> list[Any]:
        raise KafkaConnectionError

    monkeypatch.setattr(published_names, "published", lost)
    asyncio.run(PublishedNames(SETTINGS, cast(Any, None)).look())
    told = [record.getMessage() for record in caplog.records]
    assert told == ["documents_unread error=KafkaConnectionError"]


def test_erasures_are_followed_while_the_sender_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[Any] = []

    class Tail:
        def __init__(self, settings: Any, reader: Any, name: str) -> None:
            self.reader = reader

        async def run(self) -> None:
            readers.append(self.reader)

    monkeypatch.setattr(erasing, "TopicTail", Tail)
    people = ErasedPeople(SETTINGS, cast(Any, Store()))
    asyncio.run(people.run())
    assert readers == [people]
