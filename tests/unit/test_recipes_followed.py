"""Reading the topic `recipes` while a worker runs, over a topic in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import pytest

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS, RECIPES
from agents.published.published_document import value_of
from agents.worker import recipes_follower
from agents.worker.metrics import Metrics
from agents.worker.recipes_follower import RecipesFollower
from stream import recipes_file
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
