"""Writes copies of refused events to `storefront.rejected`. No answer and no valid event waits for it.

If the topic is missing or forbidden, only the copies are lost. Lost copies are counted.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.collector.metrics import CollectorMetrics
from agents.collector.validation import Refused
from agents.config.settings import Settings, aiokafka_options
from agents.kafka.topics import REJECTED
from agents.runtime.log import say
from stream.events.nearest import named

log = logging.getLogger("triggers.collector")

LARGEST: Final = 256 * 1024
"""Bytes that are kept of an event: enough for any valid cart."""

HELD: Final = 8 * 1024 * 1024
"""Bytes that may wait or be unacknowledged. Copies above it are lost."""

TIMEOUT_MS: Final = 10_000
AGAIN_S: Final = 1.0
GOODBYE_S: Final = 3.0
REPORT_EVERY_S: Final = 60.0

Headers = list[tuple[str, bytes]]


class RejectedCopy(NamedTuple):
    value: bytes
    headers: Headers


def kept(source: str, refused: Refused, now_ms: int) -> RejectedCopy:
    """The record of a refused event: its bytes, cut to LARGEST, and headers that say why it was refused."""
    headers = [
        ("reason", refused.reason.encode()),
        ("path", refused.path.encode()),
        ("time", b"%d" % now_ms),
        ("source", source.encode()),
    ]
    if name := named(refused.value):
        headers.append(("type", name.encode()))
    if len(refused.value) > LARGEST:
        headers.append(("size", b"%d" % len(refused.value)))
    return RejectedCopy(refused.value[:LARGEST], headers)


class Rejects:
    """Writes copies. `run` must run for as long as events come."""

    def __init__(self, settings: Settings, collected: CollectorMetrics) -> None:
        self._options = aiokafka_options(settings)
        self._topic = settings.topic(REJECTED)
        self._collected = collected
        self._waiting: deque[RejectedCopy] = deque()
        self._come = asyncio.Event()
        self._held = 0
        self._reported = -REPORT_EVERY_S

    def keep(self, source: str, refused: Sequence[Refused]) -> None:
        now = time.time_ns() // 1_000_000
        for each in refused:
            record = kept(source, each, now)
            if self._held + len(record.value) > HELD:
                self._lost("too many at once")
                continue
            self._held += len(record.value)
            self._waiting.append(record)
            self._come.set()

    async def run(self) -> None:
        """Keeps a producer running: when one fails, the next starts. At the end waiting copies get a last chance."""
        try:
            while True:
                with suppress(KafkaError, OSError):
                    await self._carry(for_ever=True)
                await asyncio.sleep(AGAIN_S)
        finally:
            with suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._carry(for_ever=False)

    async def _carry(self, for_ever: bool) -> None:
        """Sends copies as they come, or only those that wait now. Raises KafkaError, OSError."""
        while for_ever and not self._waiting:
            self._come.clear()
            await self._come.wait()
        if not self._waiting:
            return
        producer = self._producer()
        try:
            await producer.start()
            while for_ever or self._waiting:
                while self._waiting:
                    await self._send(producer, self._waiting[0])
                    self._waiting.popleft()
                if for_ever:
                    self._come.clear()
                    await self._come.wait()
        finally:
            with suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(GOODBYE_S):
                    await producer.stop()

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._options,
            client_id="triggers-collector-rejects",
            acks="all",
            compression_type="gzip",
            request_timeout_ms=TIMEOUT_MS,
        )

    async def _send(self, producer: AIOKafkaProducer, record: RejectedCopy) -> None:
        """Sends a copy. One that the topic refuses is lost; after a lost connection it keeps its place."""
        try:
            sent = await producer.send(self._topic, record.value, headers=record.headers)
        except KafkaError as error:
            self._held -= len(record.value)
            self._lost(type(error).__name__)
        else:
            sent.add_done_callback(partial(self._done, len(record.value)))

    def _done(self, size: int, sent: "asyncio.Future[Any]") -> None:
        self._held -= size
        if not sent.cancelled() and (error := sent.exception()):
            self._lost(type(error).__name__)

    def _lost(self, why: str) -> None:
        self._collected.lost()
        if time.monotonic() - self._reported > REPORT_EVERY_S:
            self._reported = time.monotonic()
            say(log, "rejects_lost", logging.WARNING, why=why, topic=self._topic)
