"""Faust's consumer, changed to deliver whole fetches and to leave commits to the checkpoint.

A Faust message is what one fetch brought of one topic: a list of `RawBatch` for each partition. Faust itself
commits nothing; the checkpoint does, with `commit_offsets`. The processors keep the positions: what was
fetched and dropped in a rebalance is fetched again.
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
    """A coroutine that has started and waits for a future. Awaiting this runs the rest."""

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
        """Skips Faust's sleep of 0 s before each fetch, which costs a task and a timer."""
        await (super().sleep(n) if n else asyncio.sleep(0))

    async def wait_first(self, *coros: Any, timeout: float | None = None) -> Any:
        """Faust hands a message to its agent in a task, beside three tasks that watch whether the flow or the app stops.

        An agent that has room takes it at once. Then no task is needed.
        """
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
        """A message of one topic. It has the number of its first partition."""
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
        """See Group.member."""
        coordinator = self._thread._ensure_consumer()._coordinator
        return coordinator.generation, coordinator.member_id

    async def check(self) -> None:
        """Raises KafkaError if the worker cannot stay in its group: a right is missing, or another process has its
        instance id. aiokafka raises this only when somebody asks it, and Faust never does.
        """

        async def ask() -> None:
            coordinator = self._thread._ensure_consumer()._coordinator
            if coordinator is not None:
                coordinator.check_errors()

        if self._thread._consumer is not None:
            await self._thread.call_thread(ask)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Writes and commits what was processed, while the group still accepts it."""
        self.hold()
        await self.app.listener.on_revoked(lost=self.member[0] < 0)
        await super().on_partitions_revoked(revoked)

    def hold(self) -> None:
        """Stops the input. Drops what waits for an agent; it is fetched again."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    async def perform_seek(self) -> None:
        """Called by Faust to seek: sets the processors' positions before input flows again."""
        await self.app.listener.resume()

    async def wait_empty(self) -> None:
        """Does not wait: the checkpoint has its own order."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """The group's offsets."""

        async def ask() -> dict[TP, int | None]:
            consumer = self._thread._ensure_consumer()
            with connection_loss_as_error():
                return {tp: await consumer.committed(TopicPartition(*tp)) for tp in partitions}

        found: dict[TP, int | None] = await self._asked(ask)
        return found

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Commits. Returns False if a rebalance came first: the offsets then belong to the next owner.

        Waits for a broker that does not answer. Raises KafkaError for errors that are not temporary.
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
        """The group coordinator's answer. A broken connection repeats the request, which changes nothing."""
        while True:
            try:
                return await self._thread.call_thread(question)
            except KafkaConnectionError:
                await asyncio.sleep(PATIENCE_S)


def install() -> None:
    """Makes Faust's Kafka transport use this consumer, and aiokafka's consumers read raw batches."""
    reconnect.install()
    raw_batches.install()
    fetch_protocol.install()
    driver.Transport.Consumer = BatchConsumer
