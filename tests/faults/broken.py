"""Builds broken on purpose, each by one change at test time. The harness must catch them."""

# ruff: noqa: PLC0415 - what is imported before patches.hasty has its say keeps the long minutes

import asyncio
import json
import os
import time
import uuid
from typing import Any


def acked_at_receipt() -> None:
    """Commits the offset when a batch is fetched, before any of its outputs is durable."""
    from agents.worker.assignment import Assignment
    from agents.worker.partition_processor import PartitionProcessor

    take = Assignment.take

    async def taken(self: Assignment, fetched: Any) -> None:
        ours = {tp: batches[-1].next for tp, batches in fetched.items() if tp in self.processors}
        if ours and self.flowing:
            await self._group.commit_offsets(ours)
        if any(tp.topic.endswith("storefront.events") for tp in fetched):
            await asyncio.sleep(0.5)
        await take(self, fetched)

    def uncommitted(self: PartitionProcessor, snapshot: Any) -> None:
        self.stage.committed(snapshot.offset)

    Assignment.take = taken  # type: ignore[assignment, method-assign]
    PartitionProcessor.checkpointed = uncommitted  # type: ignore[assignment, method-assign]


def state_before_output() -> None:
    """Writes the changelog and commits the offset, and sends outputs half a second later."""
    from agents.worker.producer import OutputProducer

    outputs = OutputProducer.outputs
    waiting: set[Any] = set()

    async def later(self: OutputProducer, *args: Any) -> list[Any]:
        async def send() -> None:
            await asyncio.sleep(0.5)
            await outputs(self, *args)

        task = asyncio.ensure_future(send())
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        return []

    OutputProducer.outputs = later  # type: ignore[assignment, method-assign]


def commit_before_changelog() -> None:
    """Commits without waiting for the changelog, which is sent later."""
    from agents.worker.producer import OutputProducer

    changes = OutputProducer.changes
    waiting: set[Any] = set()

    async def later(self: OutputProducer, topic: str, partition: int, records: Any) -> list[Any]:
        kept = list(records)

        async def send() -> None:
            await asyncio.sleep(1.5)
            await changes(self, topic, partition, kept)

        task = asyncio.ensure_future(send())
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        return []

    OutputProducer.changes = later  # type: ignore[assignment, method-assign]


HALVED_S = 1.5
"""Seconds between the halves of a fetch: longer than a round, so that watermark records pass in between."""


def wall_clock() -> None:
    """Deadlines fire by the worker's own clock, even with unread input. A backlog is applied in halves."""
    from agents.worker.visitors import VisitorsProcessor

    apply, take = VisitorsProcessor.apply, VisitorsProcessor.take

    async def halved(self: VisitorsProcessor, batches: Any) -> None:
        for number, batch in enumerate(batches):
            await take(self, [batch])
            if number == len(batches) // 2 > 0:
                await asyncio.sleep(HALVED_S)

    def applied(self: VisitorsProcessor, batches: Any) -> Any:
        from stream.outputs.outputs import Outputs

        before = Outputs()
        self.stage.advance(int(time.time() * 1000), before)
        out = apply(self, batches)
        out.facts[:0] = before.facts
        return out

    VisitorsProcessor.apply = applied  # type: ignore[assignment, method-assign]
    VisitorsProcessor.take = halved  # type: ignore[assignment, method-assign]


def uuid_ids() -> None:
    """Every trigger gets a random id."""
    from agents.worker.producer import OutputProducer

    outputs = OutputProducer.outputs

    async def sent(self: OutputProducer, out: Any, *args: Any) -> list[Any]:
        out.triggers = [(r, p, _renamed(value)) for r, p, value in out.triggers]
        return await outputs(self, out, *args)

    OutputProducer.outputs = sent  # type: ignore[assignment, method-assign]


def _renamed(value: bytes) -> bytes:
    trigger = json.loads(value)
    trigger["id"] = trigger["data"]["trigger_id"] = uuid.uuid4().hex
    return json.dumps(trigger).encode()


def deadlines_not_rebuilt() -> None:
    """A restore arms no deadline."""
    from stream.store.keyed import Keyed
    from stream.store.timer_wheel import Wheel

    restored = Keyed.restored

    def without(self: Any) -> Any:
        clock = restored(self)
        self._wheel = Wheel()
        return clock

    Keyed.restored = without  # type: ignore[assignment, method-assign]


def no_ownership() -> None:
    """Revoked partitions are kept, and not restored when they are assigned again."""
    from agents.worker.rebalance import Rebalance

    assigned = Rebalance.on_assigned
    kept: dict[Any, Any] = {}

    async def taken(self: Rebalance) -> None:
        member = self._group.member
        kept.update(self._assignment.processors)
        self._member = (member[0] - 1, member[1])
        ours = {tp: kept[tp] for tp in self._group.assignment() if tp in kept}
        self._assignment.processors = ours
        await assigned(self)

    Rebalance.on_assigned = taken  # type: ignore[assignment, method-assign]


def rejected_after_ack() -> None:
    """Rejected records are sent long after the offset is committed."""
    from agents.worker.producer import OutputProducer
    from stream.outputs.outputs import Outputs

    outputs = OutputProducer.outputs
    waiting: set[Any] = set()

    async def split(self: OutputProducer, out: Any, *args: Any) -> list[Any]:
        late = Outputs()
        late.rejected, out.rejected = out.rejected, []

        async def send() -> None:
            await asyncio.sleep(1.5)
            await outputs(self, late, *args)

        if late.rejected:
            task = asyncio.ensure_future(send())
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        return await outputs(self, out, *args)

    OutputProducer.outputs = split  # type: ignore[assignment, method-assign]


def no_applied_guard() -> None:
    """Input that the state contains is applied again: only the group's offset counts."""
    from stream.stages.visitors import Visitors

    os.environ["TRIGGERS_COMPILED"] = "no"  # what is compiled cannot be changed here
    handle, restored = Visitors._handle, Visitors.restored

    def handled(self: Visitors, offset: int, t: int, event: Any, *more: Any) -> str:
        known = self._states.get(event.visitor)
        if known is not None:
            known.applied = -1
            known.ids.clear()
        return handle(self, offset, t, event, *more)

    def again(self: Visitors) -> None:
        restored(self)
        self.position = 0

    Visitors._handle = handled  # type: ignore[assignment, method-assign]
    Visitors.restored = again  # type: ignore[assignment, method-assign]


def readable_ends() -> None:
    """Evidence follows the high watermark, and ignores records that are not replicated yet."""
    from agents.kafka.offsets import Offsets

    Offsets.log_end_offsets = Offsets.ends  # type: ignore[assignment, method-assign]


def last_record_wins() -> None:
    """A restore takes the last record of a key, whichever worker wrote it."""
    from stream.store import changelog, keyed

    os.environ["TRIGGERS_COMPILED"] = "no"  # so that no blocks come

    def last(self: Any, records: Any) -> None:
        reader = self._reader
        for key, value in records:
            if key:
                self._packed.pop(key.decode(), None)
                reader._tombstoned.clear()
                reader.take_one(key, value)
            elif value is not None:
                reader.clock = changelog.CLOCK.unpack(value)[1:]

    keyed.Keyed.restore = last  # type: ignore[assignment, method-assign]
