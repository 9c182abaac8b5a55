"""The consumer of a bridge: where it begins, what it writes, and how an assignment ends."""

import asyncio

import pytest
from aiokafka.errors import IllegalStateError, KafkaConnectionError

from agents.bridge import consumer as consuming
from agents.bridge.consumer import Stuck
from agents.kafka.topics import TopicsMissing
from tests.bridge_parts import MINUTES, A, B, Given, play, record, until


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "POLL_MS", 2)
    monkeypatch.setattr(consuming, "RETRY_S", 0.002)


def test_it_writes_what_it_fetches_and_counts_it_once_it_is_durable() -> None:
    async def test(given: Given) -> None:
        given.kafka.logs[A] = [record(5, 70), record(6, 80)]
        given.kafka.committed_offsets[A] = 5
        given.output.go.clear()
        await given.assigned(A)
        await until(lambda: given.consumer._under_way)
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
        given.kafka.logs[A] = [record(0)]
        given.kafka.committed_offsets[A] = 0
        given.output.go.clear()
        await given.assigned(A)
        await until(lambda: given.consumer._under_way)
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
        given.kafka.logs[A] = [record(0)]
        given.kafka.committed_offsets[A] = 0
        given.output.go.clear()
        await given.assigned(A)
        await until(lambda: given.consumer._under_way)
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
