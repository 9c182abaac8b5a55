"""The index that reads ahead: cancelled triggers, and whether a partition is caught up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.structs import TopicPartition

from agents.sender.cancellations import CancellationIndex
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer
from tests.sender_parts import AT, PLACE, SetClock, cancelled, fired, id_of, record

OTHER = TopicPartition("triggers.exit-intent", 0)


class Index:
    def __init__(self, *records: Any) -> None:
        self.clock = SetClock(0)
        self.consumer = FakeConsumer({PLACE: list(records)})
        self.index = CancellationIndex(SETTINGS, self.clock)
        self.index._consumer = self.consumer

    def watch(self, *places: TopicPartition, start: int | None = None) -> None:
        async def starts() -> dict[TopicPartition, int | None]:
            return dict.fromkeys(places, start)

        self.index.watch(places, starts())

    async def reads(self) -> None:
        await asyncio.sleep(0.02)


def play(test: Callable[[Index], Awaitable[None]], *records: Any) -> None:
    async def whole() -> None:
        index = Index(*records)
        try:
            await asyncio.wait_for(test(index), 5)
        finally:
            await index.index.stop()
        assert index.consumer.stopped

    asyncio.run(whole())


def now_ms() -> float:
    return time.time() * 1000


def test_a_cancel_far_ahead_is_known_until_the_deliveries_have_passed_it() -> None:
    async def test(given: Index) -> None:
        given.consumer.polled = now_ms()
        given.watch(PLACE, start=0)
        await given.index.seen(PLACE)
        assert given.index.cancelled(PLACE, id_of(1))
        assert not given.index.cancelled(PLACE, id_of(2))
        given.index.passed(PLACE, 5)
        assert given.index.cancelled(PLACE, id_of(1)), "its own offset is not passed yet"
        given.index.passed(PLACE, 6)
        assert not given.index.cancelled(PLACE, id_of(1))
        assert given.clock.now() == AT + 3

    play(
        test,
        record(fired(1), 0),
        record(b"no trigger", 1),
        record(fired(2), 4, t=AT + 3),
        record(cancelled(1), 5),
    )


def test_a_partition_is_caught_up_only_at_a_recent_end() -> None:
    async def test(given: Index) -> None:
        given.watch(PLACE)
        await given.reads()
        assert given.consumer.beginnings == [PLACE]
        assert (given.index.caught_up(PLACE), given.index.behind) == (False, 1), "never asked"
        given.consumer.polled = now_ms() - 2_010
        await given.reads()
        assert not given.index.caught_up(PLACE)
        given.consumer.polled = now_ms() - 1_900
        await given.reads()
        assert given.index.caught_up(PLACE)
        given.consumer.polled = now_ms()
        await given.reads()
        assert (given.index.caught_up(PLACE), given.index.behind) == (True, 0)
        given.consumer.held = {PLACE}
        given.consumer.logs[PLACE].append(record(fired(9), 1))
        await given.reads()
        assert (given.index.caught_up(PLACE), given.index.behind) == (False, 1)

    play(test, record(fired(1), 0))


def test_the_index_begins_where_the_deliveries_begin() -> None:
    async def test(given: Index) -> None:
        given.consumer.polled = now_ms()
        given.watch(PLACE, start=1)
        await given.index.seen(PLACE)
        assert not given.index.cancelled(PLACE, id_of(1))
        assert given.index.cancelled(PLACE, id_of(2))
        assert given.consumer.beginnings == []

    play(test, record(cancelled(1), 0), record(cancelled(2), 1))


def test_a_pause_ends_when_the_trigger_is_cancelled() -> None:
    async def test(given: Index) -> None:
        given.consumer.polled = now_ms()
        given.watch(PLACE)
        await given.index.seen(PLACE)
        pausing = asyncio.create_task(given.index.pause(PLACE, id_of(1), 60))
        await given.reads()
        assert not pausing.done()
        given.consumer.logs[PLACE].append(record(cancelled(1), 1))
        await asyncio.wait_for(pausing, 1)
        await asyncio.wait_for(given.index.pause(PLACE, id_of(1), 60), 1)
        began = time.monotonic()
        await given.index.pause(PLACE, id_of(2), 0.05)
        assert time.monotonic() - began >= 0.05
        assert given.index._waiting == {}

    play(test, record(fired(1), 0))


def test_after_its_rest_no_partition_is_known() -> None:
    async def test(given: Index) -> None:
        given.watch(PLACE)
        await given.reads()
        await given.index.rest()
        assert given.index.behind == 0
        given.index.passed(PLACE, 1)
        with pytest.raises(KeyError):
            given.index.caught_up(PLACE)
        given.watch(OTHER)
        await given.reads()
        assert given.consumer.assigned == [OTHER]

    play(test, record(fired(1), 0))


def test_an_error_of_the_reading_is_raised_by_a_check() -> None:
    async def test(given: Index) -> None:
        given.index.check()
        given.consumer.fault = TopicAuthorizationFailedError()
        given.watch(PLACE)
        given.index.check()
        await given.reads()
        with pytest.raises(TopicAuthorizationFailedError):
            given.index.check()

    play(test)


def test_a_watch_of_no_partition_reads_nothing() -> None:
    async def test(given: Index) -> None:
        given.watch()
        await given.reads()
        given.index.check()
        assert given.consumer.assigned == []

    play(test)


def test_a_stop_ends_the_reading() -> None:
    async def test(given: Index) -> None:
        given.watch(PLACE)
        await given.reads()
        reading = given.index._task
        assert reading is not None
        await given.index.stop()
        assert reading.cancelled()
        assert given.index._task is None

    play(test, record(fired(1), 0))


def test_a_trigger_that_was_written_again_stays_cancelled_by_its_second_cancel() -> None:
    async def test(given: Index) -> None:
        given.consumer.polled = now_ms()
        given.watch(PLACE, start=0)
        await given.index.seen(PLACE)
        given.index.passed(PLACE, 2)
        assert given.index.cancelled(PLACE, id_of(1)), "the copy at offset 2 is not settled yet"
        given.index.passed(PLACE, 4)
        assert not given.index.cancelled(PLACE, id_of(1))

    once = (fired(1), cancelled(1))
    play(test, *(record(value, offset) for offset, value in enumerate(once * 2)))
