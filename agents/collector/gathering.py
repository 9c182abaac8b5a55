"""Gathers the events of many posts into one batch for each partition.

Each partition has one batch under way. Events that come meanwhile go into the next batch. So no event waits for others, a
busy collector sends few large batches, and events keep their order.
"""

import asyncio
import time
from collections import deque
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

Ack = asyncio.Future[None]


class GatheredBatch(NamedTuple):
    batch: BatchBuilder
    ack: Ack


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

    def add(self, partition: int, key: bytes, value: bytes) -> Ack:
        """Adds an event. Returns the acknowledgement of its batch. Other posts wait for it too: do not cancel it."""
        now = time.time_ns() // 1_000_000
        waiting = self._waiting.get(partition)
        if waiting and _takes(waiting[-1].batch, now, key, value):
            return waiting[-1].ack
        return self._opened(partition, now, key, value)

    def _opened(self, partition: int, now: int, key: bytes, value: bytes) -> Ack:
        """Opens the next batch of a partition with an event."""
        waiting = self._waiting.setdefault(partition, deque())
        opened = GatheredBatch(self._producer.create_batch(), _promise(self._patience))
        _takes(opened.batch, now, key, value)
        waiting.append(opened)
        if partition not in self._senders:
            self._senders[partition] = asyncio.create_task(self._send(partition, waiting))
        return opened.ack

    async def _send(self, partition: int, waiting: deque[GatheredBatch]) -> None:
        """Sends the batches of a partition until none waits, or the producer fails."""
        fault = KafkaError("the producer is gone")
        try:
            while waiting:
                batch, ack = waiting[0]
                batch.close()
                sent = await self._producer.send_batch(batch, self._topic, partition=partition)
                await sent
                waiting.popleft()
                if not ack.done():
                    ack.set_result(None)
        except KafkaError as error:
            fault = error
        finally:
            while waiting:
                _fail(waiting.popleft().ack, fault)
            del self._senders[partition]


def _takes(batch: BatchBuilder, now: int, key: bytes, value: bytes) -> bool:
    """Whether the batch took the event. It does not if it is full or under way; an empty batch takes any event."""
    return batch.append(timestamp=now, key=key, value=value) is not None


def _promise(patience: float) -> Ack:
    """An acknowledgement, or a TimeoutError: one timer for all posts that wait for it.

    asyncio does not report its failure when nobody retrieves it: the posts may have given up.
    """
    loop = asyncio.get_running_loop()
    ack: Ack = loop.create_future()
    timer = loop.call_later(patience, _fail, ack, TimeoutError())

    def done(ack: Ack) -> None:
        timer.cancel()
        if not ack.cancelled():
            ack.exception()

    ack.add_done_callback(done)
    return ack


def _fail(ack: Ack, fault: Exception) -> None:
    if not ack.done():
        ack.set_exception(fault)
