"""What a fetch brought, on its way to whoever takes it."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka.structs import TopicPartition

from agents.kafka.raw_batches import RawBatch


class FetchedBatches:
    """What one fetch brought, or a part of it: batches in order, by partition.

    `error`: what it brought instead · `elsewhere`: aiokafka has it and must be asked.
    """

    def __init__(
        self, assignment: Any, error: Exception | None = None, elsewhere: bool = False
    ) -> None:
        self.error = error
        self.elsewhere = elsewhere
        self._assignment = assignment
        self._batches: dict[TopicPartition, list[RawBatch]] = {}
        self._from: dict[TopicPartition, int] = {}
        self._is_taken = False
        self._taken: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._batches or self.error or self.elsewhere)

    def add(self, tp: TopicPartition, position: int, batch: RawBatch) -> None:
        """Adds batches. `position`: where the fetch of the partition, or this part of it, began."""
        self._batches.setdefault(tp, []).append(batch)
        self._from.setdefault(tp, position)

    def take(
        self, wanted: Callable[[TopicPartition], bool]
    ) -> dict[TopicPartition, list[RawBatch]]:
        """Returns the batches, and moves the positions behind them. Called once.

        Partitions that are not `wanted`, were assigned again, or were sought elsewhere are left out and fetched
        again.
        """
        found = {}
        for tp, batches in self._batches.items() if self._assignment.active else ():
            state = self._assignment.state_value(tp)
            if wanted(tp) and state.has_valid_position and state.position == self._from[tp]:
                state.consumed_to(batches[-1].next)
                found[tp] = batches
        self._is_taken = True
        if self._taken and not self._taken.done():
            self._taken.set_result(None)
        return found

    async def taken(self) -> None:
        """Waits for `take`."""
        if not self._is_taken:
            self._taken = asyncio.get_running_loop().create_future()
            await self._taken
