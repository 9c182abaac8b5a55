"""Faust's consumer thread, changed to pass fetched batches to the event loop that processes them."""

import asyncio
from collections import deque

from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from agents.kafka import paced_fetch, raw_batches
from agents.kafka.fetched_batches import FetchedBatches

Fetched = dict[TP, list[raw_batches.RawBatch]]


class CommittedReads(driver.AIOKafkaConsumerThread):
    """A consumer thread that reads committed records only."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _keepalive2(self) -> None:
        """Does nothing. Faust's two keepalives would wake both event loops once a second. They need no waking: every call
        from another thread wakes the loop that it calls."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _thread_keepalive(self) -> None:
        """Does nothing, as `_keepalive2`."""

    async def on_start(self) -> None:
        await super().on_start()
        self._fetched: deque[FetchedBatches] = deque()
        self._arrived: asyncio.Future[None] | None = None
        paced_fetch.PacedFetch(
            self._consumer._fetcher,
            self.app.gather_s,
            self.app.fetch,
            self._arrive,
            self._processing_loop,
        )

    @property
    def _processing_loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = self.consumer.loop
        return loop

    def _arrive(self, brought: FetchedBatches) -> None:
        """Queues the batches of a fetch. Called in the event loop that processes them."""
        self._fetched.append(brought)
        self._wake()

    def _wake(self) -> None:
        if self._arrived and not self._arrived.done():
            self._arrived.set_result(None)

    async def getmany(self, active: set[TP] | None, timeout: float) -> Fetched:
        """Returns fetched batches. If none come within `timeout` (s), it asks the fetching thread for batches that aiokafka
        has buffered. That also shows whether the thread is alive."""
        if not self._fetched:
            self._arrived = self._processing_loop.create_future()
            timer = self._processing_loop.call_later(timeout, self._wake)
            await self._arrived
            timer.cancel()
        if self._fetched and not self._fetched[0].elsewhere:
            return self._take(active)
        while self._fetched and self._fetched[0].elsewhere:
            self._fetched.popleft()
        return await self._kept(active)

    def _take(self, active: set[TP] | None) -> Fetched:
        """Returns the batches of the oldest fetch. Raises the error of a failed fetch."""
        if not self.consumer.flow_active:
            return {}
        brought = self._fetched.popleft()
        found = brought.take(lambda tp: active is None or tp in active)
        if brought.error:
            raise brought.error
        return found

    async def _kept(self, active: set[TP] | None) -> Fetched:
        consumer = self._ensure_consumer()
        asked = self._fetch_records(consumer, active, timeout=0, max_records=None)
        answer = asyncio.run_coroutine_threadsafe(asked, self.thread_loop)
        found: Fetched = await asyncio.wrap_future(answer)
        return found
