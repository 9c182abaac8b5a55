"""Delivers one message. In this order: reservation, request, idempotency record, offset.

Each attempt checks again: is the trigger cancelled or expired, may it be sent yet, is the cancellation index caught
up, does the endpoint accept requests, was it sent already? A cancel is sent unless its trigger was certainly never
tried, because the receiver may have acted on any request.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.sender import responses
from agents.sender.cancellations import CancellationIndex
from agents.sender.clock import Clock
from agents.sender.dead_letters import Reason, Undelivered
from agents.sender.erasing import ErasedPeople
from agents.sender.idempotency import IdempotencyStore, IdempotencyUnavailable
from agents.sender.message import Message
from agents.sender.metrics import Metrics, Outcome
from agents.sender.settings import SenderSettings
from agents.sender.webhook import Endpoint
from stream import durations

LOOKUP_AGAIN_S: Final = 1.0
"""Seconds between two attempts while no idempotency record can be read."""

LOOK_S: Final = 60.0
"""Longest wait (s) between two readings of the clock, because somebody may set it."""

RECALLED_MS: Final = durations.DAY
"""Ms for which a cancel is still sent after the trigger's idempotency record may be deleted."""


@dataclass
class Attempt:
    """A record in delivery.

    `message`: None if the record is not a trigger.
    `last_answer`: the endpoint's last answer.
    `sending`: a request is open, so the task must not be cancelled.
    `last`: no further attempt follows.
    """

    place: TopicPartition
    record: ConsumerRecord
    message: Message | None
    number: int = 0
    begun: float = 0.0
    last_answer: str = ""
    sending: bool = False
    last: bool = False


@dataclass(frozen=True)
class TriggerDelivery:
    settings: SenderSettings
    clock: Clock
    cancellations: CancellationIndex
    endpoint: Endpoint
    idempotency: IdempotencyStore
    undelivered: Undelivered
    metrics: Metrics
    slots: asyncio.Semaphore
    erased: ErasedPeople

    async def settle(self, attempt: Attempt) -> Outcome:
        """Delivers a record. Returns when it is settled. Raises CancelledError if it must wait and no attempt is left."""
        message = attempt.message
        if message is None:
            await self._give_up(attempt, "not_a_trigger")
            return "not_a_trigger"
        while True:
            await self.cancellations.seen(attempt.place)
            try:
                async with self.slots:
                    outcome = await self._next(attempt, message)
            except IdempotencyUnavailable:
                outcome = LOOKUP_AGAIN_S
            if isinstance(outcome, str):
                return outcome
            if attempt.last:
                raise asyncio.CancelledError
            await self._pause(attempt.place, message, min(outcome, LOOK_S))

    async def _pause(self, place: TopicPartition, message: Message, seconds: float) -> None:
        if message.cancels:
            await asyncio.sleep(seconds)
        else:
            await self.cancellations.pause(place, message.trigger_id, seconds)

    async def _next(self, attempt: Attempt, message: Message) -> Outcome | float:
        """The outcome, or the seconds to wait before the next attempt."""
        if not self.cancellations.caught_up(attempt.place):
            return 0.0
        until = message.until
        if until is None:
            known = await self.idempotency.find(message.trigger_id)
            if known and known.state == "dropped":
                return "unsent"
            until = known.until if known else message.at + RECALLED_MS
        elif self.cancellations.cancelled(attempt.place, message.trigger_id):
            return await self._drop(message, until)
        now = self.clock.now()
        if now >= until:
            return await self._end(attempt, message)
        if now < message.at:
            return (message.at - now) / 1000
        if self.endpoint.closed:
            return self.endpoint.closed
        attempt.sending = True
        try:
            return await self._try(attempt, message, until)
        finally:
            attempt.sending = False

    async def _drop(self, message: Message, until: int) -> Outcome:
        known = await self.idempotency.find(message.id)
        if known and known.state == "sent":
            return "duplicate"
        await self.idempotency.drop(message.id, until)
        return "cancelled"

    async def _end(self, attempt: Attempt, message: Message) -> Outcome:
        """Ends an expired trigger. If it was ever tried, it becomes a dead letter, for a person to check."""
        known = await self.idempotency.find(message.id)
        if known and known.state == "sent":
            return "duplicate"
        if attempt.number or (known and known.state == "tried"):
            return await self._give_up(attempt, "expired")
        return "expired"

    async def _try(self, attempt: Attempt, message: Message, until: int) -> Outcome | float:
        reservation = await self.idempotency.reserve(message.id, until)
        if reservation.state == "busy":
            return reservation.wait / 1000
        if reservation.state != "ours":
            return "duplicate" if reservation.state == "sent" else "cancelled"
        if message.cancels:
            # A worker that crashed may write the trigger again. No copy may follow its cancel.
            await self.idempotency.sent(message.trigger_id, until)
        attempt.begun = attempt.begun or time.monotonic()
        attempt.number += 1
        answer = await self.endpoint.post(message)
        attempt.last_answer = answer.status
        if answer.verdict == "delivered":
            await self._note_sent(message, until)
            return "delivered"
        with suppress(IdempotencyUnavailable):  # the reservation is still ours, or expires
            await self.idempotency.release(message.id)
        if answer.verdict == "refused":
            return await self._give_up(attempt, "refused")
        if (time.monotonic() - attempt.begun) * 1000 >= self.settings.give_up_ms:
            return await self._give_up(attempt, "gave_up")
        wait = responses.pause(attempt.number, self.settings.backoff_ms)
        return max(wait, answer.retry_after or 0) / 1000

    async def _note_sent(self, message: Message, until: int) -> None:
        """Writes `sent`. Retries until it is written."""
        while True:
            try:
                return await self.idempotency.sent(message.id, until)
            except IdempotencyUnavailable:
                await asyncio.sleep(LOOKUP_AGAIN_S)

    async def _give_up(self, attempt: Attempt, reason: Reason) -> Outcome:
        await self.undelivered.send(
            attempt.record, attempt.place, reason, attempt.last_answer, attempt.number
        )
        self.metrics.undelivered.labels(reason).inc()
        return "undelivered"
