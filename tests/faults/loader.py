"""Writes the input at a steady pace, so that faults hit during it."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from kafka import KafkaProducer

from agents.config.settings import Settings, kafka_python_options
from agents.kafka.partitioner import partition_of
from agents.kafka.topics import EVENTS
from agents.replay.records import records

FLUSH_S = 180.0
AGAIN_MS = 1_000
"""Ms until a restarted broker is found. kafka-python's 30 s would be most of a case's time."""


class Given(NamedTuple):
    """A record to write. `time` None: the broker sets it."""

    partition: int
    time: int | None
    key: bytes | None
    value: bytes | None


def replayed(lines: Iterable[bytes], partitions: int) -> list[Given]:
    return [Given(*each) for each in records(lines, partitions)]


def live(events: Iterable[tuple[bytes | None, bytes | None]], partitions: int) -> list[Given]:
    """Records of (key, value), with the partition that a storefront's client chooses."""
    return [
        Given(0 if key is None else partition_of(key, partitions), None, key, value)
        for key, value in events
    ]


def send(producer: KafkaProducer, topic: str, given: Given) -> Any:
    """The producer's future."""
    return producer.send(
        topic,
        value=given.value,
        key=given.key,
        partition=given.partition,
        timestamp_ms=given.time,
    )


class Loader:
    """A thread that writes records evenly over some seconds. Raises what the producer raised.

    `waits`: for the replicas too, so that what is sent behind the first of them is appended when they have it.
    """

    def __init__(
        self, settings: Settings, given: Sequence[Given], seconds: float, waits: bool = True
    ) -> None:
        self._topic = settings.topic(EVENTS)
        self._given, self._seconds = given, seconds
        self._producer = KafkaProducer(
            **kafka_python_options(settings),
            acks="all" if waits else 1,
            enable_idempotence=waits,
            linger_ms=20,
            delivery_timeout_ms=300_000,
            reconnect_backoff_max_ms=AGAIN_MS,
        )
        self._failed: list[BaseException] = []
        self._halt = threading.Event()
        self._hurried = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0

    def start(self) -> None:
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def share(self) -> float:
        """The share of the records that is sent."""
        return self.sent / max(1, len(self._given))

    def _run(self) -> None:
        began = time.monotonic()
        pause = self._seconds / max(1, len(self._given))
        try:
            for number, each in enumerate(self._given):
                left = began + number * pause - time.monotonic()
                if left > 0.02:
                    self._hurried.wait(left)
                if self._halt.is_set():
                    return
                send(self._producer, self._topic, each).add_errback(self._failed.append)
                self.sent += 1
            self._producer.flush(timeout=FLUSH_S)
        except Exception as error:
            self._failed.append(error)

    def hurry(self) -> None:
        """Writes the rest at once."""
        self._hurried.set()

    def finish(self) -> None:
        """Waits until all is written."""
        self._thread.join()
        self._producer.close()
        if self._failed:
            raise self._failed[0]

    def halt(self) -> None:
        """Stops writing."""
        self._halt.set()
        self._thread.join(5)
        self._producer.close(timeout=1)
