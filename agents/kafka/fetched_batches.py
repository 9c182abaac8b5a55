"""The batches of a fetch, until the worker takes them."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka.structs import TopicPartition

from agents.kafka.raw_batches import RawBatch


class FetchedBatches:
    """The batches of one fetch, or of a part of it, in order, by partition.

    `error`: the exception that the fetch raised instead · `elsewhere`: aiokafka holds the records; ask it for them.
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
        """Adds a batch. `position`: the offset from which this partition was fetched."""
        self._batches.setdefault(tp, []).append(batch)
        self._from.setdefault(tp, position)

    def take(
        self, wanted: Callable[[TopicPartition], bool]
    ) -> dict[TopicPartition, list[RawBatch]]:
        """Returns the batches, and moves the positions after them. Called once.

        Left out are partitions that are not `wanted`, were assigned again, or have another position by now. They are
        fetched again.
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
        """Returns once `take` was called."""
        if not self._is_taken:
            self._taken = asyncio.get_running_loop().create_future()
            await self._taken
