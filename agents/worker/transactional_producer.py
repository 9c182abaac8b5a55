"""One transactional producer for each owned input partition, with delivery exactly once.

A transaction contains a partition's outputs, its state and its offset. Each checkpoint commits one. Readers of
committed records see all of it or nothing, so they never see a copy. Opening the producer fences the
partition's former owner and aborts its open transaction. This must happen before the restore.
Source: KIP-98. The client does not support the group's generation (KIP-447), so each partition has its own
transactional id: an id for each worker would not fence a former owner.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from aiokafka.errors import IllegalOperation, ProducerFenced
from aiokafka.structs import TopicPartition
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import Layout
from agents.worker.packing import Packer
from agents.worker.producer import Ack, OutputProducer, retrieve_exception

TIMEOUT_MS: Final = 10_000
"""Ms after which the broker aborts a transaction. Until then an abandoned one blocks readers of its partitions."""

ABORTED: Final = (
    f"the transaction was aborted: it was open for more than {TIMEOUT_MS / 1000:.0f} s, because the broker did not "
    "answer or this process was frozen; or another worker owns the partition now"
)

RETRY_MS: Final = 20
"""Ms between retries. The broker often refuses the first records of a transaction while it ends the last one."""


class TransactionalProducer(OutputProducer):
    """The producer of one partition. A transaction begins with the first records after the last commit."""

    def __init__(self, settings: Settings, layout: Layout, tp: TP) -> None:
        super().__init__(
            settings,
            layout,
            transactional_id=f"{settings.group}-{tp.topic}-{tp.partition}",
            transaction_timeout_ms=TIMEOUT_MS,
            retry_backoff_ms=RETRY_MS,
        )
        self._group = settings.group
        self._is_open = False
        self._abandoned = asyncio.get_running_loop().create_future()
        self._request: asyncio.Future[None] | None = None

    def _packer(self, codec: int) -> Packer:
        return Packer(codec, transactional=True)

    async def _begin(self) -> None:
        if not self._is_open:
            self._is_open = True
            await self._producer.begin_transaction()

    async def _send(self, packer: Packer) -> list[Ack]:
        """Sends records. Raises ProducerFenced if the transaction has ended."""
        await self._begin()
        try:
            return await super()._send(packer)
        except IllegalOperation as error:
            raise ProducerFenced(ABORTED) from error

    def abandon(self) -> None:
        """Gives the partition up. Its next owner aborts the open transaction."""
        if not self._abandoned.done():
            self._abandoned.set_result(None)
        self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        await self.stop()
        if self._request:
            self._request.cancel()  # a stopped producer gets no more answers

    async def _await_coordinator(self, request: Coroutine[Any, Any, None]) -> None:
        """Awaits a request to the coordinator. If the caller is cancelled, the request continues; a failure is ignored."""
        self._request = asyncio.ensure_future(request)
        self._request.add_done_callback(retrieve_exception)
        await asyncio.shield(self._request)

    async def run_until_fenced(self, work: Coroutine[Any, Any, bool]) -> bool:
        """Returns the result of `work`, or False once the partition is given up: a stopped producer gets no answers.

        Raises ProducerFenced in our own words: the client's name an option that we do not have.
        """
        task = asyncio.ensure_future(work)
        # the caller may be cancelled while the work fails
        task.add_done_callback(retrieve_exception)
        try:
            await asyncio.wait((task, self._abandoned), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = task.done()
            if not ended:
                task.cancel()
        try:
            return ended and task.result()
        except ProducerFenced as error:
            raise ProducerFenced(ABORTED) from error

    async def commit(self, offsets: Mapping[TP, int]) -> None:
        """Commits the transaction with these offsets. Raises ProducerFenced if another worker owns the partition."""
        if offsets:
            await self._begin()
            given = {TopicPartition(*tp): offset for tp, offset in offsets.items()}
            await self._await_coordinator(
                self._producer.send_offsets_to_transaction(given, self._group)
            )
        if self._is_open:
            await self._await_coordinator(self._producer.commit_transaction())
            self._is_open = False
