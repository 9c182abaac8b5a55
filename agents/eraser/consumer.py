"""The consumer of an eraser: a member of its group that commits the erasures of which nothing is kept.

Reading and looking run side by side: the member stays in its group during a long pass.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from aiokafka.errors import (
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
)
from aiokafka.structs import TopicPartition

from agents.eraser.followed import FollowedErasures, OpenErasure
from agents.eraser.metrics import EraserMetrics
from agents.eraser.passes import ErasurePasses
from agents.eraser.settings import EraserSettings
from agents.erasure.states import COMPACTED
from agents.kafka import group_member, open_records
from agents.kafka.reconnect import connection_loss_as_error
from agents.kafka.topics import EVENTS, STATE_PEOPLE, TopicsMissing
from agents.runtime.log import say
from agents.worker.producer import ERASED

log = logging.getLogger("triggers.eraser")

POLL_MS: Final = 500
AT_ONCE: Final = 500
COMMIT_S: Final = 1.0
LOOK_S: Final = 0.5
"""Seconds between two questions whether an erasure is due. Without one nothing is read."""

FRESH_S: Final = 10.0
"""A broker counts as answering if its last answer is at most this old (s)."""

USED: Final = (ERASED, EVENTS, *(topic for topic in COMPACTED if topic != STATE_PEOPLE))


class ErasureConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """The consumer.

    `followed`: None between two assignments · `polled`: time (monotonic, s) of the last poll, or of the assignment ·
    `fault`: why the last pass failed, "" if it did not.
    """

    def __init__(
        self, settings: EraserSettings, passes: ErasurePasses, metrics: EraserMetrics
    ) -> None:
        self._settings, self._passes, self._metrics = settings, passes, metrics
        self._consumer: Any = None
        self.followed: FollowedErasures | None = None
        self.polled = 0.0
        self.fault = ""

    async def start(self) -> None:
        """Waits for a broker. Raises TopicsMissing, and KafkaError for errors that are not temporary."""
        common, group = self._settings.common, self._settings.group
        self._consumer = await group_member.start_client(
            lambda: group_member.member(common, "triggers-eraser", group), log
        )
        used = map(common.topic, USED)
        if faults := group_member.missing(used, await group_member.topics(self._consumer)):
            raise TopicsMissing("\n".join(faults))

    async def run(self) -> None:
        """Runs until cancelled. Raises KafkaError, UnreadableState."""
        self._consumer.subscribe([self._settings.common.topic(ERASED)], listener=self)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._look())

    async def _read(self) -> None:
        committed = time.monotonic()
        while True:
            batches = await self._fetched()
            self.polled = time.monotonic()
            followed = self.followed
            if followed is None:
                continue
            followed.take(batches, self.polled)
            open_records.throttle(self._consumer, followed)
            if self.polled - committed >= COMMIT_S:
                offsets = await open_records.positions(self._consumer, followed)
                await open_records.commit(self._consumer, followed, offsets, log)
                committed = time.monotonic()

    async def _fetched(self) -> Mapping[TopicPartition, list[Any]]:
        """Fetched records. Empty if a connection breaks; the caller fetches again."""
        try:
            with connection_loss_as_error():
                found: Mapping[TopicPartition, list[Any]] = await self._consumer.getmany(
                    timeout_ms=POLL_MS, max_records=AT_ONCE
                )
        except KafkaConnectionError:
            return {}
        return found

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            followed = self.followed
            if followed is not None and (due := followed.due(time.monotonic())):
                await self._pass(followed, due)

    async def _pass(self, followed: FollowedErasures, due: list[OpenErasure]) -> None:
        """Looks at the erasures that are due. After a rebalance the next owner of them does it again."""
        times = [each.at for each in due]
        try:
            found = await self._passes.look(due)
            if self.followed is not followed:
                return
            if kept := [each for each in found if each.is_kept]:
                await self._passes.erase(kept)
        except KafkaError as error:
            if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                raise
            self.fault = type(error).__name__
            say(log, "pass_failed", logging.WARNING, error=self.fault)
            for each in due:
                followed.retry(each, time.monotonic())
            return
        self.fault = ""
        for each, at, sought in zip(due, times, found, strict=True):
            if sought.is_kept:
                followed.put_off(each, time.monotonic())
            elif each.at == at:  # else another erasure of the person came in meanwhile
                followed.settle(each)

    @property
    def silent(self) -> int:
        """The number of partitions of which no broker has answered lately. One that is paused asks for nothing."""
        places = self._consumer.assignment() - self._consumer.paused()
        return sum(not self._is_fresh(place) for place in places)

    def _is_fresh(self, place: TopicPartition) -> bool:
        try:
            asked = self._consumer.last_poll_timestamp(place)
        except IllegalStateError:
            return True  # it was revoked just now
        return asked is not None and time.time() - asked / 1000 < FRESH_S

    async def stop(self) -> None:
        """Commits, and leaves the group."""
        if self._consumer is not None:
            await self._end()
            await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._end()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        delay = self._settings.delay_ms / 1000
        self.followed = FollowedErasures(assigned, delay, self._metrics)
        self.polled = time.monotonic()
        say(log, "assigned", partitions=len(assigned))

    async def _end(self) -> None:
        followed, self.followed = self.followed, None
        if followed is not None:
            await open_records.commit(self._consumer, followed, followed.settled(), log)
