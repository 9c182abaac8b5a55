"""Kafka clients that wait for a broker."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError

from agents.runtime.log import say

log = logging.getLogger("triggers.sender")

PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
"""From try to try while no broker answers: at first, and at most."""


async def start_client(make: Callable[[], Any]) -> Any:
    """A client that `make` makes, as soon as a broker answers. Raises KafkaError for what will not pass."""
    pause = PAUSE_S
    while True:
        client = make()
        try:
            await client.start()
        except KafkaConnectionError as error:
            await client.stop()
            say(log, "no_broker", logging.WARNING, error=type(error).__name__, retry_s=pause)
        else:
            return client
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
