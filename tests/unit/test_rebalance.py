"""A rebalance on a broker in memory: partitions given up, kept and restored, and when input flows."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS, STATE_VISITORS
from agents.worker import restore
from agents.worker.assignment import Assignment
from agents.worker.assignment_state import AssignmentState
from agents.worker.checkpoint import Checkpoint
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import PartitionProcessor
from agents.worker.producer import Provenance
from agents.worker.rebalance import LogTruncated, Rebalance
from agents.worker.visitors import VisitorsProcessor
from stream import recipes_file
from stream.stages.backend import PURE
from tests.fake_broker import FakeBroker, FakeConsumer, FakeGroup, FakeProducer
from tests.worker_contract import LAYOUT, batch

P0, P1 = TP(EVENTS, 0), TP(EVENTS, 1)
SETTINGS = Settings(kafka=("localhost:1",), session_ms=1000)


class Worker:
    """A worker in the group of a fake broker. Its input is already on the topic."""

    def __init__(self, broker: FakeBroker) -> None:
        self.broker, self.group = broker, FakeGroup(broker)
        self.metrics = Metrics()
        self._producer = FakeProducer(broker, LAYOUT)
        checkpoint = Checkpoint(self.group.commit_offsets, self.metrics)
        self.assignment = Assignment(self.group, broker, checkpoint, self.metrics)
        self.rebalance = Rebalance(
            SETTINGS, self._make, self.assignment, self.group, broker, self.metrics
        )

    def _make(self, tp: TP) -> PartitionProcessor:
        source = Provenance(tp.topic, tp.partition)
        own = source, STATE_VISITORS, self._producer
        return VisitorsProcessor(recipes_file.DEFAULT, *own, self.metrics, PURE)

    @property
    def state(self) -> AssignmentState:
        return self.assignment.state

    @property
    def positions(self) -> dict[int, int]:
        """The positions of the processors, by partition."""
        return {tp.partition: each.position for tp, each in self.assignment.processors.items()}

    async def joins(self, generation: int, *tps: TP, member: str = "me") -> None:
        """Completes a rebalance with these partitions."""
        self.group.member, self.group.given = (generation, member), set(tps)
        await self.rebalance.on_assigned()
        await self.rebalance.resume()

    async def take(self, tp: TP, *offsets: int) -> None:
        for offset in offsets:
            await self.assignment.take({tp: [batch(offset, customer="anna")]})


def play(
    monkeypatch: pytest.MonkeyPatch, test: Callable[[Worker], Awaitable[None]], records: int = 9
) -> None:
    """Runs a test with `records` records in each partition of the input."""

    async def inside() -> None:
        broker = FakeBroker()
        for tp in (P0, P1):
            broker.logs[tp] = [None] * records
        monkeypatch.setattr(restore, "AIOKafkaConsumer", FakeConsumer(broker))
        for name in ("collect", "freeze"):  # of all that pytest holds
            monkeypatch.setattr(f"gc.{name}", lambda: None)
        await test(Worker(broker))

    asyncio.run(inside())


def test_a_first_assignment_flows_from_the_first_record(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        assert worker.state is AssignmentState.UNASSIGNED
        await worker.joins(1, P0, P1)
        assert worker.state is AssignmentState.FLOWING
        assert worker.group.sought == {P0: 0, P1: 0}
        await worker.take(P0, 0, 1)
        assert worker.positions == {0: 2, 1: 0}
        assert worker.assignment.held_since is None

    play(monkeypatch, test)


def test_a_revoke_holds_the_input_and_saves_what_was_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        await worker.rebalance.on_revoked(lost=False)
        assert worker.state is AssignmentState.REVOKED
        assert worker.broker.committed == {P0: 1}
        assert worker.assignment.owned() == []
        assert worker.assignment.held_since is not None
        await worker.take(P0, 1)
        await worker.assignment.processors[P0].take([batch(1, customer="ben")])
        assert worker.positions == {0: 1}, "nothing is applied behind what was saved"

    play(monkeypatch, test)


def test_a_revoke_that_is_cancelled_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken connection cancels it. Decisions may not be sent yet, so they are made again."""

    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        worker.broker.held = True
        revoking = asyncio.ensure_future(worker.rebalance.on_revoked(lost=False))
        await asyncio.sleep(0.05)
        revoking.cancel()
        await asyncio.wait((revoking,))
        worker.broker.held = False
        await worker.joins(2, P0)
        assert worker.positions == {0: 0}

    play(monkeypatch, test)


def test_a_lost_assignment_is_dropped_without_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        before = list(worker.broker.journal)
        await worker.rebalance.on_revoked(lost=True)
        assert worker.assignment.processors == {}
        assert worker.broker.journal == before

    play(monkeypatch, test)


def test_only_what_a_worker_had_is_logged_as_revoked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """aiokafka revokes before the first assignment, too: a worker that starts would seem to have lost partitions."""
    caplog.set_level("INFO")

    async def test(worker: Worker) -> None:
        await worker.rebalance.on_revoked(lost=True)
        assert "revoked" not in caplog.text
        await worker.joins(1, P0)
        await worker.rebalance.on_revoked(lost=False)
        assert "revoked lost=False kept=1 generation=1" in caplog.text

    play(monkeypatch, test)


@pytest.mark.parametrize(
    ("generation", "member", "kept"), [(2, "me", True), (3, "me", False), (2, "other", False)]
)
def test_only_the_next_generation_of_the_same_member_keeps_processors(
    monkeypatch: pytest.MonkeyPatch, generation: int, member: str, kept: bool
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0, P1)
        await worker.take(P0, 0, 1)
        before = worker.assignment.processors[P0]
        await worker.rebalance.on_revoked(lost=False)
        await worker.joins(generation, P0, member=member)
        after = worker.assignment.processors[P0]
        assert (after is before) == kept
        assert worker.positions == {0: 2}, "P1 went to another worker"
        assert before.closed != kept
        assert worker.group.sought[P0] == 2
        await worker.take(P0, 2)
        assert worker.positions == {0: 3}

    play(monkeypatch, test)


def test_partitions_that_others_processed_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers share a broker. The second continues where the first was removed after a checkpoint."""

    async def test(first: Worker) -> None:
        await first.joins(1, P0)
        await first.take(P0, 0, 1, 2)
        await first.rebalance.on_revoked(lost=False)
        second = Worker(first.broker)
        await second.joins(2, P0, member="second")
        assert second.positions == {0: 3}
        visitors = second.assignment.processors[P0].stage
        assert visitors.keys == 1

    play(monkeypatch, test)


def test_a_revoke_in_the_middle_of_a_restore_lets_nothing_flow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        await worker.rebalance.on_revoked(lost=False)

        revoking: list[asyncio.Task[None]] = []

        def looked() -> None:
            worker.group.member = (-1, "")
            revoking.append(asyncio.create_task(worker.rebalance.on_revoked(lost=True)))

        monkeypatch.setattr(restore, "AIOKafkaConsumer", FakeConsumer(worker.broker, looked))
        await worker.joins(5, P0)
        await asyncio.gather(*revoking)
        assert revoking
        assert worker.state is AssignmentState.REVOKED
        assert worker.assignment.processors == {}
        assert not worker.assignment.failed.done()

    play(monkeypatch, test)


def test_a_resume_of_an_older_generation_lets_nothing_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        worker.group.member, worker.group.given = (1, "me"), {P0}
        await worker.rebalance.on_assigned()
        worker.group.member = (2, "me")
        await worker.rebalance.resume()
        assert worker.state is AssignmentState.READY
        assert worker.group.sought == {}
        worker.group.member, worker.group.given = (1, "me"), {P0, P1}
        await worker.rebalance.resume()
        assert worker.group.sought == {}, "P1 has no processor"

    play(monkeypatch, test)


def test_a_new_generation_during_the_seek_keeps_input_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        async def seek(positions: object) -> None:
            worker.group.member = (2, "me")

        monkeypatch.setattr(worker.group, "seek_wait", seek)
        await worker.joins(1, P0)
        assert worker.state is AssignmentState.READY

    play(monkeypatch, test)


def test_a_revoke_during_the_seek_closes_the_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        async def seek(positions: object) -> None:
            await worker.rebalance.on_revoked(lost=False)

        monkeypatch.setattr(worker.group, "seek_wait", seek)
        await worker.joins(1, P0)
        assert worker.state is AssignmentState.REVOKED
        await worker.assignment.processors[P0].take([batch(0)])
        assert worker.positions == {0: 0}

    play(monkeypatch, test)


def test_a_truncated_log_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        worker.broker.committed = {P0: 4}
        await worker.joins(1, P0)
        assert not worker.assignment.failed.done(), "without state it is read from the start"
        await worker.take(P0, 0, 1)
        await worker.rebalance.on_revoked(lost=False)
        worker.broker.logs[P0] = [None]
        await worker.joins(2, P0)
        with pytest.raises(LogTruncated, match="expected an end at 2 or later, got 1"):
            worker.assignment.failed.result()
        assert not worker.assignment.flowing

    play(monkeypatch, test)


def test_input_that_retention_deleted_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        worker.broker.firsts[P0] = 3
        await worker.joins(1, P0)
        assert worker.group.sought == {P0: 3}
        worker.broker.firsts[P0] = 6
        await worker.take(P0, 6)
        assert worker.group.sought == {P0: 6}
        assert worker.metrics.skipped.labels("visitors")._value.get() == 3

    play(monkeypatch, test)


def test_a_gap_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebalance dropped the records in between. They are still on the topic."""

    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        worker.group.sought.clear()
        await worker.take(P0, 0, 2)
        assert worker.positions == {0: 1}
        assert worker.group.sought == {P0: 1}

    play(monkeypatch, test)


def test_a_checkpoint_that_takes_too_long_drops_the_partitions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        worker.broker.held = True
        began = asyncio.get_running_loop().time()
        await worker.rebalance.on_revoked(lost=False)
        waited = asyncio.get_running_loop().time() - began
        assert 0.75 < waited < 1, "80 % of the session"
        assert worker.assignment.processors == {}
        assert worker.broker.committed == {}

    play(monkeypatch, test)


def test_a_checkpoint_that_fails_at_a_revoke_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        worker.broker.refuses = OSError("no disk")
        await worker.rebalance.on_revoked(lost=False)
        with pytest.raises(OSError, match="no disk"):
            worker.assignment.failed.result()

    play(monkeypatch, test)


def test_a_stop_saves_what_was_applied_and_applies_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0)
        await worker.assignment.stop()
        assert worker.group.holding
        assert worker.state is AssignmentState.STOPPED
        assert worker.broker.committed == {P0: 1}
        await worker.assignment.processors[P0].take([batch(1)])
        assert worker.positions == {0: 1}
        journal = list(worker.broker.journal)
        await worker.rebalance.on_revoked(lost=False)
        assert worker.broker.journal == journal, "it is saved already"

    play(monkeypatch, test)


def test_a_worker_without_partitions_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        await worker.rebalance.on_revoked(lost=False)
        assert worker.assignment.held_since is not None
        await worker.joins(1)
        assert worker.assignment.held_since is None

    play(monkeypatch, test)


def lines(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    """The log lines that begin with this word."""
    told = (record.getMessage() for record in caplog.records)
    return [line for line in told if line.split()[0] == word]


def test_a_rebalance_is_logged_and_counted_with_what_it_kept_and_restored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(worker: Worker) -> None:
        value = worker.metrics.registry.get_sample_value
        await worker.joins(1, P0)
        assert value("triggers_rebalance_pause_seconds_count") == 0, "nothing was revoked before"
        await worker.rebalance.on_revoked(lost=False)
        await worker.joins(2, P0, P1)
        assert value("triggers_rebalances_total") == 2
        assert value("triggers_rebalance_pause_seconds_count") == 1
        assert value("triggers_restore_seconds_count") == 2
        await worker.rebalance.on_revoked(lost=True)

    play(monkeypatch, test)
    assert lines(caplog, "assigned") == [
        "assigned generation=1 kept=0 restored=1",
        "assigned generation=2 kept=1 restored=1",
    ]
    assert lines(caplog, "revoked") == [
        "revoked lost=False kept=1 generation=1",
        "revoked lost=True kept=0 generation=2",
    ]


def test_a_resume_that_must_wait_is_logged_and_the_pause_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.rebalance.on_revoked(lost=False)
        await worker.rebalance.on_assigned()
        worker.group.member = (3, "me")
        await worker.rebalance.resume()
        value = worker.metrics.registry.get_sample_value
        assert value("triggers_rebalance_pause_seconds_count") == 0

    play(monkeypatch, test)
    assert lines(caplog, "not_resumed") == ["not_resumed generation=3 of=1 processors=1"]


def test_input_that_retention_deleted_is_logged_with_its_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        worker.broker.firsts[P0] = 2
        await worker.take(P0, 4)
        assert worker.positions == {0: 2}

    play(monkeypatch, test)
    (line,) = lines(caplog, "deleted_before_read")
    assert line == "deleted_before_read topic=storefront.events partition=0 records=2"


def test_a_checkpoint_that_takes_too_long_is_logged_and_does_not_end_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agents.worker.rebalance.SHARE_OF_SESSION", 0.01)

    async def test(worker: Worker) -> None:
        await worker.joins(1, P0, P1)
        await worker.take(P0, 0)
        worker.broker.held = True
        await worker.rebalance.on_revoked(lost=False)
        assert not worker.assignment.failed.done()
        assert worker.assignment.processors == {}

    play(monkeypatch, test)
    assert lines(caplog, "checkpoint_too_slow") == ["checkpoint_too_slow partitions=2"]


def test_the_time_of_a_hold_starts_with_the_first_revoke(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.rebalance.on_revoked(lost=False)
        assert worker.assignment.held_since is not None
        worker.assignment.held_since -= 100
        since = worker.assignment.held_since
        await worker.rebalance.on_revoked(lost=True)
        assert worker.assignment.held_since == since

    play(monkeypatch, test)


def test_a_gap_of_a_partition_that_was_revoked_meanwhile_is_not_sought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        worker.group.sought.clear()
        beginnings = worker.broker.beginnings

        async def meanwhile(partitions: object) -> object:
            worker.assignment.move("revoked")
            return await beginnings([P0])

        monkeypatch.setattr(worker.broker, "beginnings", meanwhile)
        await worker.take(P0, 3)
        assert worker.group.sought == {}

    play(monkeypatch, test)


def test_an_input_that_ends_where_the_worker_stands_is_no_truncated_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(worker: Worker) -> None:
        await worker.joins(1, P0)
        await worker.take(P0, 0, 1)
        await worker.rebalance.on_revoked(lost=False)
        await worker.joins(2, P0)
        assert worker.assignment.flowing
        assert worker.group.sought == {P0: 2}

    play(monkeypatch, test, records=2)
