"""Reads ahead of the deliveries, so that every cancel is known before its trigger is sent.

After a stop, or while the endpoint fails, the cancel of a trigger can be thousands of records ahead. So no trigger
of a partition is sent unless this index was at the partition's end within the last FRESH_S. While no broker
answers, nothing is sent. The index keeps the ids of cancels that are not delivered yet, some hundred bytes each.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import group_member
from agents.sender import message
from agents.sender.clock import Clock

log = logging.getLogger("triggers.sender")

POLL_MS: Final = 100
FRESH_S: Final = 2.0
"""Seconds for which a partition counts as caught up. Shorter: a slow broker stops the sending. Longer: an order of
this age may still be unknown."""


Starts = Mapping[TopicPartition, int | None]


class _Ahead:
    """The cancels of one partition that are neither delivered nor dropped, by offset. `last`: the last one of each trigger,
    because a worker that crashed may write a trigger and its cancel again."""

    def __init__(self) -> None:
        self.cancels: deque[tuple[int, str]] = deque()
        self.last: dict[str, int] = {}
        self.seen = asyncio.Event()

    def saw(self, offset: int, trigger_id: str) -> None:
        self.cancels.append((offset, trigger_id))
        self.last[trigger_id] = offset

    def passed(self, offset: int) -> None:
        while self.cancels and self.cancels[0][0] < offset:
            at, trigger_id = self.cancels.popleft()
            if self.last[trigger_id] == at:
                del self.last[trigger_id]


class CancellationIndex:
    """The index, for one assignment after the other: `watch` begins one, `rest` ends it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._ahead: dict[TopicPartition, _Ahead] = {}
        self._waiting: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        self._consumer: Any = None

    async def start(self) -> None:
        """Starts, and waits for a broker. Raises KafkaError for errors that are not temporary."""
        self._consumer = await group_member.start_client(
            lambda: AIOKafkaConsumer(
                **aiokafka_options(self._settings),
                client_id="triggers-sender-cancellations",
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=POLL_MS,
            ),
            log,
        )

    async def stop(self) -> None:
        await self.rest()
        if self._consumer is not None:
            await self._consumer.stop()

    def watch(self, places: Iterable[TopicPartition], starts: Awaitable[Starts]) -> None:
        """Begins to read ahead. `starts`: the first offset to deliver; None: the first retained record."""
        self._ahead = {place: _Ahead() for place in places}
        self._task = asyncio.create_task(self._run(starts))

    async def rest(self) -> None:
        """Stops reading ahead. No partition counts as caught up."""
        self._ahead = {}
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.wait((task,))

    def check(self) -> None:
        """Raises the error that ended the reading, if there is one."""
        if self._task and self._task.done():
            self._task.result()

    @property
    def behind(self) -> int:
        """Number of partitions that are not caught up."""
        return sum(not ahead.seen.is_set() for ahead in self._ahead.values())

    def cancelled(self, place: TopicPartition, trigger_id: str) -> bool:
        return trigger_id in self._ahead[place].last

    def caught_up(self, place: TopicPartition) -> bool:
        """Whether the index was at the partition's end within FRESH_S."""
        return self._ahead[place].seen.is_set()

    async def seen(self, place: TopicPartition) -> None:
        """Waits until the partition is caught up."""
        await self._ahead[place].seen.wait()

    async def pause(self, place: TopicPartition, trigger_id: str, seconds: float) -> None:
        """Waits for `seconds`, or until the trigger is cancelled."""
        if self.cancelled(place, trigger_id):
            return
        event = self._waiting[trigger_id] = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.pop(trigger_id, None)

    def passed(self, place: TopicPartition, offset: int) -> None:
        """Notes that everything before `offset` is settled. Ignored after `rest`."""
        if place in self._ahead:
            self._ahead[place].passed(offset)

    async def _run(self, starts: Awaitable[Starts]) -> None:
        found = await starts
        if not found:
            return
        self._consumer.assign(list(found))
        for place, offset in found.items():
            if offset is None:
                await self._consumer.seek_to_beginning(place)
            else:
                self._consumer.seek(place, offset)
        while True:
            for place, records in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    self._saw(place, record)
            for place, ahead in self._ahead.items():
                if await self._at_end(place):
                    ahead.seen.set()
                else:
                    ahead.seen.clear()

    def _saw(self, place: TopicPartition, record: Any) -> None:
        self._clock.saw(record.timestamp)
        try:
            found = message.read(record.value)
        except message.NotATrigger:
            return
        if found.cancels:
            self._ahead[place].saw(record.offset, found.trigger_id)
            if found.trigger_id in self._waiting:
                self._waiting[found.trigger_id].set()

    async def _at_end(self, place: TopicPartition) -> bool:
        """Whether the position is at the end of the partition, as a broker recently returned it."""
        polled, end = (
            self._consumer.last_poll_timestamp(place),
            self._consumer.last_stable_offset(place),
        )
        if polled is None or end is None or time.time() - polled / 1000 > FRESH_S:
            return False
        return bool(await self._consumer.position(place) >= end)
