"""Tells a lost connection from a cancelled task, and waits for a broker that is not up yet."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError

PATIENCE_S: Final = 0.5
"""Pause (s) between two tries while a broker does not answer."""

AGAIN_S: Final = 0.2
"""Pause (s) between two tries to connect. Longer: a broker that is back is found later."""


@contextmanager
def connection_loss_as_error() -> Iterator[None]:
    """Raises KafkaConnectionError if a connection breaks.

    aiokafka cancels the task that waits for the connection. If nobody cancelled the task, the connection was lost.
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
    """Starts a client, and tries again until a broker answers. Returns False once it is no longer wanted."""
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
    """Asks for metadata again after a temporary error.

    A broker that has just come back may name no broker, not even itself; aiokafka asserts that this cannot happen.
    Its producers give up for good if a connection breaks during this request.
    """
    if client.get_random_node() is None:
        raise NodeNotReadyError("no broker is named yet")
    try:
        node: int = await _coordinator_lookup(client, *what)
    except KafkaConnectionError as error:
        raise NodeNotReadyError(str(error)) from error
    return node


_get_conn: Final = AIOKafkaClient._get_conn


async def _connection(client: AIOKafkaClient, *what: Any, **options: Any) -> Any:
    """Returns None if there is no connection, but after a pause: else a client would try hundreds of times a second."""
    found = await _get_conn(client, *what, **options)
    if found is None:
        await asyncio.sleep(AGAIN_S)
    return found


def install() -> None:
    """Makes every aiokafka client of this process wait for a broker that comes back."""
    AIOKafkaClient.coordinator_lookup = _lookup
    AIOKafkaClient._get_conn = _connection
