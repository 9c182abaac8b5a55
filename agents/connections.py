"""Connections that break, told from tasks that are told to end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaConnectionError


@contextmanager
def broken_is_lost() -> Iterator[None]:
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
