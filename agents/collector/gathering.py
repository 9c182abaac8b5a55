"""Gathers the events of many posts into one batch for each partition.

Each partition has one batch under way. Events that come meanwhile go into the next batch. So no event waits for others, a
busy collector sends few large batches, and events keep their order.
"""

import asyncio
import time
from collections import deque

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder


class GatheredBatch:
    """A batch of events of many posts, which wait for its acknowledgement. One timer ends it for all of them."""

    __slots__ = ("_ended", "_fault", "_loop", "_timer", "_waiting", "builder")

    def __init__(self, builder: BatchBuilder, patience: float) -> None:
        self.builder = builder
        self._loop = asyncio.get_running_loop()
        self._waiting: list[asyncio.Future[None]] = []
        self._ended = False
        self._fault: Exception | None = None
        self._timer = self._loop.call_later(patience, self.end, TimeoutError())

    def takes(self, now: int, key: bytes, value: bytes) -> bool:
        """Whether it took the event. It does not if it is full or under way; an empty batch takes any event."""
        return self.builder.append(timestamp=now, key=key, value=value) is not None

    async def acknowledged(self) -> None:
        """Waits for the acknowledgement. Raises TimeoutError, KafkaError."""
        if not self._ended:
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            await waiter
        if self._fault is not None:
            raise self._fault

    def end(self, fault: Exception | None = None) -> None:
        """Tells all who wait: it is acknowledged, or why not. Only the first call counts."""
        if self._ended:
            return
        self._ended, self._fault = True, fault
        self._timer.cancel()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


class Gathering:
    """The batches of one topic and one producer. When the producer fails, all waiting batches fail too."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, patience: float) -> None:
        """`patience`: seconds within which a batch must be acknowledged, from its first event on."""
        self._producer = producer
        self._topic = topic
        self._patience = patience
        self._waiting: dict[int, deque[GatheredBatch]] = {}
        """By partition. The first batch is under way."""
        self._senders: dict[int, asyncio.Task[None]] = {}

    def add(self, partition: int, key: bytes, value: bytes) -> GatheredBatch:
        """Adds an event. Returns its batch."""
        now = time.time_ns() // 1_000_000
        waiting = self._waiting.get(partition)
        if waiting and waiting[-1].takes(now, key, value):
            return waiting[-1]
        return self._opened(partition, now, key, value)

    def _opened(self, partition: int, now: int, key: bytes, value: bytes) -> GatheredBatch:
        """Opens the next batch of a partition with an event."""
        waiting = self._waiting.setdefault(partition, deque())
        opened = GatheredBatch(self._producer.create_batch(), self._patience)
        opened.takes(now, key, value)
        waiting.append(opened)
        if partition not in self._senders:
            self._senders[partition] = asyncio.create_task(self._send(partition, waiting))
        return opened

    async def _send(self, partition: int, waiting: deque[GatheredBatch]) -> None:
        """Sends the batches of a partition until none waits, or the producer fails."""
        fault = KafkaError("the producer is gone")
        try:
            while waiting:
                builder = waiting[0].builder
                builder.close()
                sent = await self._producer.send_batch(builder, self._topic, partition=partition)
                await sent
                waiting.popleft().end()
        except KafkaError as error:
            fault = error
        finally:
            while waiting:
                waiting.popleft().end(fault)
            del self._senders[partition]
