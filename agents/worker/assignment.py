"""Which partitions are this worker's: given up after a flush, taken after a restore, in between nobody's.

Revoked partitions are flushed and committed while that is still allowed, and kept in memory: if the very
next generation gives them back to the same member, nobody else can have written their state. Otherwise
they are dropped and read anew. A member that the group has cast out drops all without writing.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from faust.types import TP, Message

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import connection_loss_as_error
from agents.runtime.log import say
from agents.worker.assignment_state import TRANSITIONS, Happened, State
from agents.worker.checkpoint import Checkpoint
from agents.worker.consumer import BatchConsumer
from agents.worker.metrics import Metrics
from agents.worker.opening import open_all
from agents.worker.partition_processor import Gap, Maker, PartitionProcessor
from agents.worker.restore import StateError, restore

log = logging.getLogger("triggers.ownership")

SHARE_OF_SESSION: Final = 0.8
"""Of the session timeout, for the last flush: later, the partitions may be another's already."""

NOBODY: Final = (-1, "")


class LogWentBack(StateError):
    """A topic ends before what has been processed: it was emptied, or made again."""


class Assignment:
    """`processors`: those of this generation · `state`: as assignment_state.py has it · `held_since`: since
    when (monotonic, s) it has not been though it should be, None: it is, or there is none · `owing`: set when more is due
    in a partition than has fired."""

    def __init__(
        self, settings: Settings, make: Maker, offsets: Offsets, flush: Checkpoint, metrics: Metrics
    ) -> None:
        self.processors: dict[TP, PartitionProcessor] = {}
        self.state = State.UNASSIGNED
        self.held_since: float | None = None
        self.owing = asyncio.Event()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.consumer: BatchConsumer
        self._settings = settings
        self._make = make
        self._offsets = offsets
        self._checkpoint = flush
        self._metrics = metrics
        self._member = NOBODY

    @property
    def flowing(self) -> bool:
        """Whether input is let through."""
        return self.state is State.FLOWING

    def _move(self, event: Happened) -> None:
        self.state = TRANSITIONS[self.state][event]

    async def take(self, message: Message) -> None:
        """Input of one topic; what is not ours now is dropped, and fetched again by its owner."""
        for tp, batches in message.value.items():
            if self.flowing and (processor := self.processors.get(tp)):
                await self._while_ours(tp, processor, self._apply(processor, batches))

    async def catch_up(self, processor: PartitionProcessor) -> None:
        """Some of what is due in a partition."""
        await self._while_ours(processor.tp, processor, processor.catch_up())

    async def _while_ours(
        self, tp: TP, processor: PartitionProcessor, work: Coroutine[Any, Any, None]
    ) -> None:
        try:
            with connection_loss_as_error():
                await work
        except Exception as error:
            if self.processors.get(tp) is not processor:
                return  # given up meanwhile, and its producer with it
            # A Faust agent would be started again and go on behind this batch: the process ends.
            self.fail(error)
            await asyncio.Future()

    async def _apply(self, processor: PartitionProcessor, batches: Sequence[RawBatch]) -> None:
        try:
            await processor.take(batches)
        except Gap:
            await self._fetch_again(processor)
        if processor.stage.owes:
            self.owing.set()

    def fail(self, error: BaseException) -> None:
        """The process must end: memory and log no longer agree."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _fetch_again(self, processor: PartitionProcessor) -> None:
        """What was fetched skips records: they were dropped in a rebalance, or deleted by retention."""
        first = (await self._offsets.beginnings([processor.tp]))[processor.tp]
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
            await self.consumer.seek_wait({processor.tp: processor.position})

    async def on_revoked(self, lost: bool) -> None:
        """The group rebalances. `lost`: it already has, without us."""
        self._metrics.paused()
        self.held_since = self.held_since or time.monotonic()
        flowed = self.flowing
        self._move("revoked")
        for processor in self.processors.values():
            processor.closed = True
        if lost:
            self._drop(self.processors)
        elif flowed:
            within = SHARE_OF_SESSION * self._settings.session_ms / 1000
            try:
                await asyncio.wait_for(self._checkpoint(self.processors.values()), within)
            except TimeoutError:
                say(log, "flush_too_slow", logging.ERROR, partitions=len(self.processors))
                self._drop(self.processors)
            except Exception as error:
                self.fail(error)
        say(log, "revoked", lost=lost, kept=len(self.processors), generation=self._member[0])

    def _drop(self, processors: dict[TP, PartitionProcessor]) -> None:
        for tp in list(processors):
            processors.pop(tp).forget()

    async def on_assigned(self, *args: Any, **kwargs: Any) -> None:
        """The group has settled: the state of what is new is restored. The flow is still held."""
        with self._failing():
            await self._restore()

    async def resume(self) -> None:
        """Seeks every partition to its processor's position, and lets the input through."""
        with self._failing():
            await self._resume()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Faust would stop with words of its own for whatever is raised here: the process says which.

        Cancelled by a connection that broke, its recovery would end without a word, and never come back.
        """
        try:
            with connection_loss_as_error():
                yield
        except Exception as error:
            self.fail(error)

    async def _restore(self) -> None:
        self._metrics.rebalances.inc()
        member, assignment = self.consumer.member, set(self.consumer.assignment())
        if not assignment:
            self.held_since = None
        next_one = (self._member[0] + 1, self._member[1]) == member
        self._drop(
            {tp: s for tp, s in self.processors.items() if not next_one or tp not in assignment}
        )
        self.processors = {
            tp: s for tp, s in self.processors.items() if next_one and tp in assignment
        }
        self._member = member
        self._move("assigned")
        kept, mine = len(self.processors), self.processors
        new = {tp: self._make(tp) for tp in sorted(assignment - mine.keys())}

        def still_ours() -> bool:
            return self.processors is mine and self.consumer.member == member

        stages = {
            (processor.changelog, tp.partition): processor.stage for tp, processor in new.items()
        }
        opened = await open_all(new.values(), still_ours)
        with self._metrics.restore.time():
            whole = opened and await restore(self._settings, self._offsets, stages, still_ours)
        if whole:
            mine.update(new)
        else:
            self._drop(new)
        say(log, "assigned", generation=member[0], kept=kept, restored=len(new))

    async def _resume(self) -> None:
        member, processors = self.consumer.member, self.processors
        if member != self._member or set(self.consumer.assignment()) != set(processors):
            say(
                log,
                "not_resumed",
                generation=member[0],
                of=self._member[0],
                processors=len(processors),
            )
            return
        fresh = [tp for tp, processor in processors.items() if processor.committed is None]
        committed = await self.consumer.committed_offsets(fresh)
        first = await self._offsets.beginnings(processors)
        ends = await self._offsets.ends(processors)
        for tp, processor in processors.items():
            if tp in committed:
                processor.committed = committed[tp]
                processor.begin(self._start(processor, committed[tp] or 0))
            if processor.position > ends[tp]:
                raise LogWentBack(
                    f"{tp.topic} {tp.partition} ends at {ends[tp]}, processed to "
                    f"{processor.position}: start again under another TRIGGERS_PREFIX"
                )
            if first[tp] > processor.position:
                processor.begin(first[tp])
            processor.closed = False
        await self.consumer.seek_wait(
            {tp: processor.position for tp, processor in processors.items()}
        )
        if self.consumer.member == member:
            self._move("resumed")
        if self.flowing:
            self.held_since = None
            self._metrics.resumed()

    def _start(self, processor: PartitionProcessor, committed: int) -> int:
        """Without any state everything that is still there is read again: it decides the same again."""
        if processor.clock >= 0:
            return max(processor.stage.position, committed)
        if committed and not processor.stage.written:
            topic, partition = processor.changelog, processor.tp.partition
            say(log, "state_lost", logging.ERROR, topic=topic, partition=partition)
        return 0

    def owned(self) -> list[PartitionProcessor]:
        """Those that process now."""
        return list(self.processors.values()) if self.flowing else []

    async def stop(self) -> None:
        """No more input, and everything written and committed. Raises what the flush raises."""
        self.consumer.hold()
        processors = self.owned()
        self._move("stopped")
        for processor in processors:
            processor.closed = True
        await self._checkpoint(processors)
