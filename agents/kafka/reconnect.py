"""Distinguishes a lost connection from a cancelled task, and waits for brokers that are not up yet."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
)

T = TypeVar("T")

RETRY_S: Final = 0.5
"""Pause (s) between two attempts while no broker answers."""

RECONNECT_S: Final = 0.2
"""Pause (s) after a connection that failed. Longer: a broker that is back is found later."""


@contextmanager
def connection_loss_as_error() -> Iterator[None]:
    """Raises KafkaConnectionError if a connection breaks.

    aiokafka then cancels the task that waits for it. If no one requested the cancellation, the connection was lost.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise KafkaConnectionError("the connection broke") from None


async def start_when_available(
    start: Callable[[], Awaitable[None]], wanted: Callable[[], bool]
) -> bool:
    """Starts a client; retries until a broker answers. Returns False if `wanted` is false first."""
    while wanted():
        try:
            with connection_loss_as_error():
                await start()
            return True
        except KafkaConnectionError:
            await asyncio.sleep(RETRY_S)
    return False


async def answered(ask: Callable[[], Awaitable[T]]) -> T:
    """Repeats a request until a broker answers. Raises KafkaError for errors that are not temporary."""
    while True:
        try:
            with connection_loss_as_error():
                return await ask()
        except KafkaError as error:
            if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                raise
        await asyncio.sleep(RETRY_S)


_coordinator_lookup: Final = AIOKafkaClient.coordinator_lookup


async def _lookup(client: AIOKafkaClient, *args: Any) -> int:
    """Replaces AIOKafkaClient.coordinator_lookup. Raises errors that aiokafka retries.

    A broker that has just started may list no broker, not even itself: aiokafka fails an assertion then. If a
    connection breaks during this request, its producers would stop for ever.
    """
    if client.get_random_node() is None:
        raise NodeNotReadyError("the metadata lists no broker yet")
    try:
        node: int = await _coordinator_lookup(client, *args)
    except KafkaConnectionError as error:
        raise NodeNotReadyError(str(error)) from error
    return node


_get_conn: Final = AIOKafkaClient._get_conn


async def _connection(client: AIOKafkaClient, *args: Any, **options: Any) -> Any:
    """A connection, or None after a pause. Without the pause a client would retry hundreds of times a second."""
    connection = await _get_conn(client, *args, **options)
    if connection is None:
        await asyncio.sleep(RECONNECT_S)
    return connection


def install() -> None:
    """Makes every aiokafka client of this process wait for a broker that restarts."""
    AIOKafkaClient.coordinator_lookup = _lookup
    AIOKafkaClient._get_conn = _connection
