"""A transaction of one partition: its content, its end, and a partition that is given up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation, ProducerFenced
from aiokafka.structs import TopicPartition
from faust.types import TP

from agents.kafka.topics import Layout
from agents.worker.transactional_producer import ABORTED, TransactionalProducer
from tests.fake_broker import SETTINGS

A = TP("storefront.events", 3)


class Kafka:
    """aiokafka's producer. The coordinator does not answer until `go` is set."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None
        self.stopped = False

    async def begin_transaction(self) -> None:
        self.journal.append("begin")

    async def send_batch(self, batch: Any, topic: str, partition: int) -> Any:
        if self.fault:
            raise self.fault
        self.journal.append(f"sent {topic} {partition}")
        ack = asyncio.get_running_loop().create_future()
        ack.set_result(None)
        return ack

    async def send_offsets_to_transaction(self, offsets: Any, group: str) -> None:
        assert offsets == {TopicPartition(*A): 9}
        self.journal.append(f"offsets of {group}")

    async def commit_transaction(self) -> None:
        await self.go.wait()
        if self.fault:
            raise self.fault
        self.journal.append("commit")

    async def stop(self) -> None:
        self.stopped = True


def play(test: Callable[[TransactionalProducer, Kafka], Awaitable[None]]) -> None:
    async def whole() -> None:
        producer, kafka = TransactionalProducer(SETTINGS, Layout(4, 4, 4), A), Kafka()
        assert producer._producer._txn_manager.transactional_id == (
            f"{SETTINGS.group}-storefront.events-3"
        )
        producer._producer = kafka
        await asyncio.wait_for(test(producer, kafka), 5)

    asyncio.run(whole())


def test_a_transaction_begins_with_the_first_records_and_ends_with_its_offsets() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        await producer.commit({})
        assert kafka.journal == [], "nothing was sent, so there is nothing to end"
        await producer.changes("state.visitors", 3, [(b"v", b"1")])
        await producer.changes("state.visitors", 3, [(b"w", b"2")])
        await producer.commit({A: 9})
        sent = "sent state.visitors 3"
        ended = [f"offsets of {SETTINGS.group}", "commit"]
        assert kafka.journal == ["begin", sent, sent, *ended]
        await producer.commit({})
        assert kafka.journal[-1] == "commit"
        assert len(kafka.journal) == 5
        await producer.commit({A: 9})
        assert kafka.journal[5:] == ["begin", *ended], "offsets alone are a transaction, too"
        await producer.changes("state.visitors", 3, [(b"v", b"1")])
        await producer.commit({})
        assert kafka.journal[8:] == ["begin", sent, "commit"]

    play(test)


def test_sending_after_the_end_of_the_transaction_says_why() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        kafka.fault = IllegalOperation("Not in the middle of a transaction")
        with pytest.raises(ProducerFenced, match=ABORTED[:30]):
            await producer.changes("state.visitors", 3, [(b"v", b"1")])

    play(test)


def test_a_checkpoint_that_is_fenced_says_why() -> None:
    """aiokafka's words are of a transaction_timeout_ms, which is no setting of a worker."""

    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        async def checkpoint() -> bool:
            raise ProducerFenced("check transaction_timeout_ms")

        with pytest.raises(ProducerFenced) as raised:
            await producer.run_until_fenced(checkpoint())
        assert str(raised.value) == f"ProducerFenced: {ABORTED}"

    play(test)


def test_a_commit_that_fails_raises_and_the_transaction_stays_open() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        await producer.changes("state.visitors", 3, [(b"v", b"1")])
        kafka.fault = ProducerFenced()
        with pytest.raises(ProducerFenced):
            await producer.commit({})
        kafka.fault = None
        await producer.commit({})
        assert kafka.journal[-1] == "commit"

    play(test)


def test_a_cancelled_caller_does_not_cancel_the_request() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        await producer.changes("state.visitors", 3, [(b"v", b"1")])
        kafka.go.clear()
        committing = asyncio.create_task(producer.commit({}))
        await asyncio.sleep(0.001)
        committing.cancel()
        await asyncio.wait((committing,))
        kafka.go.set()
        await asyncio.sleep(0.001)
        assert kafka.journal[-1] == "commit"

    play(test)


def test_work_ends_without_a_result_once_the_partition_is_given_up() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        async def answers(what: bool) -> bool:
            return what

        async def never() -> bool:
            await asyncio.sleep(60)
            return True

        assert await producer.run_until_fenced(answers(True))
        assert not await producer.run_until_fenced(answers(False))
        working = asyncio.create_task(producer.run_until_fenced(never()))
        await asyncio.sleep(0.001)
        assert not working.done()
        producer.abandon()
        assert await asyncio.wait_for(working, 1) is False
        producer.abandon()
        await asyncio.sleep(0.001)
        assert kafka.stopped

    play(test)


def test_a_dropped_partition_does_not_wait_for_the_coordinator() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        await producer.changes("state.visitors", 3, [(b"v", b"1")])
        kafka.go.clear()
        committing = asyncio.create_task(producer.commit({}))
        await asyncio.sleep(0.001)
        producer.abandon()
        await asyncio.wait_for(asyncio.wait((committing,)), 1)
        assert committing.cancelled()
        assert "commit" not in kafka.journal

    play(test)


def test_work_of_a_partition_that_is_given_up_is_cancelled() -> None:
    async def test(producer: TransactionalProducer, kafka: Kafka) -> None:
        story: list[str] = []

        async def work() -> bool:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                story.append("cancelled")
                raise
            return True

        running = asyncio.create_task(producer.run_until_fenced(work()))
        await asyncio.sleep(0.001)
        producer.abandon()
        assert await running is False
        await asyncio.sleep(0.001)
        assert story == ["cancelled"]

    play(test)
