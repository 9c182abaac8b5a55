"""Opens partition processors. With transactions, each fences the former owner of its partition."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from typing import Final

from agents.kafka.reconnect import RETRY_S
from agents.runtime.log import say
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import retrieve_exception

log = logging.getLogger("triggers.assignment")

OPENING_S: Final = 30.0
"""Seconds between two log lines while transactions of former owners are still open."""


async def open_all(
    processors: Collection[PartitionProcessor], still_ours: Callable[[], bool]
) -> bool:
    """Opens processors. Returns False once the partitions are no longer ours, even if the broker does not answer."""
    opening = asyncio.gather(*(processor.open(still_ours) for processor in processors))
    opening.add_done_callback(retrieve_exception)  # a rebalance may come before it is done
    reported = time.monotonic()
    try:
        while not opening.done():
            await asyncio.wait((opening,), timeout=RETRY_S)
            if not still_ours():
                return False
            if time.monotonic() - reported > OPENING_S:
                reported = time.monotonic()
                waiting = len(processors)
                say(log, "former_transactions_do_not_end", logging.WARNING, partitions=waiting)
    finally:
        opening.cancel()
    return all(opening.result())
