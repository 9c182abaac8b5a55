"""Faust's consumer, made to deliver whole fetches and to hold what is written to its order.

One Faust message is what one look at the log brought of one topic: a list of `RawBatch` for each partition. Faust
commits nothing (the topics have no acks, the streams no acknowledgements): the flush does, through `commit_offsets`.
Positions are the processors' own, so after a rebalance nothing is skipped that was fetched and dropped.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import suppress
from typing import Any

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.kafka import fetch_protocol, raw_batches, reconnect
from agents.kafka.reconnect import PATIENCE_S, connection_loss_as_error
from agents.worker.consumer_thread import CommittedReads, Fetched
from agents.worker.group import Member


class Begun:
    """A coroutine that has begun, and waits for a future: to be awaited for the rest of it."""

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        with suppress(StopIteration):
            while True:
                try:
                    yield waits_for
                except BaseException as error:
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(None)


class BatchConsumer(driver.Consumer):
    """`polled`: when (monotonic, s) it last looked for records; it does so about once a second."""

    polled: float = 0.0

    def _new_consumer_thread(self) -> CommittedReads:
        return CommittedReads(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        records, _ = await self._wait_next_records(timeout)
        self.polled = time.monotonic()
        topics: dict[str, Fetched] = {}
        for tp, batches in (records or {}).items():
            topics.setdefault(tp.topic, {})[tp] = batches
        for fetched in topics.values():
            if self.should_stop or not self.flow_active:
                return
            message = self._message(fetched)
            yield message.tp, message

    async def sleep(self, n: float) -> None:
        """Faust sleeps for no time before each look at the log: that costs it a task and a timer."""
        await (super().sleep(n) if n else asyncio.sleep(0))

    async def wait_first(self, *coros: Any, timeout: float | None = None) -> Any:
        """Faust hands a message on in a task beside three others, which look whether the flow or the app stops
        meanwhile. Where its agent has room, that takes no time, and none of them."""
        handing, *others = coros
        if not inspect.iscoroutine(handing):
            return await super().wait_first(*coros, timeout=timeout)
        try:
            waits_for = handing.send(None)
        except StopIteration:
            for other in others:
                other.close()
            return None
        return await super().wait_first(Begun(handing, waits_for), *others, timeout=timeout)

    def _message(self, fetched: Fetched) -> ConsumerMessage:
        """Of one topic. It goes by the name of its first partition."""
        tp, batches = next(iter(fetched.items()))
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batches[-1].next - 1,
            0.0,
            0,
            (),
            None,
            fetched,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    @property
    def member(self) -> Member:
        """As Group.member."""
        coordinator = self._thread._ensure_consumer()._coordinator
        return coordinator.generation, coordinator.member_id

    async def check(self) -> None:
        """Raises KafkaError for what has ended our part in the group (a right that is missing, another process of the same
        instance id): aiokafka waits until it is asked, and Faust never asks."""

        async def ask() -> None:
            coordinator = self._thread._ensure_consumer()._coordinator
            if coordinator is not None:
                coordinator.check_errors()

        if self._thread._consumer is not None:
            await self._thread.call_thread(ask)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Writes and commits what was processed, while that is still allowed."""
        self.hold()
        await self.app.listener.on_revoked(lost=self.member[0] < 0)
        await super().on_partitions_revoked(revoked)

    def hold(self) -> None:
        """No more input reaches the agents; what waits for them is dropped, to be fetched again."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    async def perform_seek(self) -> None:
        """To the processors' positions, before the flow resumes."""
        await self.app.listener.resume()

    async def wait_empty(self) -> None:
        """Nothing is left to wait for: the flush has its own order."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """The group's offsets."""

        async def ask() -> dict[TP, int | None]:
            consumer = self._thread._ensure_consumer()
            with connection_loss_as_error():
                return {tp: await consumer.committed(TopicPartition(*tp)) for tp in partitions}

        found: dict[TP, int | None] = await self._asked(ask)
        return found

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """False when a rebalance came first: the offsets are then the next owner's.

        Waits for the broker when it does not answer. Raises KafkaError for what will not pass.
        """

        async def commit() -> bool:
            consumer = self._thread._ensure_consumer()
            try:
                with connection_loss_as_error():
                    await consumer.commit(
                        {TopicPartition(*tp): OffsetAndMetadata(o, "") for tp, o in offsets.items()}
                    )
            except (CommitFailedError, IllegalStateError):
                return False
            return True

        return bool(await self._asked(commit))

    async def _asked(self, question: Callable[[], Awaitable[Any]]) -> Any:
        """The group coordinator's answer; asked again when the connection breaks, which changes nothing."""
        while True:
            try:
                return await self._thread.call_thread(question)
            except KafkaConnectionError:
                await asyncio.sleep(PATIENCE_S)


def install() -> None:
    """Faust's Kafka transport uses this consumer, and aiokafka's consumers read raw batches."""
    reconnect.install()
    raw_batches.install()
    fetch_protocol.install()
    driver.Transport.Consumer = BatchConsumer
