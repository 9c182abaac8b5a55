"""A rebalance: a checkpoint before partitions are given up, a restore after new ones are assigned.

Revoked partitions are written and committed while the group still accepts a commit. They stay in memory: if
the next generation assigns them to the same member, no other worker can have written their state. Otherwise
they are dropped and restored again. A member that the group has removed drops them all without writing.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.reconnect import connection_loss_as_error
from agents.runtime.log import say
from agents.worker.assignment import Assignment, close, drop
from agents.worker.group import Group, Member, PartitionBounds
from agents.worker.metrics import Metrics
from agents.worker.opening import open_all
from agents.worker.partition_processor import Maker, PartitionProcessor
from agents.worker.restore import StateError, restore

log = logging.getLogger("triggers.assignment")

SHARE_OF_SESSION: Final = 0.8
"""Share of the session timeout for the last checkpoint. Longer: another worker may own the partitions by then."""

NO_MEMBER: Final[Member] = (-1, "")


class LogTruncated(StateError):
    """A topic ends before the offset that was processed: it was emptied, or created again."""


class Rebalance:
    """The worker's RebalanceListener. It moves the assignment from state to state."""

    def __init__(
        self,
        settings: Settings,
        make: Maker,
        assignment: Assignment,
        group: Group,
        bounds: PartitionBounds,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._make = make
        self._assignment = assignment
        self._group = group
        self._bounds = bounds
        self._metrics = metrics
        self._member = NO_MEMBER

    async def on_revoked(self, lost: bool) -> None:
        """Writes and commits the partitions. `lost`: drops them instead; the group has removed this worker."""
        self._metrics.paused()
        ours, flowing = self._assignment.processors, self._assignment.flowing
        self._assignment.move("revoked")
        close(ours.values())
        if lost:
            drop(ours, ours)
        elif flowing:
            await self._save(ours)
        # A worker that joins its group for the first time has lost nothing.
        if self._member != NO_MEMBER:
            say(log, "revoked", lost=lost, kept=len(ours), generation=self._member[0])

    async def _save(self, ours: dict[TP, PartitionProcessor]) -> None:
        """Checkpoints the processors. Drops them if that fails, times out, or is cancelled by a broken connection: a part
        of their outputs is then sent, and the rest is no longer in memory."""
        timeout_s, saved = SHARE_OF_SESSION * self._settings.session_ms / 1000, False
        try:
            async with asyncio.timeout(timeout_s):
                await self._assignment.save()
            saved = True
        except TimeoutError:
            say(log, "checkpoint_too_slow", logging.ERROR, partitions=len(ours))
        except Exception as error:
            self._assignment.fail(error)
        finally:
            if not saved:
                drop(ours, ours)

    async def on_assigned(self) -> None:
        """Restores newly assigned partitions. The input is still held."""
        with self._ending_process():
            await self._restore()

    async def resume(self) -> None:
        """Seeks every partition to its processor's position, and lets the input flow."""
        with self._ending_process():
            await self._resume()

    @contextmanager
    def _ending_process(self) -> Iterator[None]:
        """Makes every exception end the process. Faust would only log it and stop.

        A broken connection cancels the task: Faust's recovery would then end silently and never run again.
        """
        try:
            with connection_loss_as_error():
                yield
        except Exception as error:
            self._assignment.fail(error)

    async def _restore(self) -> None:
        self._metrics.rebalances.inc()
        assignment, member = self._assignment, self._group.member
        wanted = set(self._group.assignment())
        assignment.move("assigned")
        if not wanted:
            assignment.held_since = None
        mine = assignment.processors = self._kept(wanted, member)
        self._member, kept = member, len(mine)
        new = {tp: self._make(tp) for tp in sorted(wanted - mine.keys())}

        def still_ours() -> bool:
            return assignment.processors is mine and self._group.member == member

        stages = {
            (processor.changelog, tp.partition): processor.stage for tp, processor in new.items()
        }
        opened = await open_all(new.values(), still_ours)
        with self._metrics.restore.time():
            complete = opened and await restore(self._settings, self._bounds, stages, still_ours)
        if complete:
            mine.update(new)
            assignment.move("restored")
        else:
            drop(new, new)
        say(log, "assigned", generation=member[0], kept=kept, restored=len(new))

    def _kept(self, wanted: set[TP], member: Member) -> dict[TP, PartitionProcessor]:
        """The processors in memory whose state is still valid. Drops the others."""
        is_next = (self._member[0] + 1, self._member[1]) == member
        kept = dict(self._assignment.processors)
        drop(kept, {tp: None for tp in kept if not is_next or tp not in wanted})
        return kept

    async def _resume(self) -> None:
        member, processors = self._group.member, self._assignment.processors
        if member != self._member or set(self._group.assignment()) != set(processors):
            say(
                log,
                "not_resumed",
                generation=member[0],
                of=self._member[0],
                processors=len(processors),
            )
            return
        uncommitted = [tp for tp, processor in processors.items() if processor.committed is None]
        committed = await self._group.committed_offsets(uncommitted)
        first = await self._bounds.beginnings(processors)
        ends = await self._bounds.ends(processors)
        for tp, processor in processors.items():
            if tp in committed:
                processor.committed = committed[tp]
                processor.begin(first_position(processor, committed[tp] or 0))
            if processor.position > ends[tp]:
                raise LogTruncated(
                    f"{tp.topic} {tp.partition}: expected an end at {processor.position} or later, got {ends[tp]}. "
                    "It was emptied or created again: start again under another TRIGGERS_PREFIX"
                )
            if first[tp] > processor.position:
                processor.begin(first[tp])
            processor.closed = False
        await self._group.seek_wait(
            {tp: processor.position for tp, processor in processors.items()}
        )
        if self._group.member == member:
            self._assignment.move("resumed")
        if self._assignment.flowing:
            self._metrics.resumed()


def first_position(processor: PartitionProcessor, committed: int) -> int:
    """The offset at which a restored partition continues: the larger of the state's position and the group's offset.

    Outputs are durable before the state, and the state before the offset. So the state contains all input
    before either offset, and its outputs are in Kafka. Reading that input again would only write rejected
    records twice. Without any state, all retained input is read again and gives the same decisions.
    """
    if processor.clock >= 0:
        return max(processor.stage.position, committed)
    if committed and not processor.stage.written:
        topic, partition = processor.changelog, processor.tp.partition
        say(log, "state_lost", logging.ERROR, topic=topic, partition=partition)
    return 0
