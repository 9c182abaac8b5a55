"""A checkpoint and a restore, on a broker in memory: what becomes durable, in which order, and what comes back."""

import asyncio
from typing import Any, cast

import msgspec
import pytest
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import Layout
from agents.worker import restore
from agents.worker.assignment import Assignment
from agents.worker.checkpoint import Checkpoint
from agents.worker.metrics import Metrics
from agents.worker.producer import Provenance
from agents.worker.visitors import VisitorsProcessor
from stream import recipes_file
from stream.stages.backend import PURE
from tests.fake_broker import FakeBroker, FakeConsumer, FakeProducer, run

START = 1_767_571_200_000
LAYOUT = Layout(1, 1, 1)
EVENTS = TP("storefront.events", 0)
STATE = "state.visitors"
FACTS = "visitor.facts"


class Input:
    """A record of a fetched batch."""

    headers: tuple[()] = ()

    def __init__(self, offset: int, **body: Any) -> None:
        event = {"id": f"e{offset}", "type": "activity.pinged", "visitor": "v"} | body
        self.offset, self.timestamp = offset, START + offset
        self.key, self.value = b"v", msgspec.json.encode(event)


def batch(offset: int, **body: Any) -> RawBatch:
    return RawBatch([Input(offset, **body)], offset, offset + 1, START + offset)  # type: ignore[list-item]


class Worker:
    """One partition of the input, its checkpoint, and the broker behind both."""

    def __init__(self) -> None:
        self.broker, self.metrics = FakeBroker(), Metrics()
        self.checkpoint = Checkpoint(self.broker.commit, self.metrics)
        producer = FakeProducer(self.broker, LAYOUT)
        self.processor = VisitorsProcessor(
            recipes_file.DEFAULT, Provenance(*EVENTS), STATE, producer, self.metrics, PURE
        )
        self.processor.begin(0)
        self.processor.closed = False

    async def take(self, *offsets: int) -> None:
        """Logins: each tells a fact."""
        for offset in offsets:
            await self.processor.take([batch(offset, customer="anna")])

    async def save(self) -> None:
        await self.checkpoint([self.processor])


def test_outputs_then_state_then_the_offset() -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0)
        await worker.save()
        journal = worker.broker.journal
        assert journal[-2:] == [STATE, "commit"]
        assert FACTS in journal[:-2]
        assert worker.broker.committed == {EVENTS: 1}

    run(test)


def test_state_is_not_sent_before_the_outputs_are_acknowledged() -> None:
    async def test() -> None:
        worker = Worker()
        worker.broker.held = True
        await worker.take(0)
        saving = asyncio.ensure_future(worker.save())
        await asyncio.sleep(0.05)
        assert STATE not in worker.broker.journal
        worker.broker.acknowledge()
        await asyncio.sleep(0.05)
        assert STATE in worker.broker.journal
        assert "commit" not in worker.broker.journal, "the state is not acknowledged yet"
        worker.broker.acknowledge()
        await saving
        assert worker.broker.journal[-1] == "commit"

    run(test)


def test_nothing_is_committed_twice_when_nothing_has_changed() -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0)
        await worker.save()
        before = list(worker.broker.journal)
        await worker.save()
        assert worker.broker.journal == before

    run(test)


def test_after_a_failure_every_checkpoint_fails() -> None:
    """Memory is ahead of the log for good."""

    async def test() -> None:
        worker = Worker()
        await worker.take(0)
        worker.broker.refuses = OSError("no disk")
        with pytest.raises(OSError, match="no disk"):
            await worker.save()
        worker.broker.refuses = None
        with pytest.raises(OSError, match="no disk"):
            await worker.save()
        assert worker.broker.committed == {}

    run(test)


def test_a_commit_that_a_rebalance_overtakes_counts_as_not_done() -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0)
        worker.broker.rebalanced = True
        await worker.save()
        assert worker.processor.committed is None
        worker.broker.rebalanced = False
        await worker.save()
        assert worker.processor.committed == 1

    run(test)


def test_what_comes_again_is_skipped() -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0, 0)
        assert worker.processor.position == 1
        (state,) = [worker.processor.stage._states.get("v")]
        assert state is not None
        assert state.applied == 0

    run(test)


async def restored(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, ours: list[bool]
) -> tuple[bool, VisitorsProcessor]:
    """What a restore of the worker's changelog says, and the processor that it filled."""
    fresh = Worker().processor
    fake = FakeConsumer(worker.broker)
    monkeypatch.setattr(restore, "AIOKafkaConsumer", fake)
    monkeypatch.setattr(restore.gc, "freeze", lambda: None)
    answers = iter(ours)
    stages = {(STATE, 0): fresh.stage}
    whole = await restore.restore(
        Settings(kafka=("localhost:1",)),
        cast(Offsets, worker.broker),
        stages,
        lambda: next(answers, ours[-1]),
    )
    return whole, fresh


def test_a_restore_brings_back_state_and_position(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0, 1)
        await worker.save()
        whole, fresh = await restored(worker, monkeypatch, [True])
        assert whole
        assert fresh.stage.position == 2
        state = fresh.stage._states.get("v")
        assert state is not None
        assert state.customer == "anna"

    run(test)


def test_a_restore_that_stops_being_ours_half_way_is_not_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        worker = Worker()
        await worker.take(0, 1)
        await worker.save()
        assert len(worker.broker.logs[STATE, 0]) > 1
        whole, fresh = await restored(worker, monkeypatch, [True, True, False])
        assert not whole
        assert fresh.stage.position == 0

    run(test)


@pytest.mark.parametrize(("state", "committed", "start"), [(5, 3, 5), (3, 5, 5), (0, 4, 4)])
def test_input_starts_where_state_and_commit_have_both_passed(
    state: int, committed: int, start: int
) -> None:
    async def test() -> None:
        processor = Worker().processor
        processor.stage.clock, processor.stage.position = START, state
        unused = cast(Any, None)
        owner = Assignment(Settings(), unused, unused, unused, Metrics())
        assert owner._start(processor, committed) == start

    run(test)
