"""A member of a consumer group that commits its own offsets. Senders and bridges use it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from agents.config.settings import Settings, aiokafka_options
from agents.kafka.partitioner import partition_counts
from agents.kafka.reconnect import answered, connection_loss_as_error
from agents.runtime.log import say

HEARTBEATS: Final = 4
"""Heartbeats in a session timeout."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
"""First and longest pause (s) between two attempts while no broker answers."""

COMMIT_S: Final = 3.0
"""Timeout (s) of a commit. Without one it would wait for a broker for ever."""

GRACE_S: Final = 5.0
"""Seconds to finish open work after a signal to stop. With the last commit it fits the 10 s that supervisors wait."""


def member(settings: Settings, client: str, group: str, **options: Any) -> Any:
    """A consumer that is not started yet. It never commits by itself, and reads committed records only."""
    return AIOKafkaConsumer(
        **aiokafka_options(settings),
        client_id=client,
        group_id=group,
        group_instance_id=settings.instance_id,
        session_timeout_ms=settings.session_ms,
        heartbeat_interval_ms=settings.session_ms // HEARTBEATS,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **options,
    )


async def start_client(make: Callable[[], Any], log: logging.Logger) -> Any:
    """Waits for a broker, and returns a started client. `make`: returns a new one. Raises KafkaError if it cannot start."""
    pause = FIRST_PAUSE_S
    while True:
        client = make()
        try:
            with connection_loss_as_error():
                await client.start()
        except KafkaConnectionError as error:
            await client.stop()
            say(log, "no_broker", logging.WARNING, error=type(error).__name__, retry_s=pause)
        else:
            return client
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def topics(consumer: AIOKafkaConsumer) -> set[str]:
    """The names of all visible topics, once a broker answers. Raises KafkaError for errors that are not temporary."""
    return set(await answered(lambda: partition_counts(consumer)))


def missing(own: Iterable[str], there: Iterable[str]) -> list[str]:
    """A line for each missing topic of the service."""
    return [
        f"{each} is missing: make it with `storefront-triggers topics`"
        for each in sorted(set(own) - set(there))
    ]
