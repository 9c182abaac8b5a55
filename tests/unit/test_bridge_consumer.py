"""The consumer of a bridge: where it begins, what it writes, and how an assignment ends."""

import asyncio
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import IllegalStateError, KafkaConnectionError

from agents.bridge import consumer as consuming
from agents.bridge.chunks import Piece
from agents.bridge.consumer import Stuck
from agents.bridge.positions import Assigned, begin
from agents.bridge.producers import AtLeastOnce, ExactlyOnce
from agents.kafka import group_member
from agents.kafka.topics import TopicsMissing
from tests import virtual_time
from tests.bridge_parts import MINUTES, A, B, Given, play, record, until
from tests.fake_broker import SETTINGS


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "POLL_MS", 2)
    monkeypatch.setattr(consuming, "RETRY_S", 0.002)


async def chunk_under_way(given: Given, *records: Any, committed: int = 0) -> None:
    """Assigns A with these records, and waits for the chunk of them. It ends once `given.output.go` is set."""
    given.kafka.logs[A] = list(records)
    given.kafka.committed_offsets[A] = committed
    given.output.go.clear()
    await given.assigned(A)
    await until(lambda: given.consumer._under_way)


def test_it_writes_what_it_fetches_and_counts_it_once_it_is_durable() -> None:
    async def test(given: Given) -> None:
        await chunk_under_way(given, record(5, 70), record(6, 80), committed=5)
        assert given.consumer.assigned is not None
        assert given.consumer.assigned.next == {A: 5}
        assert given.value("records_total", source="shop", outcome="translated") == 0
        given.output.go.set()
        await until(lambda: given.output.chunks)
        assert given.output.chunks[0].next == {A: 7}
        await until(lambda: given.value("records_total", source="shop", outcome="translated"))
        assert (given.consumer.assigned.next, given.consumer.assigned.newest) == ({A: 7}, {A: 80})
        assert given.value("events_total", source="shop", type="page.viewed") == 1
        assert given.kafka.subscribed == [["clicks"]]
        given.kafka.logs[A].append(record(7, 90))
        await until(lambda: len(given.output.chunks) == 2)
        assert given.output.opened == [{A}]

    play(test)


def test_a_revoke_waits_for_the_chunk_and_its_rest_is_left_to_the_next_bridge() -> None:
    async def test(given: Given) -> None:
        await chunk_under_way(given, record(0))
        revoking = asyncio.create_task(given.consumer.on_partitions_revoked({A}))
        await asyncio.sleep(0.01)
        assert not revoking.done()
        given.output.go.set()
        await asyncio.wait_for(revoking, 1)
        assert given.consumer.assigned is None
        assert given.output.closed == 1
        assert len(given.output.chunks) == 1
        await given.assigned(B)
        given.kafka.logs[B] = [record(0)]
        await until(lambda: given.output.opened == [{A}, {B}])
        assert given.value("rebalances_total") == 2

    play(test)


def test_a_chunk_that_never_becomes_durable_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consuming, "REVOKE_S", 0.01)

    async def test(given: Given) -> None:
        work = asyncio.create_task(given.consumer.run())
        await chunk_under_way(given, record(0))
        await given.consumer.on_partitions_revoked({A})
        with pytest.raises(Stuck, match="a rebalance waits"):
            await asyncio.wait_for(work, 1)
        given.output.go.set()

    play(test, running=False)


def test_an_error_of_a_chunk_ends_the_process() -> None:
    async def test(given: Given) -> None:
        work = asyncio.create_task(given.consumer.run())
        given.kafka.logs[A] = [record(0)]
        given.kafka.committed_offsets[A] = 0
        given.output.fault = OSError("no disk")
        await given.assigned(A)
        with pytest.raises(OSError, match="no disk"):
            await asyncio.wait_for(work, 1)
        assert given.value("records_total", source="shop", outcome="translated") == 0

    play(test, running=False)


def test_a_new_partition_begins_some_minutes_back_and_deleted_records_are_counted() -> None:
    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(3, 0), record(4, MINUTES), record(5, 2 * MINUTES)]
        given.kafka.logs[B] = [record(9, 0)]
        given.kafka.committed_offsets[B] = 5
        await given.assigned(A, B)
        await until(lambda: given.consumer.assigned and given.consumer.assigned.open)
        assert given.value("deleted_unread_records_total", source="shop") == 4
        await until(lambda: len(given.output.chunks) == 2)
        assert given.kafka.positions == {A: 6, B: 10}

    play(test)


@pytest.mark.parametrize("old", [True, False])
def test_a_partition_without_new_records_begins_at_its_end(old: bool) -> None:
    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(3, 5)] if old else []
        await given.assigned(A)
        await until(lambda: given.consumer.assigned and given.consumer.assigned.open)
        assert given.kafka.positions == {A: 4 if old else 0}
        assert given.value("deleted_unread_records_total", source="shop") is None

    play(test)


def test_a_failed_start_is_retried() -> None:
    async def test(given: Given) -> None:
        given.kafka.asked_fails = [KafkaConnectionError(), IllegalStateError()]
        await given.assigned(A)
        await until(lambda: given.consumer.assigned and given.consumer.assigned.open)
        assert len(given.output.opened) == 3
        given.kafka.fault = KafkaConnectionError()
        before = given.consumer.polled
        await asyncio.sleep(0.01)
        assert given.consumer.polled == before
        given.kafka.fault = None
        await until(lambda: given.consumer.polled > before)

    play(test)


def test_a_missing_topic_is_named_with_its_source() -> None:
    async def test(given: Given) -> None:
        own = {"storefront.events", "bridge.unreadable"}
        given.consumer._check({"clicks", *own})
        with pytest.raises(TopicsMissing, match="clicks is missing: source shop names it"):
            given.consumer._check(own)
        with pytest.raises(TopicsMissing, match=r"bridge\.unreadable is missing"):
            given.consumer._check({"clicks", "storefront.events"})

    play(test, running=False)


def lines(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    """The log lines that begin with this word."""
    told = (record.getMessage() for record in caplog.records)
    return [line for line in told if line.split()[0] == word]


def test_assignments_and_deleted_records_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(9, 0)]
        given.kafka.committed_offsets[A] = 5
        await given.assigned(A, B)
        await until(lambda: given.consumer.assigned and given.consumer.assigned.open)
        assert given.value("rebalances_total") == 1

    play(test)
    assert lines(caplog, "assigned") == ["assigned partitions=2"]
    assert lines(caplog, "deleted_unread") == ["deleted_unread source=shop records=4"]


@pytest.mark.parametrize(
    ("delivery", "output"), [("at_least_once", AtLeastOnce), ("exactly_once", ExactlyOnce)]
)
def test_a_start_checks_the_topics_and_chooses_the_delivery(
    monkeypatch: pytest.MonkeyPatch, delivery: str, output: type
) -> None:
    async def test(given: Given) -> None:
        given.kafka.names = {"clicks", "storefront.events", "bridge.unreadable"}

        async def started(make: Any, log: Any) -> Any:
            return given.kafka

        installed: list[str] = []
        for module in ("reconnect", "raw_batches"):
            install = SimpleNamespace(install=partial(installed.append, module))
            monkeypatch.setattr(consuming, module, install)
        monkeypatch.setattr(group_member, "start_client", started)
        given.settings.common = replace(SETTINGS, delivery=cast(Any, delivery))
        await given.consumer.start()
        assert type(given.consumer._output) is output
        assert installed == ["reconnect", "raw_batches"]
        given.kafka.names.remove("clicks")
        with pytest.raises(TopicsMissing):
            await given.consumer.start()
        given.consumer._output = cast(Any, given.output)

    play(test, running=False)


def test_new_partitions_of_a_topic_are_found_within_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Any, ...]] = []
    member = lambda *given, **options: made.append((*given, options))  # noqa: E731
    monkeypatch.setattr(group_member, "member", member)

    async def test(given: Given) -> None:
        given.consumer._made()
        assert made == [(SETTINGS, "triggers-bridge", "bridge", {"metadata_max_age_ms": 60_000})]

    play(test, running=False)


def test_a_chunk_of_a_partition_that_was_given_up_is_not_written() -> None:
    async def test(given: Given) -> None:
        await given.assigned(A)
        assigned = given.consumer.assigned
        assert assigned is not None
        foreign, own = Piece(), Piece()
        foreign.chunk.next[B] = 3
        own.chunk.next[A] = 3
        assert not await given.consumer._carry(assigned, foreign)
        assert await given.consumer._carry(assigned, own)
        await given.assigned(A)
        assert not await given.consumer._carry(assigned, own), "it is of the assignment before"
        assert len(given.output.chunks) == 1
        assert not await given.consumer._open(assigned)
        assert given.output.opened == []
        assert given.value("carried_seconds_count") == 1

    play(test, running=False)


def test_an_end_counts_only_from_a_recent_answer_and_while_it_is_assigned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_000.0]
    clock = SimpleNamespace(time=lambda: now[0], monotonic=lambda: now[0])
    monkeypatch.setattr(consuming, "time", clock)

    async def test(given: Given) -> None:
        assert given.consumer.ends() == {}
        given.kafka.logs[A] = [record(5)]
        await given.assigned(A)
        given.kafka.polled = now[0] * 1000
        now[0] += 9.9
        assert given.consumer.ends() == {A: 6}
        now[0] += 0.1
        assert given.consumer.ends() == {A: None}
        given.kafka.polled = now[0] * 1000

        def revoked(place: object) -> None:
            raise IllegalStateError

        given.kafka.last_stable_offset = revoked  # type: ignore[assignment]
        assert given.consumer.ends() == {A: None}

    play(test, running=False)


def test_a_partition_begins_in_no_time_before_1970() -> None:
    async def test(given: Given) -> None:
        asked: list[dict[Any, int]] = []
        found = given.kafka.offsets_for_times

        async def watched(times: Any) -> Any:
            asked.append(dict(times))
            return await found(times)

        given.kafka.offsets_for_times = watched  # type: ignore[method-assign]
        for now, since in ((MINUTES - 1, 0), (MINUTES + 7, 7)):
            assigned = Assigned([A])
            await begin(given.kafka, assigned, given.settings, given.metrics, now)
            assert asked[-1] == {A: since}
            assert assigned.newest == {A: now}

    play(test, running=False)


def test_reading_begins_with_the_first_assignment_whenever_it_comes() -> None:
    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(0)]
        given.kafka.committed_offsets[A] = 0
        await asyncio.sleep(0.01)
        assert given.output.opened == []
        await given.assigned(A)
        await until(lambda: given.output.chunks)

    play(test)


def test_an_output_that_cannot_be_closed_ends_the_process() -> None:
    async def test(given: Given) -> None:
        work = asyncio.create_task(given.consumer.run())
        await given.assigned(A)

        async def close() -> None:
            raise OSError("no disk")

        given.output.close = close  # type: ignore[method-assign]
        await given.consumer.on_partitions_revoked({A})
        await given.consumer.on_partitions_revoked({A})
        with pytest.raises(OSError, match="no disk"):
            await asyncio.wait_for(work, 1)

    play(test, running=False)


def test_a_stop_waits_for_the_chunk_under_way() -> None:
    async def test(given: Given) -> None:
        await chunk_under_way(given, record(0))
        stopping = asyncio.create_task(given.consumer.stop())
        await asyncio.sleep(0.01)
        assert not given.kafka.stopped
        given.output.go.set()
        await asyncio.wait_for(stopping, 1)
        assert len(given.output.chunks) == 1

    play(test)


def test_nothing_is_fetched_before_the_partitions_are_open() -> None:
    async def test(given: Given) -> None:
        fetches: list[bool] = []
        fetch = given.kafka.getmany

        async def watched(**options: Any) -> Any:
            assert given.consumer.assigned is not None
            fetches.append(given.consumer.assigned.open)
            return await fetch(**options)

        given.kafka.getmany = watched  # type: ignore[method-assign, assignment]
        given.kafka.asked_fails = [KafkaConnectionError() for _ in range(3)]
        await given.assigned(A)
        await until(lambda: len(fetches) > 1)
        assert all(fetches)

    play(test)


def test_partitions_that_cannot_be_opened_are_tried_again_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consuming, "RETRY_S", 1.0)
    tries: list[float] = []

    async def begin(*_: Any) -> None:
        tries.append(asyncio.get_running_loop().time())
        if len(tries) < 3:
            raise KafkaConnectionError

    monkeypatch.setattr(consuming, "begin", begin)

    async def test(given: Given) -> None:
        await given.assigned(A)
        await until(lambda: given.consumer.assigned and given.consumer.assigned.open)
        pauses = [after - before for before, after in pairwise(tries)]
        assert pauses == pytest.approx([1.0, 1.0], abs=0.1)

    play(test, runs=virtual_time.run)
