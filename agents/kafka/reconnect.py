"""Connections that break, told from tasks that are told to end; and brokers that are not there yet."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError

PATIENCE_S: Final = 0.5
"""From try to try while a broker does not answer."""

AGAIN_S: Final = 0.2
"""From try to try to connect. Longer: a broker that is back is found later."""


@contextmanager
def connection_loss_as_error() -> Iterator[None]:
    """aiokafka cancels whoever waits on a connection that breaks. If nobody asked for an end it is a loss.

    Raises KafkaConnectionError.
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
    """Starts a client, again until a broker answers; False once nobody wants it any more."""
    while wanted():
        try:
            with connection_loss_as_error():
                await start()
            return True
        except KafkaConnectionError:
            await asyncio.sleep(PATIENCE_S)
    return False


_coordinator_lookup: Final = AIOKafkaClient.coordinator_lookup


async def _lookup(client: AIOKafkaClient, *what: Any) -> int:
    """A broker that has just come back may name no broker, itself included: aiokafka asserts that this cannot be.
    And its producers give up for good when a connection breaks under this question. All who ask it ask again
    after an error that passes."""
    if client.get_random_node() is None:
        raise NodeNotReadyError("no broker is named yet")
    try:
        node: int = await _coordinator_lookup(client, *what)
    except KafkaConnectionError as error:
        raise NodeNotReadyError(str(error)) from error
    return node


_get_conn: Final = AIOKafkaClient._get_conn


async def _connection(client: AIOKafkaClient, *what: Any, **options: Any) -> Any:
    """None if there is none, but not at once: a client tries again some hundred times a second."""
    found = await _get_conn(client, *what, **options)
    if found is None:
        await asyncio.sleep(AGAIN_S)
    return found


def install() -> None:
    """From now on every aiokafka client of this process waits for a broker that is coming back."""
    AIOKafkaClient.coordinator_lookup = _lookup
    AIOKafkaClient._get_conn = _connection
