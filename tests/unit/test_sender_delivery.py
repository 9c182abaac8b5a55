"""The delivery of a message: each attempt, each reason to wait, each outcome. Source: docs/senders.md."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.sender import delivery, responses
from agents.sender.delivery import Attempt
from agents.sender.idempotency import IdempotencyRecord
from agents.sender.responses import Response
from stream.durations import DAY, HOUR, MINUTE
from tests.sender_parts import (
    AT,
    DELIVERED,
    FAILED,
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


def test_a_delivered_trigger_is_remembered_until_it_ends_and_never_sent_again(play: Any) -> None:
    async def test(parts: Parts) -> None:
        assert await parts.delivery.settle(attempt(fired())) == "delivered"
        assert await parts.store.find(id_of(1)) == IdempotencyRecord("sent", AT + HOUR)
        assert await parts.delivery.settle(attempt(fired())) == "duplicate"
        assert parts.endpoint.posted == [id_of(1)]
        assert parts.letters.sent == []

    play(test)


def test_a_record_that_is_not_a_trigger_becomes_a_dead_letter(play: Any) -> None:
    async def test(parts: Parts) -> None:
        of = record(b"{}", offset=7, t=AT - 5)
        assert await parts.delivery.settle(Attempt(PLACE, of, None)) == "not_a_trigger"
        ((topic, value, key, headers),) = parts.letters.sent
        assert (topic, value, key) == ("sender.undelivered", b"{}", b"customer:anna")
        assert headers == {
            "reason": "not_a_trigger",
            "topic": PLACE.topic,
            "partition": "0",
            "offset": "7",
            "time": str(AT - 5),
            "tries": "0",
        }
        assert parts.metrics.undelivered.labels("not_a_trigger")._value.get() == 1

    play(test)


def test_a_cancelled_trigger_is_dropped_for_every_sender_and_its_cancel_is_unsent(
    play: Any,
) -> None:
    async def test(parts: Parts) -> None:
        parts.ahead.known = {id_of(1)}
        assert await parts.delivery.settle(attempt(fired())) == "cancelled"
        assert await parts.store.find(id_of(1)) == IdempotencyRecord("dropped", AT + HOUR)
        assert await parts.delivery.settle(attempt(cancelled())) == "unsent"
        parts.ahead.known = set()
        assert await parts.delivery.settle(attempt(fired())) == "cancelled"
        assert parts.endpoint.posted == []

    play(test)


def test_a_cancel_of_a_sent_trigger_is_sent_while_that_is_valid(play: Any) -> None:
    async def test(parts: Parts) -> None:
        await parts.delivery.settle(attempt(fired()))
        parts.ahead.known = {id_of(1)}
        assert await parts.delivery.settle(attempt(fired())) == "duplicate"
        parts.clock.ms = AT + HOUR - 1
        assert await parts.delivery.settle(attempt(cancelled())) == "delivered"
        assert parts.endpoint.posted == [id_of(1), f"{id_of(1)}/cancelled"]
        parts.clock.ms = AT + HOUR
        assert await parts.delivery.settle(attempt(cancelled())) == "duplicate"

    play(test)


@pytest.mark.parametrize(("age", "outcome"), [(DAY - 1, "delivered"), (DAY, "expired")])
def test_a_cancel_of_an_unknown_trigger_is_sent_for_a_day(
    play: Any, age: int, outcome: str
) -> None:
    async def test(parts: Parts) -> None:
        parts.clock.ms = AT + age
        assert await parts.delivery.settle(attempt(cancelled())) == outcome
        assert await parts.delivery.settle(Attempt(PLACE, record(b""), None)) == "not_a_trigger"

    play(test)


def test_a_trigger_is_sent_at_its_time(play: Any) -> None:
    async def test(parts: Parts) -> None:
        parts.clock.ms = AT - 90_500
        assert await parts.delivery.settle(attempt(fired())) == "delivered"
        assert parts.ahead.pauses == [60, 30.5], "it looks at the clock at least once a minute"

    play(test)


def test_a_trigger_at_its_end_is_dropped_and_becomes_a_dead_letter_only_if_it_was_tried(
    play: Any,
) -> None:
    async def test(parts: Parts) -> None:
        parts.clock.ms = AT + HOUR
        assert await parts.delivery.settle(attempt(fired(1))) == "expired"
        assert parts.letters.sent == []
        await parts.store.reserve(id_of(2), AT + HOUR)
        assert await parts.delivery.settle(attempt(fired(2))) == "undelivered"
        tried = attempt(fired(3))
        tried.number, tried.last_answer = 2, "503"
        assert await parts.delivery.settle(tried) == "undelivered"
        headers = [each[3] for each in parts.letters.sent]
        assert [(each["reason"], each["tries"], each.get("answer")) for each in headers] == [
            ("expired", "0", None),
            ("expired", "2", "503"),
        ]
        await parts.store.sent(id_of(4), AT + HOUR)
        assert await parts.delivery.settle(attempt(fired(4))) == "duplicate"
        assert parts.endpoint.posted == []

    play(test)


def test_a_refused_message_becomes_a_dead_letter_and_its_reservation_ends(play: Any) -> None:
    async def test(parts: Parts) -> None:
        assert await parts.delivery.settle(attempt(fired())) == "undelivered"
        ((*_, headers),) = parts.letters.sent
        assert (headers["reason"], headers["answer"], headers["tries"]) == (
            "refused",
            "400",
            "1",
        )
        assert parts.metrics.undelivered.labels("refused")._value.get() == 1
        found = await parts.store.reserve(id_of(1), AT + HOUR)
        assert found.state == "ours"

    play(test, REFUSED)


def test_a_failed_try_waits_and_is_repeated(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "pause", lambda attempts, backoff: attempts * 1000)

    async def test(parts: Parts) -> None:
        tried = attempt(fired())
        assert await parts.delivery.settle(tried) == "delivered"
        assert parts.ahead.pauses == [1, 2, 9]
        assert (tried.number, tried.last_answer, tried.sending) == (4, "200", False)
        assert parts.endpoint.posted == [id_of(1)] * 4

    answers = [FAILED, FAILED, Response("failed", "429", 9_000), Response("delivered", "200")]
    play(test, *answers)


def test_a_message_that_fails_too_long_is_given_up(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    async def test(parts: Parts) -> None:
        tried = attempt(fired())
        tried.begun, tried.number = clock[0] - 599.9, 1
        parts.delivery.endpoint.answers[:] = [FAILED]  # type: ignore[attr-defined]
        tried.last = True
        with pytest.raises(asyncio.CancelledError):
            await parts.delivery.settle(tried)
        clock[0] += 0.1
        assert await parts.delivery.settle(tried) == "undelivered"
        assert parts.letters.sent[0][3]["reason"] == "gave_up"
        assert parts.letters.sent[0][3]["tries"] == "3"
        assert parts.delivery.settings.give_up_ms == 10 * MINUTE

    play(test, FAILED)


@pytest.mark.parametrize("answer", [FAILED, REFUSED])
def test_no_copy_of_a_trigger_is_sent_once_its_cancel_was_tried(
    play: Any, answer: Response
) -> None:
    async def test(parts: Parts) -> None:
        failing = attempt(fired())
        failing.last = True
        with pytest.raises(asyncio.CancelledError):
            await parts.delivery.settle(failing)
        recall = attempt(cancelled())
        recall.last = True
        with suppress(asyncio.CancelledError):
            await parts.delivery.settle(recall)
        assert parts.endpoint.posted == [id_of(1), f"{id_of(1)}/cancelled"]
        assert await parts.delivery.settle(attempt(fired())) == "duplicate"
        assert await parts.delivery.settle(attempt(cancelled())) == "delivered"
        assert parts.endpoint.posted[2:] == [f"{id_of(1)}/cancelled"]

    play(test, FAILED, answer, DELIVERED)
