"""Faust's consumer, changed to pass whole fetches to the assignment and to leave commits to the checkpoint.

A fetch returns a list of `RawBatch` for each partition. They are not turned into Faust's messages: at a few hundred
events a second, messages cost more than applying the events. Faust itself commits nothing; the checkpoint calls
`commit_offsets`. The processors keep the positions, so input that a rebalance drops is fetched again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.kafka import fetch_protocol, raw_batches, reconnect
from agents.kafka.reconnect import RETRY_S, connection_loss_as_error
from agents.worker.consumer_thread import CommittedReads
from agents.worker.group import Member

CHECK_S: Final = 5.0
"""Seconds without input before the fetching thread is checked. Longer: a dead thread is found later. Shorter: an idle
worker uses more CPU."""


class BatchConsumer(driver.Consumer):
    """The consumer of a worker."""

    def _new_consumer_thread(self) -> CommittedReads:
        return CommittedReads(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Passes fetched batches to the assignment until Faust stops. It yields nothing: Faust would make messages of
        what it yields.

        An error of a fetch ends the process. Faust would log its traceback twice, and end without its name.
        """
        while not self.should_stop:
            try:
                fetched, _ = await self._wait_next_records(max(timeout, CHECK_S))
            except self.consumer_stopped_errors:
                raise
            except Exception as error:
                self.app.fail(error)
                await asyncio.Future()
            if fetched and self.flow_active:
                await self.app.take(fetched)
        nothing: tuple[tuple[TP, ConsumerMessage], ...] = ()
        for each in nothing:
            yield each

    @property
    def member(self) -> Member:
        """See Group.member."""
        coordinator = self._thread._ensure_consumer()._coordinator
        return coordinator.generation, coordinator.member_id

    async def check(self) -> None:
        """Raises KafkaError if the worker cannot stay in its group: a right is missing, or another process has its
        instance id. aiokafka raises this only on request, and Faust never requests it.
        """

        async def call() -> None:
            coordinator = self._thread._ensure_consumer()._coordinator
            if coordinator is not None:
                coordinator.check_errors()

        if self._thread._consumer is not None:
            await self._thread.call_thread(call)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Writes and commits what was processed, while the group still accepts a commit."""
        self.hold()
        await self.app.listener.on_revoked(lost=self.member[0] < 0)
        await super().on_partitions_revoked(revoked)

    def hold(self) -> None:
        """Stops the input. Fetched batches that are not applied yet are dropped, and fetched again."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    async def perform_seek(self) -> None:
        """Seeks to the processors' positions, before input flows again. Faust calls it."""
        await self.app.listener.resume()

    async def wait_empty(self) -> None:
        """Returns at once: there are no Faust messages to wait for."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """See Group.committed_offsets."""

        async def call() -> dict[TP, int | None]:
            consumer = self._thread._ensure_consumer()
            with connection_loss_as_error():
                return {tp: await consumer.committed(TopicPartition(*tp)) for tp in partitions}

        committed: dict[TP, int | None] = await self._request(call)
        return committed

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

        return bool(await self._request(commit))

    async def _request(self, request: Callable[[], Awaitable[Any]]) -> Any:
        """Returns the group coordinator's answer. Repeats the request after a broken connection; that is safe."""
        while True:
            try:
                return await self._thread.call_thread(request)
            except KafkaConnectionError:
                await asyncio.sleep(RETRY_S)


def install() -> None:
    """Makes Faust's Kafka transport use this consumer, and aiokafka's consumers return raw batches."""
    reconnect.install()
    raw_batches.install()
    fetch_protocol.install()
    driver.Transport.Consumer = BatchConsumer
