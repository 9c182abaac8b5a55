"""One message, from its record until it is settled. Order of what is durable: claim, request, mark, offset.

Before each try a trigger is asked anew: was it cancelled, has it ended, may it go yet, has the end of its
partition been seen, does the endpoint want it now, did it go already. A cancel goes out unless it is known
that its trigger was never tried: the receiver may have acted, whatever it answered.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.sender import responses
from agents.sender.cancellations import Lookout
from agents.sender.clock import Clock
from agents.sender.dead_letters import Reason, Undelivered
from agents.sender.idempotency import Marks, MarksUnavailable
from agents.sender.message import Message
from agents.sender.metrics import Fate, Metrics
from agents.sender.settings import SenderSettings
from agents.sender.webhook import Endpoint
from stream import durations

MARKS_S: Final = 1.0
"""From try to try while nothing can be looked up."""

LOOK_S: Final = 60.0
"""A clock may be set meanwhile: nobody waits for longer without looking at it."""

RECALLED_MS: Final = durations.DAY
"""A cancel whose trigger nobody remembers goes out for so long."""


@dataclass
class Errand:
    """A record under way; `message` None: it holds no trigger. `said`: the last answer.

    `sending`: a request may be on its way, so it is not torn off. `last`: after it there is no other.
    """

    place: TopicPartition
    record: ConsumerRecord
    message: Message | None
    tries: int = 0
    begun: float = 0.0
    said: str = ""
    sending: bool = False
    last: bool = False


@dataclass(frozen=True)
class Courier:
    settings: SenderSettings
    clock: Clock
    lookout: Lookout
    endpoint: Endpoint
    marks: Marks
    undelivered: Undelivered
    metrics: Metrics
    slots: asyncio.Semaphore

    async def settle(self, errand: Errand) -> Fate:
        """Returns when the record needs nothing more. Raises CancelledError when it must wait, too late."""
        message = errand.message
        if message is None:
            await self._give_up(errand, "not_a_trigger")
            return "not_a_trigger"
        while True:
            await self.lookout.seen(errand.place)
            try:
                async with self.slots:
                    outcome = await self._next(errand, message)
            except MarksUnavailable:
                outcome = MARKS_S
            if isinstance(outcome, str):
                return outcome
            if errand.last:
                raise asyncio.CancelledError
            await self._pause(errand.place, message, min(outcome, LOOK_S))

    async def _pause(self, place: TopicPartition, message: Message, seconds: float) -> None:
        if message.cancels:
            await asyncio.sleep(seconds)
        else:
            await self.lookout.pause(place, message.trigger_id, seconds)

    async def _next(self, errand: Errand, message: Message) -> Fate | float:
        """What became of it, or the seconds to wait."""
        if not self.lookout.caught_up(errand.place):
            return 0.0
        until = message.until
        if until is None:
            mark = await self.marks.find(message.trigger_id)
            if mark and mark.state == "dropped":
                return "unsent"
            until = mark.until if mark else message.at + RECALLED_MS
        elif self.lookout.cancelled(errand.place, message.trigger_id):
            return await self._drop(message, until)
        now = self.clock.now()
        if now >= until:
            return await self._end(errand, message)
        if now < message.at:
            return (message.at - now) / 1000
        if self.endpoint.closed:
            return self.endpoint.closed
        errand.sending = True
        try:
            return await self._try(errand, message, until)
        finally:
            errand.sending = False

    async def _drop(self, message: Message, until: int) -> Fate:
        mark = await self.marks.find(message.id)
        if mark and mark.state == "sent":
            return "duplicate"
        await self.marks.drop(message.id, until)
        return "cancelled"

    async def _end(self, errand: Errand, message: Message) -> Fate:
        """It has ended. If it was tried, by whomever, somebody must know."""
        mark = await self.marks.find(message.id)
        if mark and mark.state == "sent":
            return "duplicate"
        if errand.tries or (mark and mark.state == "tried"):
            return await self._give_up(errand, "expired")
        return "expired"

    async def _try(self, errand: Errand, message: Message, until: int) -> Fate | float:
        claim = await self.marks.claim(message.id, until)
        if claim.state == "busy":
            return claim.wait / 1000
        if claim.state != "ours":
            return "duplicate" if claim.state == "sent" else "cancelled"
        errand.begun = errand.begun or time.monotonic()
        errand.tries += 1
        answer = await self.endpoint.post(message)
        errand.said = answer.said
        if answer.verdict == "delivered":
            await self._mark(message, until)
            return "delivered"
        with suppress(MarksUnavailable):  # the claim is still ours, or ends by itself
            await self.marks.release(message.id)
        if answer.verdict == "refused":
            return await self._give_up(errand, "refused")
        if (time.monotonic() - errand.begun) * 1000 >= self.settings.give_up_ms:
            return await self._give_up(errand, "gave_up")
        wait = responses.pause(errand.tries, self.settings.backoff_ms)
        return max(wait, answer.retry_after or 0) / 1000

    async def _mark(self, message: Message, until: int) -> None:
        """A 2xx was seen: it is tried until that is noted somewhere."""
        while True:
            try:
                return await self.marks.sent(message.id, until)
            except MarksUnavailable:
                await asyncio.sleep(MARKS_S)

    async def _give_up(self, errand: Errand, reason: Reason) -> Fate:
        await self.undelivered.send(errand.record, errand.place, reason, errand.said, errand.tries)
        self.metrics.undelivered.labels(reason).inc()
        return "undelivered"
