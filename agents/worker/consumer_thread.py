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
        self._arrival: asyncio.Future[None] | None = None
        paced_fetch.PacedFetch(
            self._consumer._fetcher,
            self.app.gather_s,
            self.app.fetch,
            self._on_fetch,
            self._processing_loop,
        )

    @property
    def _processing_loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = self.consumer.loop
        return loop

    def _on_fetch(self, fetch: FetchedBatches) -> None:
        """Queues the batches of a fetch. Called in the event loop that processes them."""
        self._fetched.append(fetch)
        self._wake()

    def _wake(self) -> None:
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    async def getmany(self, active: set[TP] | None, timeout: float) -> Fetched:
        """Returns fetched batches. If none come within `timeout` (s), it asks the fetching thread for batches that aiokafka
        has buffered. That also shows whether the thread is alive."""
        if not self._fetched:
            self._arrival = self._processing_loop.create_future()
            timer = self._processing_loop.call_later(timeout, self._wake)
            await self._arrival
            timer.cancel()
        if self._fetched and not self._fetched[0].elsewhere:
            return self._take(active)
        while self._fetched and self._fetched[0].elsewhere:
            self._fetched.popleft()
        return await self._buffered(active)

    def _take(self, active: set[TP] | None) -> Fetched:
        """Returns the batches of the oldest fetch. Raises the error of a failed fetch."""
        if not self.consumer.flow_active:
            return {}
        fetch = self._fetched.popleft()
        batches = fetch.take(lambda tp: active is None or tp in active)
        if fetch.error:
            raise fetch.error
        return batches

    async def _buffered(self, active: set[TP] | None) -> Fetched:
        consumer = self._ensure_consumer()
        request = self._fetch_records(consumer, active, timeout=0, max_records=None)
        response = asyncio.run_coroutine_threadsafe(request, self.thread_loop)
        batches: Fetched = await asyncio.wrap_future(response)
        return batches
