"""A worker with changes made at test time: `python -m tests.faults.patches`, FAULT_PATCH names them.

`hasty` makes 5 minutes of idleness 5 s. `die:POINT:N` kills the process at the Nth pass of a point of the
checkpoint (of `A+B` at its starts in turn), `freeze:POINT:N` stops its first start there (SIGSTOP). `bug` raises at one visitor's event. The rest stands in broken.py and broken_keys.py.
"""

# ruff: noqa: PLC0415 - a constant must be changed before those are imported that read it

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from tests.faults import broken, broken_keys

HASTY_MS = 5_000
UNTOLD = "can" + "ary of an error: its words may quote an event, and are not to be logged"


def hasty() -> None:
    """Shortens the idle times. Runs before other imports, because modules copy the constant."""
    import stream.state.visitor

    stream.state.visitor.IDLE_AFTER = HASTY_MS  # type: ignore[misc]


def die(points: str, nth: str) -> None:
    """kill -9 of itself, at its first FAULT_DEATHS starts."""
    start = int(os.environ["FAULT_START"])
    if start <= int(os.environ.get("FAULT_DEATHS", "3")):
        in_turn = points.split("+")
        _signal_at(in_turn[(start - 1) % len(in_turn)], int(nth), signal.SIGKILL)


def freeze(point: str, nth: str) -> None:
    """SIGSTOP of itself. The test resumes it."""
    if os.environ["FAULT_START"] == "1":
        _signal_at(point, int(nth), signal.SIGSTOP)


def _signal_at(point: str, left: int, number: signal.Signals) -> None:
    """Points: outputs (acknowledged), state (acknowledged), commit (before it), committed."""
    from agents.worker import checkpoint
    from agents.worker.partition_processor import PartitionProcessor, Snapshot
    from agents.worker.transactional_producer import TransactionalProducer

    def passed(where: str, matters: bool = True) -> None:
        nonlocal left
        if where == point and matters:
            left -= 1
            if left == 0:
                print(f"fault: {number.name} at {where}", file=sys.stderr, flush=True)
                os.kill(os.getpid(), number)

    write, checkpointed, make = (
        PartitionProcessor.write,
        PartitionProcessor.checkpointed,
        checkpoint.Checkpoint.__init__,
    )

    async def writing(self: PartitionProcessor, snapshot: Snapshot) -> Any:
        passed("outputs", bool(snapshot.acks))
        acks = await write(self, snapshot)
        if point == "state" and acks:
            await asyncio.wait(acks)
        passed("state", bool(acks))
        return acks

    def made(self: checkpoint.Checkpoint, commit: checkpoint.Commit, metrics: Any) -> None:
        async def committing(offsets: Any) -> bool:
            passed("commit")
            done = await commit(offsets)
            passed("committed")
            return done

        make(self, committing, metrics)

    end = TransactionalProducer.commit

    async def ending(self: TransactionalProducer, offsets: Any) -> None:
        passed("commit")
        await end(self, offsets)
        passed("committed")

    TransactionalProducer.commit = ending  # type: ignore[assignment, method-assign]
    PartitionProcessor.write, PartitionProcessor.checkpointed = writing, checkpointed  # type: ignore[assignment, method-assign]
    checkpoint.Checkpoint.__init__ = made  # type: ignore[assignment, method-assign]


def bug() -> None:
    """Raises at an event of the visitor `bug`, like a programming error."""
    from stream.events.types import Event
    from stream.stages.visitors import Visitors

    os.environ["TRIGGERS_COMPILED"] = "no"  # what is compiled cannot be changed here
    handle = Visitors._handle

    def handled(self: Visitors, offset: int, t: int, event: Event, *rest: Any) -> str:
        if event.visitor == "bug":
            raise ZeroDivisionError(UNTOLD)
        return handle(self, offset, t, event, *rest)

    Visitors._handle = handled  # type: ignore[assignment, method-assign]


PATCHES: dict[str, Callable[..., None]] = {
    each.__name__: each
    for each in (
        hasty,
        die,
        freeze,
        bug,
        broken.acked_at_receipt,
        broken.state_before_output,
        broken.commit_before_changelog,
        broken.wall_clock,
        broken.uuid_ids,
        broken.deadlines_not_rebuilt,
        broken.no_ownership,
        broken.rejected_after_ack,
        broken.no_applied_guard,
        broken.last_record_wins,
        broken.readable_ends,
        broken_keys.lagging_partitions,
        broken_keys.no_round_of_keys,
        broken_keys.keys_do_not_wait_for_all_sources,
        broken_keys.people_do_not_wait_for_keys,
        broken_keys.null_ignored,
    )
}


def main() -> int:
    for patch in os.environ["FAULT_PATCH"].split(","):
        name, *arguments = patch.split(":")
        PATCHES[name](*arguments)
    from agents.__main__ import main as command

    return command(["worker"])


if __name__ == "__main__":
    sys.exit(main())
