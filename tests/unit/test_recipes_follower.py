"""How far evidence may advance, by the known documents of `recipes`."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.published.published_document import NOTICE, value_of
from agents.worker.metrics import Metrics
from agents.worker.recipes_follower import END_OF_TIME, RecipesFollower, TopicTruncated, latest
from stream import recipes_file
from stream.recipes.history import History
from stream.state.cart import NEVER

T = 1_767_571_200_000
WIN_BACK = {"recipes": [{"name": "win-back", "kind": "cart-abandonment"}]}


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Record:
    """A record of a raw batch."""

    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()

    def __init__(self, offset: int, timestamp: int, value: bytes) -> None:
        self.offset, self.timestamp = offset, timestamp
        self.value: bytes | None = value


def batch(offset: int, time: int, value: bytes) -> RawBatch:
    return RawBatch([Record(offset, time, value)], offset, offset + 1, time)


def follower(metrics: Metrics | None = None) -> RecipesFollower:
    """A follower with a client that is never started, so nothing is fetched."""
    settings = Settings(kafka=("127.0.0.1:1",))
    found = (metrics or Metrics()).recipes
    return RecipesFollower(settings, History(recipes_file.DEFAULT), Offsets(settings), found, 4)


@on_a_loop
async def test_nothing_is_known_before_the_first_answer_of_a_broker() -> None:
    made = follower()
    assert made.known_until == NEVER
    assert not await made.wait_until_known(0, lambda: True)


@on_a_loop
async def test_reading_to_the_end_covers_five_more_seconds() -> None:
    made = follower()
    made.confirm_end(0, T)
    assert made.known_until == T + NOTICE
    assert await made.wait_until_known(T + NOTICE - 1, lambda: True)
    assert not await made.wait_until_known(T + NOTICE, lambda: True)


@on_a_loop
async def test_an_unread_document_stops_the_known_time() -> None:
    made = follower()
    made.confirm_end(0, T)
    made.confirm_end(1, T + 60_000)
    assert made.known_until == T + NOTICE
    assert not made.ready


@on_a_loop
async def test_a_waiting_caller_continues_when_more_is_known() -> None:
    made = follower()
    waiting = asyncio.create_task(made.wait_until_known(T, lambda: False))
    await asyncio.sleep(0)
    made.confirm_end(0, T - NOTICE)
    await asyncio.sleep(0)
    assert not waiting.done()
    made.confirm_end(0, T)
    assert await asyncio.wait_for(waiting, 5)


@on_a_loop
async def test_in_a_replay_one_answer_is_enough() -> None:
    made = follower()
    made.confirm_end(0, END_OF_TIME)
    assert await made.wait_until_known(10**15, lambda: True)


@on_a_loop
async def test_a_topic_that_was_created_again_is_a_fault() -> None:
    made = follower()
    made._take([batch(0, T, value_of(WIN_BACK, None, "", ""))])
    with pytest.raises(TopicTruncated, match="recipes: expected an end at 1 or later, got 0"):
        made.confirm_end(0, T)


@on_a_loop
async def test_a_document_is_in_force_from_its_time_and_logged() -> None:
    metrics = Metrics(live=False)
    made = follower(metrics=metrics)
    made._take([batch(0, T, value_of(WIN_BACK, T + 60_000, "anna", "why"))])
    assert made.history.at(T + 59_999).names == recipes_file.DEFAULT.names
    assert made.history.at(T + 60_000).names == ("win-back",)
    metrics.collect([])
    metrics.recipes.collect(made)
    assert "triggers_recipes_offset -1.0" in metrics.text().decode()


@on_a_loop
async def test_a_bad_document_leaves_the_one_before_in_force() -> None:
    made = follower()
    made._take([batch(0, T, value_of(WIN_BACK, None, "", "")), batch(1, T + 9, b"{")])
    assert made.refused
    assert made.position == 2
    assert made.history.at(T + 60_000).names == ("win-back",)
    made._take([batch(2, T + 10, value_of({}, None, "", ""))])
    assert not made.refused
    assert made.history.at(T + 60_000).names == recipes_file.DEFAULT.names


@on_a_loop
async def test_a_repeated_record_changes_nothing() -> None:
    made = follower()
    first, second = value_of(WIN_BACK, T + 60_000, "", ""), value_of({}, T + 60_000, "", "")
    made._take([batch(0, T, first), batch(1, T, second)])
    made._take([batch(0, T, first)])
    assert made.history.at(T + 60_000).names == recipes_file.DEFAULT.names


def test_the_latest_time_of_batches_is_the_brokers() -> None:
    assert latest([batch(0, T + 5, b""), batch(1, T, b"")]) == T + 5
    assert latest([RawBatch([], 0, 1, None)]) == NEVER
