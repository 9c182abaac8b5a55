"""Which partitions are this worker's: given up after a flush, taken after a restore, in between nobody's.

Revoked partitions are flushed and committed while that is still allowed, and kept in memory: if the very
next generation gives them back to the same member, nobody else can have written their state. Otherwise
they are dropped and read anew. A member that the group has cast out drops all without writing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from faust.types import TP, Message

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import PATIENCE_S, broken_is_lost
from agents.runtime.log import say
from agents.worker.checkpoint import Flush
from agents.worker.consumer import BatchConsumer
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Gap, Maker, Shard
from agents.worker.restore import StateError, restore

log = logging.getLogger("triggers.ownership")

SHARE_OF_SESSION: Final = 0.8
"""Of the session timeout, for the last flush: later, the partitions may be another's already."""

NOBODY: Final = (-1, "")

OPENING_S: Final = 30.0
"""From line to line of the log while transactions of former owners do not end."""


class LogWentBack(StateError):
    """A topic ends before what has been processed: it was emptied, or made again."""


class Ownership:
    """`shards`: those of this generation · `flowing`: their input is let through · `held_since`: since
    when (monotonic, s) it has not been though it should be, None: it is, or there is none · `owing`: set when more is due
    in a partition than has fired."""

    def __init__(
        self, settings: Settings, make: Maker, offsets: Offsets, flush: Flush, metrics: Metrics
    ) -> None:
        self.shards: dict[TP, Shard] = {}
        self.flowing = False
        self.held_since: float | None = None
        self.owing = asyncio.Event()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.consumer: BatchConsumer
        self._settings = settings
        self._make = make
        self._offsets = offsets
        self._flush = flush
        self._metrics = metrics
        self._member = NOBODY

    async def take(self, message: Message) -> None:
        """Input of one topic; what is not ours now is dropped, and fetched again by its owner."""
        for tp, batches in message.value.items():
            if self.flowing and (shard := self.shards.get(tp)):
                await self._while_ours(tp, shard, self._apply(shard, batches))

    async def catch_up(self, shard: Shard) -> None:
        """Some of what is due in a partition."""
        await self._while_ours(shard.tp, shard, shard.catch_up())

    async def _while_ours(self, tp: TP, shard: Shard, work: Coroutine[Any, Any, None]) -> None:
        try:
            with broken_is_lost():
                await work
        except Exception as error:
            if self.shards.get(tp) is not shard:
                return  # given up meanwhile, and its producer with it
            # A Faust agent would be started again and go on behind this batch: the process ends.
            self.fail(error)
            await asyncio.Future()

    async def _apply(self, shard: Shard, batches: Sequence[RawBatch]) -> None:
        try:
            await shard.take(batches)
        except Gap:
            await self._fetch_again(shard)
        if shard.stage.owes:
            self.owing.set()

    def fail(self, error: BaseException) -> None:
        """The process must end: memory and log no longer agree."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _fetch_again(self, shard: Shard) -> None:
        """What was fetched skips records: they were dropped in a rebalance, or deleted by retention."""
        first = (await self._offsets.beginnings([shard.tp]))[shard.tp]
        if first > shard.position:
            say(
                log,
                "deleted_before_read",
                logging.ERROR,
                topic=shard.tp.topic,
                partition=shard.tp.partition,
                records=first - shard.position,
            )
            self._metrics.skipped.labels(shard.name).inc(first - shard.position)
            shard.begin(first)
        if self.flowing and self.shards.get(shard.tp) is shard:
            await self.consumer.seek_wait({shard.tp: shard.position})

    async def revoked(self, lost: bool) -> None:
        """The group rebalances. `lost`: it already has, without us."""
        self._metrics.paused()
        self.held_since = self.held_since or time.monotonic()
        flowed, self.flowing = self.flowing, False
        for shard in self.shards.values():
            shard.closed = True
        if lost:
            self._drop(self.shards)
        elif flowed:
            within = SHARE_OF_SESSION * self._settings.session_ms / 1000
            try:
                await asyncio.wait_for(self._flush(self.shards.values()), within)
            except TimeoutError:
                say(log, "flush_too_slow", logging.ERROR, partitions=len(self.shards))
                self._drop(self.shards)
            except Exception as error:
                self.fail(error)
        say(log, "revoked", lost=lost, kept=len(self.shards), generation=self._member[0])

    def _drop(self, shards: dict[TP, Shard]) -> None:
        for tp in list(shards):
            shards.pop(tp).forget()

    async def assigned(self, *args: Any, **kwargs: Any) -> None:
        """The group has settled: the state of what is new is restored. The flow is still held."""
        with self._failing():
            await self._restore()

    async def begin(self) -> None:
        """Seeks every partition to its shard's position, and lets the input through."""
        with self._failing():
            await self._begin()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Faust would stop with words of its own for whatever is raised here: the process says which.

        Cancelled by a connection that broke, its recovery would end without a word, and never come back.
        """
        try:
            with broken_is_lost():
                yield
        except Exception as error:
            self.fail(error)

    async def _restore(self) -> None:
        self._metrics.rebalances.inc()
        member, assignment = self.consumer.member, set(self.consumer.assignment())
        if not assignment:
            self.held_since = None
        next_one = (self._member[0] + 1, self._member[1]) == member
        self._drop({tp: s for tp, s in self.shards.items() if not next_one or tp not in assignment})
        self.shards = {tp: s for tp, s in self.shards.items() if next_one and tp in assignment}
        self._member = member
        kept, mine = len(self.shards), self.shards
        new = {tp: self._make(tp) for tp in sorted(assignment - mine.keys())}

        def still_ours() -> bool:
            return self.shards is mine and self.consumer.member == member

        stages = {(shard.changelog, tp.partition): shard.stage for tp, shard in new.items()}
        opened = await opened_all(new.values(), still_ours)
        with self._metrics.restore.time():
            whole = opened and await restore(self._settings, self._offsets, stages, still_ours)
        if whole:
            mine.update(new)
        else:
            self._drop(new)
        say(log, "assigned", generation=member[0], kept=kept, restored=len(new))

    async def _begin(self) -> None:
        member, shards = self.consumer.member, self.shards
        if member != self._member or set(self.consumer.assignment()) != set(shards):
            say(log, "not_resumed", generation=member[0], of=self._member[0], shards=len(shards))
            return
        fresh = [tp for tp, shard in shards.items() if shard.committed is None]
        committed = await self.consumer.committed_offsets(fresh)
        first = await self._offsets.beginnings(shards)
        ends = await self._offsets.ends(shards)
        for tp, shard in shards.items():
            if tp in committed:
                shard.committed = committed[tp]
                shard.begin(self._start(shard, committed[tp] or 0))
            if shard.position > ends[tp]:
                raise LogWentBack(
                    f"{tp.topic} {tp.partition} ends at {ends[tp]}, processed to "
                    f"{shard.position}: start again under another TRIGGERS_PREFIX"
                )
            if first[tp] > shard.position:
                shard.begin(first[tp])
            shard.closed = False
        await self.consumer.seek_wait({tp: shard.position for tp, shard in shards.items()})
        if self.consumer.member == member:
            self.flowing, self.held_since = True, None
            self._metrics.resumed()

    def _start(self, shard: Shard, committed: int) -> int:
        """Without any state everything that is still there is read again: it decides the same again."""
        if shard.clock >= 0:
            return max(shard.stage.position, committed)
        if committed and not shard.stage.written:
            topic, partition = shard.changelog, shard.tp.partition
            say(log, "state_lost", logging.ERROR, topic=topic, partition=partition)
        return 0

    def owned(self) -> list[Shard]:
        """Those that process now."""
        return list(self.shards.values()) if self.flowing else []

    async def stop(self) -> None:
        """No more input, and everything written and committed. Raises what the flush raises."""
        self.consumer.hold()
        shards, self.flowing = self.owned(), False
        for shard in shards:
            shard.closed = True
        await self._flush(shards)


async def opened_all(shards: Collection[Shard], still_ours: Callable[[], bool]) -> bool:
    """Opens shards; False once they are not wanted any more, whatever still keeps the broker from answering."""
    opening = asyncio.gather(*(shard.open(still_ours) for shard in shards))
    told = time.monotonic()
    while not opening.done():
        await asyncio.wait((opening,), timeout=PATIENCE_S)
        if not still_ours():
            opening.cancel()
            return False
        if time.monotonic() - told > OPENING_S:
            told = time.monotonic()
            say(log, "former_transactions_do_not_end", logging.WARNING, partitions=len(shards))
    return all(opening.result())
