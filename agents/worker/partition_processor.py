"""One owned partition of a stage: its state, what it has sent, and how much of that is acknowledged.

`lock` is held while input is applied and its outputs are handed to the producer. So a snapshot contains a
whole batch or nothing of it. checkpoint.py makes snapshots durable.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

from faust.types import TP

from agents.kafka.raw_batches import RawBatch
from agents.kafka.reconnect import start_when_available
from agents.worker.any_stage import AnyStage
from agents.worker.metrics import Metrics
from agents.worker.producer import Ack, OutputProducer, Provenance, outstanding
from agents.worker.transactional_producer import TransactionalProducer
from stream.outputs.outputs import Outputs
from stream.store.stretches import AT_A_STRETCH

AT_A_TIME: Final = 4000
"""Records applied before other tasks may run. More: the other stages wait longer (a thousand take about
10 ms). Fewer: more and smaller batches to send."""


class Gap(Exception):
    """The fetched batch does not begin at the position."""


class Snapshot(NamedTuple):
    """What one checkpoint makes durable of a processor. `acks`: of the outputs that must come before it."""

    acks: list[Ack]
    changes: list[tuple[bytes, bytes | None]]
    offset: int


class PartitionProcessor(ABC):
    """The processor of one partition. `position`: the next offset to be read.

    `committed`: the offset that the group has committed, None before the first.
    `end`: where the topic ended when last asked, -1 before.
    `caught_up`: whether the position has once been at the end.
    `closed`: nothing is applied, because input is held or the last checkpoint has begun.
    `forgotten`: given up; outputs that were buffered are dropped, so its state must not be written any more.
    `transaction`: the transactional producer, with delivery exactly once.
    `committed_watermark`: with transactions, the clock (ms) as last committed.
    """

    stage: AnyStage
    name: ClassVar[str]
    """The name of the stage in metrics."""

    def __init__(
        self, source: Provenance, changelog: str, producer: OutputProducer, metrics: Metrics
    ) -> None:
        self.source = source
        self.changelog = changelog
        self.lock = asyncio.Lock()
        self.position = 0
        self.committed: int | None = None
        self.end = -1
        self.caught_up = False
        self.closed = True
        self.forgotten = False
        self._producer = producer
        self._metrics = metrics
        self._acks: list[Ack] = []
        self.transaction = producer if isinstance(producer, TransactionalProducer) else None
        self.committed_watermark = -1

    @abstractmethod
    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        """Applies batches. The position lies in the first one, or at its start."""

    @property
    @abstractmethod
    def committable(self) -> int:
        """The offset to commit once the changes are durable: nothing before it is needed any more."""

    @property
    def clock(self) -> int:
        """The time (ms) up to which the stage has decided."""
        return self.stage.clock

    @property
    def announceable_watermark(self) -> int:
        """The time (ms) up to which every decision is sent or buffered; with transactions: committed."""
        return self.committed_watermark if self.transaction else self.clock

    @property
    def tp(self) -> TP:
        return TP(self.source.topic, self.source.partition)

    def begin(self, position: int) -> None:
        """Starts: input will come from `position` on."""
        self.position = self.stage.position = position

    async def take(self, batches: Sequence[RawBatch]) -> None:
        """Applies fetched batches and sends what they decide. Records that come again are skipped. Raises Gap."""
        for part in parts(batches):
            if not await self.admitted(part):
                return
            async with self.lock:
                if self.closed:
                    return
                fresh = [batch for batch in part if batch.next > self.position]
                if not fresh:
                    continue
                if fresh[0].base > self.position:
                    raise Gap
                out = self.apply(fresh)
                self.position = self.stage.position = fresh[-1].next
                await self.send(out, fresh)
            if len(batches) > len(part):
                await asyncio.sleep(0)

    async def admitted(self, batches: Sequence[RawBatch]) -> bool:
        """Waits until the batches may be applied. False if nothing may be applied any more."""
        return True

    async def catch_up(self) -> None:
        """Fires some of the due deadlines, and sends what they decide."""
        async with self.lock:
            if not self.closed and self.stage.owes:
                out = Outputs()
                self.stage.catch_up(out)
                await self.send(out)

    async def send(self, out: Outputs, batches: Sequence[RawBatch] = ()) -> None:
        """Hands outputs to the producer, which sends the urgent ones. The caller holds the lock."""
        acks = await self._producer.outputs(out, self.source, self.position, batches)
        self._acks += acks
        self._metrics.decided(out, self, acks)

    @property
    def unsaved(self) -> bool:
        """Whether a checkpoint would write or commit anything."""
        return self.committable != self.committed or self.stage.changed or bool(self._acks)

    async def pack_ahead(self, most: int) -> None:
        """Packs at most so many states for the next snapshot, so that it takes less time."""
        async with self.lock:
            self.stage.pack_ahead(most)

    async def snapshot(self) -> Snapshot:
        async with self.lock:
            return await self.snapshot_locked()

    async def snapshot_locked(self) -> Snapshot:
        """A snapshot whose outputs are sent. The caller holds the lock."""
        acks, offset = [*self._acks, *await self._producer.post()], self.committable
        changes: list[tuple[bytes, bytes | None]] = []
        for part in self.stage.parts():
            changes += part
            if len(part) in (0, AT_A_STRETCH):
                await asyncio.sleep(0)  # let other tasks run between the parts
        return Snapshot(acks, changes, offset)

    async def acked_time(self) -> int:
        """Like `announceable_watermark`, including what is being applied at this moment."""
        async with self.lock:
            return self.announceable_watermark

    async def write(self, snapshot: Snapshot) -> list[Ack]:
        """Sends the changelog records of a snapshot. Its outputs are acknowledged."""
        self.forget_acks()
        if not snapshot.changes:
            return []
        return await self._producer.changes(self.changelog, self.source.partition, snapshot.changes)

    def checkpointed(self, snapshot: Snapshot) -> None:
        """Notes that a snapshot is durable and its offset committed."""
        if snapshot.changes or snapshot.offset != self.committed:
            self.committed = snapshot.offset
            self.stage.committed(snapshot.offset)

    def forget_acks(self) -> None:
        self._acks = outstanding(self._acks)

    def forget(self) -> None:
        """Gives the partition up: it is another worker's now. What other partitions decided was sent before."""
        self.closed = self.forgotten = True
        self._producer.discard()
        if self.transaction:
            self.transaction.abandon()
        self._metrics.forget(self.name, self.source.partition)

    async def open(self, wanted: Callable[[], bool]) -> bool:
        """With transactions: fences the former owner. This must come before the restore.

        Returns False once the partition is no longer wanted.
        """
        return self.transaction is None or await start_when_available(
            self.transaction.start, wanted
        )

    def update_end_offset(self, end: int) -> None:
        """Notes that the topic ended at `end` a moment ago.

        A position past the previous end has caught up too: under load, and behind an open transaction, the
        position never equals the current end.
        """
        before, self.end = self.end, end
        self.caught_up = self.caught_up or self.position >= end or -1 < before <= self.position


Maker = Callable[[TP], PartitionProcessor]
"""Makes the empty processor of a partition. A restore fills it from the changelog."""


def parts(batches: Sequence[RawBatch]) -> Iterator[list[RawBatch]]:
    """The batches in order, in parts of a bounded number of records. A batch is never split."""
    part: list[RawBatch] = []
    records = 0
    for batch in batches:
        part.append(batch)
        records += batch.count
        if records >= AT_A_TIME:
            yield part
            part, records = [], 0
    if part:
        yield part
