"""The partitions of this worker, and the processors that apply their input.

rebalance.py changes them in a rebalance. assignment_state.py has the table of states.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any

from faust.types import TP

from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import connection_loss_as_error
from agents.runtime.log import say
from agents.worker.assignment_state import TRANSITIONS, AssignmentEvent, AssignmentState
from agents.worker.checkpoint import Checkpoint
from agents.worker.group import Group, PartitionBounds
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Gap, PartitionProcessor

log = logging.getLogger("triggers.assignment")


class Assignment:
    """The partitions of this worker.

    `processors`: by partition, in this generation of the group.
    `state`: see assignment_state.py.
    `held_since`: time (monotonic, s) since which input is held; None while it flows, or without partitions.
    `owing`: set when a partition has due deadlines that have not fired.
    `failed`: the exception that ends the process.
    """

    def __init__(
        self, group: Group, bounds: PartitionBounds, checkpoint: Checkpoint, metrics: Metrics
    ) -> None:
        self.processors: dict[TP, PartitionProcessor] = {}
        self.state = AssignmentState.UNASSIGNED
        self.held_since: float | None = None
        self.owing = asyncio.Event()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._group = group
        self._bounds = bounds
        self._checkpoint = checkpoint
        self._metrics = metrics

    @property
    def flowing(self) -> bool:
        """Whether input is passed to the processors."""
        return self.state is AssignmentState.FLOWING

    def move(self, event: AssignmentEvent) -> None:
        """Moves to the next state of the table, and updates `held_since`."""
        self.state = TRANSITIONS[self.state][event]
        if self.flowing:
            self.held_since = None
            self.owing.set()  # a rebalance may have come before all due deadlines had fired
        elif event == "revoked" and self.held_since is None:
            self.held_since = time.monotonic()

    def owned(self) -> list[PartitionProcessor]:
        """The processors that may apply input now."""
        return list(self.processors.values()) if self.flowing else []

    async def take(self, fetched: Mapping[TP, Sequence[RawBatch]]) -> None:
        """Applies fetched batches. Drops those of partitions that this worker does not own now."""
        for tp, batches in fetched.items():
            if self.flowing and (processor := self.processors.get(tp)):
                await self._while_owned(tp, processor, self._apply(processor, batches))

    async def catch_up(self, processor: PartitionProcessor) -> None:
        """Fires some of the due deadlines of a partition."""
        await self._while_owned(processor.tp, processor, processor.catch_up())

    async def _while_owned(
        self, tp: TP, processor: PartitionProcessor, work: Coroutine[Any, Any, None]
    ) -> None:
        try:
            with connection_loss_as_error():
                await work
        except Exception as error:
            if self.processors.get(tp) is not processor:
                return  # revoked meanwhile, and its producer is closed
            # Faust would restart its fetch loop, which would skip this batch. So the process ends.
            error.add_note(f"in {tp.topic} {tp.partition}, at offset {processor.position} or later")
            self.fail(error)
            await asyncio.Future()

    async def _apply(self, processor: PartitionProcessor, batches: Sequence[RawBatch]) -> None:
        try:
            await processor.take(batches)
        except Gap:
            await self._seek_back(processor)
        if processor.stage.owes:
            self.owing.set()

    async def _seek_back(self, processor: PartitionProcessor) -> None:
        """Seeks back to the position: a rebalance dropped records before the batch, or retention deleted them."""
        first = (await self._bounds.beginnings([processor.tp]))[processor.tp]
        if first > processor.position:
            say(
                log,
                "deleted_before_read",
                logging.ERROR,
                topic=processor.tp.topic,
                partition=processor.tp.partition,
                records=first - processor.position,
            )
            self._metrics.skipped.labels(processor.name).inc(first - processor.position)
            processor.begin(first)
        if self.flowing and self.processors.get(processor.tp) is processor:
            await self._group.seek_wait({processor.tp: processor.position})

    def fail(self, error: BaseException) -> None:
        """Sets the exception that ends the process: memory and log no longer agree."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def save(self) -> None:
        """Stops applying input, and makes the applied input durable. Raises what the checkpoint raises."""
        close(self.processors.values())
        await self._checkpoint(self.processors.values())

    async def stop(self) -> None:
        """Stops the input and makes everything durable. Raises what the checkpoint raises."""
        self._group.hold()
        processors = self.owned()
        self.move("stopped")
        close(processors)
        await self._checkpoint(processors)


def close(processors: Collection[PartitionProcessor]) -> None:
    """Stops the processors from applying input, until a resume opens them."""
    for processor in processors:
        processor.closed = True


def drop(processors: dict[TP, PartitionProcessor], revoked: Mapping[TP, object]) -> None:
    """Removes the processors of revoked partitions. Their state is not written."""
    for tp in list(revoked):
        processors.pop(tp).forget()
