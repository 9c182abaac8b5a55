"""Reading the topic `recipes` while a worker runs, over a topic in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import pytest

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS, RECIPES
from agents.published.published_document import NOTICE, value_of
from agents.worker import recipes_follower
from agents.worker.metrics import Metrics
from agents.worker.recipes_follower import RecipesFollower
from stream import recipes_file
from stream.outputs.triggers import rfc3339
from stream.recipes.history import History
from tests.fake_broker import FakeBroker, FakeConsumer

T = 1_767_571_200_000
WIN_BACK = {"recipes": [{"name": "win-back", "kind": "cart-abandonment"}]}


class Record:
    key: bytes | None = None
    headers: tuple[()] = ()

    def __init__(self, offset: int, value: bytes, time: int = T) -> None:
        self.offset, self.timestamp, self.value = offset, time, value


class Topics(FakeBroker):
    """`names`: the topics that exist."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    async def topics(self) -> set[str]:
        return self.names

    async def ends(self, partitions: Iterable[tuple[str, int]]) -> dict[Any, int]:
        return await super().ends(partitions)


class Given:
    def __init__(self, time: str) -> None:
        self.topics, self.metrics = Topics(), Metrics()
        settings = Settings(kafka=("localhost:1",), time=cast(Any, time))
        offsets, history = cast(Any, self.topics), History(recipes_file.DEFAULT)
        self.follower = RecipesFollower(settings, history, offsets, self.metrics.recipes, 2)

    def publish(self, document: Any, since: int | None = None) -> None:
        log = self.topics.logs[RECIPES, 0]
        log.append(Record(len(log), value_of(document, since, "anna", "")))

    @property
    def end(self) -> int:
        return len(self.topics.logs[RECIPES, 0])


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(test: Callable[[Given], Awaitable[None]], time: str = "append") -> None:
        async def whole() -> None:
            given = Given(time)
            monkeypatch.setattr(recipes_follower, "AIOKafkaConsumer", FakeConsumer(given.topics))
            await asyncio.wait_for(test(given), 10)

        asyncio.run(whole())

    return run


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


def test_the_whole_topic_is_read_before_anything_is_decided(play: Any) -> None:
    async def test(given: Given) -> None:
        given.publish(WIN_BACK)
        given.publish({}, T + 60_000)
        assert not given.follower.ready
        await given.follower.start()
        assert given.follower.ready
        assert given.follower.position == 2
        assert given.follower.history.at(T + 30_000).names == ("win-back",)

    play(test)


def test_a_new_document_is_read_when_the_end_has_moved(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.follower.start()
        running = asyncio.create_task(given.follower.run())
        await asyncio.sleep(0.01)
        given.publish(WIN_BACK)
        given.follower.confirm_end(given.end, T + 60_000)
        assert given.follower.known_until < T
        await until(lambda: given.follower.position == 1)
        await until(lambda: given.follower.known_until > T + 60_000)
        assert given.follower.ready
        running.cancel()
        await asyncio.wait((running,))

    play(test)


def test_missing_topics_of_its_recipes_are_named_until_they_exist(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes_follower, "TOPICS_CHECK_S", 0.01)

    async def test(given: Given) -> None:
        given.publish(WIN_BACK)
        await given.follower.start()
        assert given.follower.missing == ("triggers.win-back",)
        running = asyncio.create_task(given.follower.run())
        given.topics.names = {"triggers.win-back"}
        await until(lambda: given.follower.missing == ())
        running.cancel()
        await asyncio.wait((running,))

    play(test)


def test_without_documents_no_topic_is_missing(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.follower.start()
        assert given.follower.missing == ()

    play(test)


def test_recipes_of_documents_that_are_over_need_no_topic(play: Any) -> None:
    async def test(given: Given) -> None:
        other = {"recipes": [{"name": "gone", "kind": "cart-abandonment"}]}
        given.publish(other, T)
        given.publish(WIN_BACK, T + 60_000)
        given.metrics.set_broker_time(T + 3_600_000)
        await given.follower.start()
        assert given.follower.missing == ("triggers.win-back",)

    play(test)


def test_in_a_replay_events_wait_for_no_answer_once_the_topic_was_read(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.follower.start()
        assert await given.follower.wait_until_known(T, lambda: True), (
            "no event, so nothing moves time"
        )
        given.topics.logs[EVENTS, 1].append(object())
        assert await given.follower.wait_until_known(10**15, lambda: True)
        given.publish(WIN_BACK)
        assert await given.follower.wait_until_known(10**15, lambda: True), "it asks once"
        assert given.follower.end == 0

    play(test, time="record")


# The broker in memory stamps each record with 0, so a document is in force NOTICE later.
def lines(caplog: pytest.LogCaptureFixture, *words: str) -> list[str]:
    """The log lines that begin with one of these words."""
    told = (record.getMessage() for record in caplog.records)
    return [line for line in told if line.split()[0] in words]


def test_documents_and_missing_topics_are_logged(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(given: Given) -> None:
        given.publish(WIN_BACK)
        given.publish({"recipes": 7})
        given.topics.logs[RECIPES, 0].append(Record(2, b"{"))
        await given.follower.start()

    play(test)
    found = lines(caplog, "document", "document_refused", "documents_read", "topics_missing")
    first, refused, broken, missing, read = found
    assert first == f"document offset=0 since={rfc3339(NOTICE)} by=anna"
    assert refused.startswith("document_refused offset=1 by=anna why=document.recipes")
    assert broken == "document_refused offset=2 by=- why=not JSON"
    assert missing == "topics_missing topics=triggers.win-back"
    assert read == "documents_read documents=1 offset=3"


def test_a_document_without_an_author_is_logged_with_a_dash(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(given: Given) -> None:
        given.topics.logs[RECIPES, 0].append(Record(0, value_of(WIN_BACK, None, "", "")))
        await given.follower.start()

    play(test)
    assert lines(caplog, "document") == [f"document offset=0 since={rfc3339(NOTICE)} by=-"]


def test_an_end_that_was_read_needs_no_second_reading(play: Any) -> None:
    async def test(given: Given) -> None:
        given.publish(WIN_BACK)
        await given.follower.start()
        given.follower.confirm_end(1, T)
        assert given.follower.known_until == T + 5_000
        given.follower.confirm_end(1, T - 1)
        assert given.follower.known_until == T + 5_000, "time never goes back"
        assert given.follower.offset_at == {NOTICE: 0}

    play(test)


def test_each_document_has_counters_and_the_offset_of_the_one_in_force(play: Any) -> None:
    async def test(given: Given) -> None:
        value = given.metrics.registry.get_sample_value
        given.publish(WIN_BACK)
        await given.follower.start()
        labels = {"recipe": "win-back", "kind": "fired"}
        assert value("triggers_published_total", labels) == 0
        given.metrics.recipes.collect(given.follower)
        assert value("triggers_recipes_offset") == -1, "the time is not known yet"
        given.metrics.set_broker_time(NOTICE)
        given.metrics.recipes.collect(given.follower)
        assert value("triggers_recipes_offset") == 0
        assert value("triggers_recipes_since_timestamp_seconds") == NOTICE / 1000
        assert value("triggers_recipes_unread_records") == 0

    play(test)


def test_a_closed_processor_stops_waiting_soon(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes_follower, "CLOSED_CHECK_S", 0.005)

    async def test(given: Given) -> None:
        closed = [False]
        waiting = asyncio.create_task(given.follower.wait_until_known(T, lambda: closed[0]))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        closed[0] = True
        assert await asyncio.wait_for(waiting, 1) is False

    play(test)


def test_live_input_does_not_ask_whether_there_is_an_event(play: Any) -> None:
    async def test(given: Given) -> None:
        given.topics.logs[EVENTS, 0].append(object())
        assert not await given.follower.wait_until_known(T, lambda: True)
        assert given.follower.known_until == -1

    play(test)


def test_each_reading_ends_its_consumer(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[str] = []

    def noted(name: str) -> Any:
        async def note(consumer: FakeConsumer) -> None:
            story.append(name)

        return note

    for name in ("start", "stop"):
        monkeypatch.setattr(FakeConsumer, name, noted(name))

    async def test(given: Given) -> None:
        given.publish(WIN_BACK)
        await given.follower.start()
        await given.follower._read()
        assert story == ["start", "stop"], "nothing new, so nothing is read"

    play(test)
