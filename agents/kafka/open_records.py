"""Reading and committing of a group member whose records stay open until they are settled. Senders and erasers use it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

from agents.kafka import group_member
from agents.runtime.log import say


class OpenRecords(Protocol):
    """The records of an assignment. `committed`: the offsets committed for it."""

    committed: dict[TopicPartition, int]

    def settled(self) -> dict[TopicPartition, int]:
        """The offsets to commit, for partitions of which records were read."""

    def idle(self) -> set[TopicPartition]:
        """Partitions without an open record."""

    def full(self) -> set[TopicPartition]:
        """Partitions that must be paused."""


def throttle(consumer: Any, records: OpenRecords) -> None:
    """Pauses partitions with too many open records, and resumes the others."""
    full, paused = records.full(), consumer.paused()
    consumer.pause(*(full - paused))
    consumer.resume(*(paused - full))


async def positions(consumer: Any, records: OpenRecords) -> dict[TopicPartition, int]:
    """The offsets to commit. Of a partition without open records its position, which may be after transaction markers."""
    offsets, idle = records.settled(), records.idle()
    for place in offsets.keys() & idle:
        try:
            offsets[place] = await consumer.position(place)
        except IllegalStateError:
            break  # a rebalance has begun
    return offsets


async def commit(
    consumer: Any,
    records: OpenRecords,
    offsets: Mapping[TopicPartition, int],
    log: logging.Logger,
) -> Mapping[TopicPartition, int]:
    """Commits offsets beyond those that are committed. Returns which. If that fails, the next commit includes them."""
    new = {place: at for place, at in offsets.items() if records.committed.get(place, -1) < at}
    if not new:
        return {}
    try:
        async with asyncio.timeout(group_member.COMMIT_S):
            await consumer.commit(new)
    except (CommitFailedError, IllegalStateError):
        return {}  # the partitions are another member's by now
    except TimeoutError:
        say(log, "commit_waits", logging.WARNING)
        return {}
    records.committed |= new
    return new
