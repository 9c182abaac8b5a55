"""A checkpoint and a restore on a broker in memory: what becomes durable, in which order, and what is restored."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.kafka.topics import FACTS, STATE_VISITORS
from agents.worker import checkpoint, restore
from agents.worker.checkpoint import Checkpoint
from agents.worker.metrics import Metrics
from agents.worker.rebalance import first_position
from tests.fake_broker import SETTINGS, FakeBroker, FakeConsumer, FakeProducer
from tests.worker_contract import LAYOUT, START, Play, Scene, WorkerContract, World, batch, state_of


class FakeWorld(World):
    def __init__(self) -> None:
        self.broker = FakeBroker()
        producer = FakeProducer(self.broker, LAYOUT)
        super().__init__(SETTINGS, producer, self.broker, self.broker.commit)


@pytest.fixture(autouse=True)
def fake_consumer(monkeypatch: pytest.MonkeyPatch) -> list[FakeBroker]:
    """A restore reads from the broker in this list."""
    brokers: list[FakeBroker] = []
    monkeypatch.setattr(restore, "AIOKafkaConsumer", lambda **options: FakeConsumer(brokers[0]))
    for name in ("collect", "freeze"):  # of all that pytest holds
        monkeypatch.setattr(f"gc.{name}", lambda: None)
    return brokers


class TestOnAFake(WorkerContract):
    @pytest.fixture
    def play(self, fake_consumer: list[FakeBroker]) -> Play:
        def played(test: Scene) -> None:
            async def inside() -> None:
                world = FakeWorld()
                fake_consumer.append(world.broker)

                async def committed() -> int | None:
                    return world.broker.committed.get(world.input)

                await test(world, committed)

            asyncio.run(inside())

        return played


def run(test: Callable[[FakeWorld], Awaitable[None]]) -> None:
    async def inside() -> None:
        await test(FakeWorld())

    asyncio.run(inside())


def test_outputs_then_state_then_the_offset() -> None:
    async def test(world: FakeWorld) -> None:
        await world.take(0)
        await world.save()
        journal = world.broker.journal
        assert journal[-2:] == [STATE_VISITORS, "commit"]
        assert FACTS in journal[:-2]
        assert world.broker.committed == {world.input: 1}

    run(test)


def test_state_is_not_sent_before_the_outputs_are_acknowledged() -> None:
    async def test(world: FakeWorld) -> None:
        world.broker.held = True
        await world.take(0)
        saving = asyncio.ensure_future(world.save())
        await asyncio.sleep(0.05)
        assert STATE_VISITORS not in world.broker.journal
        world.broker.acknowledge()
        await asyncio.sleep(0.05)
        assert STATE_VISITORS in world.broker.journal
        assert "commit" not in world.broker.journal, "the state is not acknowledged yet"
        world.broker.acknowledge()
        await saving
        assert world.broker.journal[-1] == "commit"

    run(test)


def test_no_state_of_a_dropped_partition_is_written() -> None:
    """Its decisions were buffered, and are dropped. The next owner decides them again."""

    async def test(world: FakeWorld) -> None:
        await world.take(0)
        world.processor.forget()
        await world.save()
        assert world.broker.journal == []
        assert world.broker.committed == {}

    run(test)


def test_an_offset_is_committed_once() -> None:
    """Also one that moved without a change of state, because a repeated record changes nothing."""

    async def test(world: FakeWorld) -> None:
        await world.take(0)
        await world.save()
        await world.processor.take([])
        world.processor.begin(0)
        await world.take(0, 1)
        await world.save()
        before = list(world.broker.journal)
        await world.save()
        await world.save()
        assert world.broker.journal == before

    run(test)


def test_an_offset_that_moved_without_changes_is_committed_once() -> None:
    """A second event with the id and the time of the first changes no state and no clock."""

    async def test(world: FakeWorld) -> None:
        await world.take(0)
        await world.save()
        world.processor.position = world.processor.stage.position = 5
        journal = world.broker.journal
        before = len(journal)
        await world.save()
        assert journal[before:] == ["commit"]
        assert world.processor.committed == 5
        await world.save()
        assert journal[before:] == ["commit"]

    run(test)


class Visits(FakeWorld):
    """`take_visitors` changes the state of so many visitors."""

    async def take_visitors(self, first: int, end: int) -> None:
        for number in range(first, end):
            await self.processor.take([batch(number, visitor=f"v{number}", customer="anna")])


def visits(test: Callable[[Visits], Awaitable[None]]) -> None:
    async def inside() -> None:
        await test(Visits())

    asyncio.run(inside())


def test_events_are_applied_while_a_checkpoint_packs_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The states of these events are part of it, and so is their offset."""
    monkeypatch.setattr(checkpoint, "STATES", 3)

    async def test(world: Visits) -> None:
        await world.take_visitors(0, 10)
        saving = asyncio.ensure_future(world.checkpoint([world.processor], urgent=False))
        while world.processor.stage._states.dirty.keys() & {"v0"}:
            await asyncio.sleep(0)
        assert not saving.done()
        await world.take_visitors(10, 12)
        await saving
        assert world.broker.committed == {world.input: 12}
        assert world.processor.stage.unwritten == 0
        written = world.broker.logs[STATE_VISITORS, 0]
        assert {f"v{number}".encode() for number in range(12)} < {each.key for each in written}

    monkeypatch.setattr(checkpoint, "PAUSES_S", 10.0)
    visits(test)


def test_an_urgent_checkpoint_ends_the_pauses_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"STATES": 1, "PAUSE_S": 0.05, "PAUSES_S": 1000.0}.items():
        monkeypatch.setattr(checkpoint, name, value)

    async def test(world: Visits) -> None:
        await world.take_visitors(0, 400)  # twenty seconds of pauses
        patient = asyncio.ensure_future(world.checkpoint([world.processor], urgent=False))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await world.save()
        assert patient.done()
        assert world.broker.committed == {world.input: 400}

    visits(test)


def test_a_partition_revoked_in_a_pause_is_neither_written_nor_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"STATES": 1, "PAUSES_S": 1.0}.items():
        monkeypatch.setattr(checkpoint, name, value)

    async def test(world: Visits) -> None:
        await world.take_visitors(0, 5)
        saving = asyncio.ensure_future(world.checkpoint([world.processor], urgent=False))
        await asyncio.sleep(0)
        world.processor.forget()
        await saving
        assert "commit" not in world.broker.journal
        assert STATE_VISITORS not in world.broker.journal

    visits(test)


def test_after_a_failure_every_checkpoint_fails() -> None:
    """Memory stays ahead of the log."""

    async def test(world: FakeWorld) -> None:
        await world.take(0)
        world.broker.refuses = OSError("no disk")
        with pytest.raises(OSError, match="no disk"):
            await world.save()
        world.broker.refuses = None
        with pytest.raises(OSError, match="no disk"):
            await world.save()
        assert world.broker.committed == {}

    run(test)


def test_after_a_commit_that_failed_every_checkpoint_fails() -> None:
    async def test(world: FakeWorld) -> None:
        faults = [OSError("no coordinator")]

        async def commit(*_: Any) -> bool:
            if faults:
                raise faults.pop()
            return True

        save = Checkpoint(commit, Metrics())
        await world.take(0)
        for _ in range(2):
            with pytest.raises(OSError, match="no coordinator"):
                await save([world.processor])

    run(test)


def test_a_commit_that_a_rebalance_overtakes_counts_as_not_done() -> None:
    async def test(world: FakeWorld) -> None:
        await world.take(0)
        world.broker.rebalanced = True
        await world.save()
        assert world.processor.committed is None
        world.broker.rebalanced = False
        await world.save()
        assert world.processor.committed == 1

    run(test)


def test_a_repeated_record_is_skipped() -> None:
    async def test(world: FakeWorld) -> None:
        await world.take(0, 0)
        assert world.processor.position == 1
        state = state_of(world.processor)
        assert state is not None
        assert state.applied == 0

    run(test)


def test_nothing_is_applied_while_the_flow_is_held() -> None:
    async def test(world: FakeWorld) -> None:
        world.processor.closed = True
        await world.take(0)
        assert (world.processor.position, world.processor.stage.keys) == (0, 0)

    run(test)


def test_a_restore_of_lost_partitions_is_incomplete(fake_consumer: list[FakeBroker]) -> None:
    """Before the first record, half-way, or right after the last one."""

    async def test(world: FakeWorld) -> None:
        fake_consumer.append(world.broker)
        await world.take(0, 1)
        await world.save()
        assert len(world.broker.logs[STATE_VISITORS, 0]) == 2
        asked: list[bool] = []

        def ours_until(last: int) -> bool:
            asked.append(len(asked) < last)
            return asked[-1]

        whole, _ = await world.restored(lambda: ours_until(100))
        assert whole
        questions = len(asked)
        assert questions > 2
        for last in range(questions):
            asked.clear()
            whole, _ = await world.restored(partial(ours_until, last))
            assert not whole, f"the answer {last} was no"

    run(test)


def test_a_restore_that_loses_its_partitions_at_the_last_record_is_incomplete(
    fake_consumer: list[FakeBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [True]

    async def stop(consumer: FakeConsumer) -> None:
        ours.clear()

    monkeypatch.setattr(FakeConsumer, "stop", stop)

    async def test(world: FakeWorld) -> None:
        fake_consumer.append(world.broker)
        await world.take(0)
        await world.save()
        whole, _ = await world.restored(lambda: bool(ours))
        assert not whole

    run(test)


@pytest.mark.parametrize(("state", "committed", "start"), [(5, 3, 5), (3, 5, 5), (0, 4, 4)])
@pytest.mark.parametrize("clock", [0, START])
def test_input_starts_at_the_larger_of_state_position_and_commit(
    state: int, committed: int, start: int, clock: int
) -> None:
    """A crash between state and commit leaves the state ahead; rejected records alone leave the commit ahead."""

    async def test(world: FakeWorld) -> None:
        world.processor.stage.clock, world.processor.stage.position = clock, state
        assert first_position(world.processor, committed) == start

    run(test)


@pytest.mark.parametrize("committed", [0, 4])
def test_without_any_state_all_input_is_read_again(
    committed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker logs that state was lost, if there was an offset."""

    async def test(world: FakeWorld) -> None:
        assert first_position(world.processor, committed) == 0
        lost = [record for record in caplog.records if "state_lost" in record.getMessage()]
        assert len(lost) == bool(committed)

    run(test)


def test_only_a_checkpoint_that_commits_an_offset_is_timed() -> None:
    async def test(world: FakeWorld) -> None:
        def timed(name: str) -> float | None:
            return world.metrics.registry.get_sample_value(f"triggers_checkpoint_seconds_{name}")

        await world.take(0)
        await world.save()
        assert timed("count") == 1
        assert 0 <= (timed("sum") or 0) < 5
        await world.save()
        assert timed("count") == 1

    run(test)


def test_partitions_are_written_in_groups_of_a_bounded_number_of_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint, "STATES", 3)
    given = [
        cast(Any, SimpleNamespace(stage=SimpleNamespace(unwritten=number)))
        for number in (2, 1, 4, 0, 2, 0)
    ]
    found = [[each.stage.unwritten for each in group] for group in checkpoint._groups(given)]
    assert found == [[2, 1], [4], [0, 2, 0]]
    assert list(checkpoint._groups([])) == []


@pytest.mark.parametrize(("states", "pauses"), [(2, []), (3, [0.2]), (30, [4 / 11] * 10)])
def test_all_pauses_of_a_checkpoint_together_are_bounded(
    monkeypatch: pytest.MonkeyPatch, states: int, pauses: list[float]
) -> None:
    for name, value in {"STATES": 3, "PAUSE_S": 0.2 if states < 30 else 9, "PAUSES_S": 4}.items():
        monkeypatch.setattr(checkpoint, name, value)
    slept: list[float] = []
    sleep = asyncio.sleep

    async def sleeps(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    async def test(world: Visits) -> None:
        await world.take_visitors(0, states)
        monkeypatch.setattr(asyncio, "sleep", sleeps)
        await world.checkpoint([world.processor], urgent=False)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        assert [each for each in slept if each] == pytest.approx(pauses)
        assert world.broker.committed == {world.input: states}

    visits(test)


def test_a_checkpoint_is_urgent_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "STATES", 1)
    monkeypatch.setattr(checkpoint, "PAUSE_S", 1000.0)
    monkeypatch.setattr(checkpoint, "PAUSES_S", 1000.0)

    async def test(world: Visits) -> None:
        await world.take_visitors(0, 5)
        async with asyncio.timeout(5):
            await world.save()
        assert world.checkpoint._urgent == 0

    visits(test)


def test_a_restore_is_logged_with_what_it_read(
    fake_consumer: list[FakeBroker], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(world: FakeWorld) -> None:
        fake_consumer.append(world.broker)
        await world.take(0, 1)
        await world.save()
        await world.restored()

    run(test)
    (line,) = [each.getMessage() for each in caplog.records if "restored" in each.getMessage()]
    assert line.startswith("restored partitions=1 records=2 seconds=0.")
