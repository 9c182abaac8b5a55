"""Faust's consumer, made to deliver whole fetches and to hold what is written to its order.

One Faust message is what one fetch brought of one partition: a list of `RawBatch`. Faust commits nothing
(the topics have no acks, the streams no acknowledgements): the flush does, through `commit_offsets`.
Positions are the processors' own, so after a rebalance nothing is skipped that was fetched and dropped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.kafka import raw_batches, reconnect
from agents.kafka.reconnect import PATIENCE_S, connection_loss_as_error

FEW: Final = 1_000
GATHER_S: Final = 0.004
"""After fewer records than that comes a pause: what a fetch costs is then paid for more of them. At 5,000 events
a second it takes 41 % of a core instead of 68, and an exit trigger 11 ms instead of 3. Longer: all answers later."""


class CommittedReads(driver.AIOKafkaConsumerThread):
    """Reads no event of a transaction that is open or aborted."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class BatchConsumer(driver.Consumer):
    """`polled`: when (monotonic, s) it last looked for records; it does so about once a second."""

    polled: float = 0.0

    def _new_consumer_thread(self) -> CommittedReads:
        return CommittedReads(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        records, _ = await self._wait_next_records(timeout)
        self.polled = time.monotonic()
        found = 0
        for tp, fetched in (records or {}).items():
            if self.should_stop or not self.flow_active:
                return
            found += sum(batch.count for batch in fetched)
            yield tp, self._message(tp, fetched)
        if 0 < found < FEW:
            await asyncio.sleep(GATHER_S)

    def _message(self, tp: TP, fetched: list[raw_batches.RawBatch]) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            fetched[-1].next - 1,
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
    def member(self) -> tuple[int, str]:
        """(generation, member id) in the group; the generation is -1 once the group has cast us out."""
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
        await self.app.assignment.revoked(lost=self.member[0] < 0)
        await super().on_partitions_revoked(revoked)

    def hold(self) -> None:
        """No more input reaches the agents; what waits for them is dropped, to be fetched again."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    async def perform_seek(self) -> None:
        """To the processors' positions, before the flow resumes."""
        await self.app.assignment.begin()

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
    driver.Transport.Consumer = BatchConsumer
