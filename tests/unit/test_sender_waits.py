"""What a sender waits for before and after a request. Source: docs/senders.md."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, RecordTooLargeError

from agents.sender import dead_letters, delivery
from agents.sender.delivery import Attempt
from agents.sender.idempotency import IdempotencyRecord, IdempotencyUnavailable, Reservation
from agents.sender.idempotency_sqlite import SqliteIdempotency
from stream.durations import HOUR
from tests.fake_broker import SETTINGS
from tests.sender_parts import (
    AT,
    PLACE,
    REFUSED,
    Parts,
    attempt,
    cancelled,
    fired,
    id_of,
    played,
    record,
)


@pytest.fixture
def play(tmp_path: Path) -> Any:
    return played(tmp_path)


def test_nothing_is_sent_while_the_endpoint_is_closed_or_the_index_behind(play: Any) -> None:
    async def test(parts: Parts) -> None:
        parts.endpoint.closed = 3.5
        last = attempt(fired())
        last.last = True
        with pytest.raises(asyncio.CancelledError):
            await parts.delivery.settle(last)
        parts.endpoint.closed = 0.0
        parts.ahead.up = False
        assert await parts.delivery._next(last, last.message) == 0.0  # type: ignore[arg-type]
        assert parts.endpoint.posted == []
        assert await parts.delivery.settle(last) == "delivered"

    play(test)


def test_an_id_reserved_by_another_sender_is_checked_again(play: Any, tmp_path: Path) -> None:
    async def test(parts: Parts) -> None:
        other = SqliteIdempotency(tmp_path / "sent.sqlite3", "g", "other", 60_000)
        await other.open()
        await other.reserve(id_of(1), AT + HOUR)
        waits = attempt(fired())
        waits.last = True
        with pytest.raises(asyncio.CancelledError):
            await parts.delivery.settle(waits)
        assert waits.number == 0
        await other.drop(id_of(2), AT + HOUR)
        assert await parts.delivery.settle(attempt(fired(2))) == "cancelled"
        await other.release(id_of(1))
        assert await parts.delivery.settle(waits) == "delivered"
        await other.close()

    play(test)


def test_a_2xx_is_written_as_soon_as_records_can_be_written_again(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LOOKUP_AGAIN_S", 0.001)

    async def test(parts: Parts) -> None:
        left, sent = [2], parts.store.sent

        async def fails(id: str, until: int) -> None:
            if left[0]:
                left[0] -= 1
                raise IdempotencyUnavailable
            await sent(id, until)

        parts.store.sent = fails  # type: ignore[method-assign]
        assert await parts.delivery.settle(attempt(fired())) == "delivered"
        assert (await parts.store.find(id_of(1))) == IdempotencyRecord("sent", AT + HOUR)
        assert parts.endpoint.posted == [id_of(1)]

    play(test)


def test_nothing_is_sent_while_no_record_can_be_read(play: Any) -> None:
    async def test(parts: Parts) -> None:
        left, reserve = [1], parts.store.reserve

        async def fails(id: str, until: int) -> Any:
            if left[0]:
                left[0] -= 1
                raise IdempotencyUnavailable
            return await reserve(id, until)

        parts.store.reserve = fails  # type: ignore[method-assign]
        assert await parts.delivery.settle(attempt(fired())) == "delivered"
        assert parts.ahead.pauses == [delivery.LOOKUP_AGAIN_S] == [1.0]

    play(test)


def test_no_more_requests_are_open_than_there_are_slots(play: Any) -> None:
    async def test(parts: Parts) -> None:
        parts.endpoint.slow = True
        await asyncio.gather(*(parts.delivery.settle(attempt(fired(n))) for n in range(1, 6)))
        assert parts.endpoint.most == 2

    play(test, requests=2)


def test_a_dead_letter_waits_for_a_broker_and_raises_what_will_not_pass(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "AGAIN_S", 0.05)

    async def test(parts: Parts) -> None:
        parts.letters.fails = [KafkaConnectionError()]
        begun = time.monotonic()
        assert await parts.delivery.settle(attempt(fired())) == "undelivered"
        assert time.monotonic() - begun >= 0.05
        parts.letters.fails = [RecordTooLargeError()]
        with pytest.raises(RecordTooLargeError):
            await parts.delivery.settle(attempt(fired(2)))
        await parts.delivery.undelivered.stop()
        assert parts.letters.stopped

    play(test, REFUSED)


def test_a_cancel_waits_without_looking_at_other_cancels(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(parts: Parts) -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            parts.endpoint.closed = 90.0 if len(slept) == 1 else 0.0

        parts.endpoint.closed = 3.5
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "sleep", sleep)
            assert await parts.delivery.settle(attempt(cancelled())) == "delivered"
        assert slept == [3.5, 60.0], "it looks at the clock once a minute"
        assert parts.ahead.pauses == []

    play(test)


def test_a_request_under_way_shows_until_its_answer(play: Any) -> None:
    async def test(parts: Parts) -> None:
        parts.endpoint.slow = True
        sent = attempt(fired())
        settling = asyncio.create_task(parts.delivery.settle(sent))
        while not parts.endpoint.at_once:
            await asyncio.sleep(0)
        assert sent.sending, "its task must not be cancelled now"
        await settling
        assert not sent.sending
        assert not attempt(fired()).last, "a new attempt may be repeated"

    play(test)


def test_a_dead_letter_is_logged_with_its_reason_and_the_last_answer(
    play: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "AGAIN_S", 0.0)

    async def test(parts: Parts) -> None:
        parts.letters.fails = [KafkaConnectionError(), KafkaTimeoutError()]
        await parts.delivery.settle(attempt(fired()))
        await parts.delivery.settle(Attempt(PLACE, record(b"?"), None))

    play(test, REFUSED)
    assert [each.getMessage() for each in caplog.records] == [
        "dead_letter_waits error=KafkaConnectionError",
        "dead_letter_waits error=KafkaTimeoutError",
        "undelivered reason=refused answer=400",
        "undelivered reason=not_a_trigger answer=-",
    ]


def test_a_busy_id_is_tried_again_when_its_lease_ends(play: Any) -> None:
    async def test(parts: Parts) -> None:
        answers = [Reservation("busy", 1_500), Reservation("dropped")]

        async def reserve(id: str, until: int) -> Reservation:
            return answers.pop(0)

        parts.store.reserve = reserve  # type: ignore[method-assign]
        assert await parts.delivery.settle(attempt(fired())) == "cancelled"
        assert parts.ahead.pauses == [1.5]
        assert parts.endpoint.posted == []

    play(test)


def test_the_parts_of_a_sender_that_never_started_stop_without_an_error() -> None:
    asyncio.run(dead_letters.Undelivered(SETTINGS).stop())
