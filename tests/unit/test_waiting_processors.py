"""A checkpoint of a partition of claims, and a checkpoint as one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from faust.types import TP

from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import CLAIMS, STATE_KEYS, STATE_VISITORS, Layout
from agents.worker import waiting
from agents.worker.batch_counts import BatchCounts
from agents.worker.checkpoint import commit_transaction
from agents.worker.keys import KeysProcessor
from agents.worker.metrics import Metrics
from agents.worker.producer import Provenance
from stream.stages.watermark import watermark_record
from stream.state import claims
from stream.state.claims import Bound
from tests.fake_broker import SETTINGS as WORKER_SETTINGS
from tests.fake_broker import FakeBroker, FakeProducer
from tests.worker_contract import START, batch, empty_processor

LAYOUT = Layout(1, 1, 1)
PLACE = TP(CLAIMS, 0)


class Record:
    headers: tuple[()] = ()
    key = b"cart:7"

    def __init__(self, offset: int, value: bytes) -> None:
        self.offset, self.value, self.timestamp = offset, value, START


def claim(offset: int, at: int) -> RawBatch:
    bound = Bound(at=at, visitor="v", n=offset, key="cart:7", person="customer:anna")
    return RawBatch([cast(Any, Record(offset, claims.encode(bound)))], offset, offset + 1, START)


def watermark(offset: int, time: int) -> RawBatch:
    value = watermark_record({0: time}, 1)
    return RawBatch([cast(Any, Record(offset, value))], offset, offset + 1, START)


class Given:
    def __init__(self) -> None:
        self.broker, self.advanced = FakeBroker(), asyncio.Event()
        self.producer = FakeProducer(self.broker, LAYOUT)
        source = Provenance(*PLACE)
        self.keys = KeysProcessor(
            LAYOUT, source, STATE_KEYS, self.producer, Metrics(), self.advanced
        )
        self.keys.begin(0)
        self.keys.closed = False

    async def saved(self) -> None:
        snapshot = await self.keys.snapshot()
        await self.keys.write(snapshot)
        self.keys.checkpointed(snapshot)


def play(test: Callable[[Given], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(test(Given()), 5)

    asyncio.run(whole())


def test_a_claim_waits_for_the_watermark_and_only_then_may_be_committed() -> None:
    async def test(given: Given) -> None:
        await given.keys.take([claim(0, START)])
        assert (given.keys.position, given.keys.committable) == (1, 0)
        assert given.keys.stage.waits
        await given.keys.take([watermark(1, START + 1)])
        assert (given.keys.position, given.keys.committable) == (2, 2)
        assert given.keys.clock == START + 1
        assert given.keys.unsaved
        await given.saved()
        assert given.broker.logs[STATE_KEYS, 0]
        assert not given.keys.unsaved

    play(test)


def test_watermark_records_alone_are_committed_only_after_a_delay() -> None:
    async def test(given: Given) -> None:
        await given.keys.take([claim(0, START), watermark(1, START + 1)])
        await given.saved()
        await given.keys.take([watermark(2, START + 2)])
        assert given.keys.committable == 3
        assert not given.keys.unsaved
        given.keys._saved_at -= waiting.IDLE_COMMIT_S + 1
        assert given.keys.unsaved
        await given.saved()
        assert given.keys.committed == 3
        assert not given.keys.unsaved

    play(test)


def test_a_state_that_a_watermark_changed_is_saved_without_the_delay() -> None:
    async def test(given: Given) -> None:
        await given.keys.take([claim(0, START), watermark(1, START + 1)])
        await given.saved()
        await given.keys.take([claim(2, START + 1), watermark(3, START + 2)])
        assert given.keys.unsaved
        await given.saved()
        assert not given.keys.unsaved

    play(test)


def test_every_step_allows_the_stage_to_publish_a_later_watermark() -> None:
    async def test(given: Given) -> None:
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: given.keys.take([watermark(0, START)]),
            given.keys.catch_up,
            given.saved,
        ]
        for step in steps:
            given.advanced.clear()
            await step()
            assert given.advanced.is_set()

    play(test)


class Transaction:
    def __init__(self) -> None:
        self.commits: list[Mapping[TP, int]] = []

    async def commit(self, offsets: Mapping[TP, int]) -> None:
        self.commits.append(dict(offsets))


def test_a_transaction_holds_the_state_and_the_offset_if_it_moved() -> None:
    async def test() -> None:
        broker, transaction = FakeBroker(), Transaction()
        producer = FakeProducer(broker, LAYOUT)
        processor = empty_processor(WORKER_SETTINGS, producer, Metrics())
        processor.begin(0)
        processor.closed = False
        other = cast(Any, transaction)
        await processor.take([batch(0, customer="anna")])
        assert await commit_transaction(processor, other)
        assert transaction.commits == [{processor.tp: 1}]
        assert broker.logs[STATE_VISITORS, 0]
        assert processor.committed == 1
        assert processor.committed_watermark == processor.clock == START
        assert not await commit_transaction(processor, other), "nothing has changed"
        assert len(transaction.commits) == 1
        await processor.confirm_end(1, START + 60_000)
        assert not await commit_transaction(processor, other)
        assert transaction.commits[1:] in ([], [{}]), "time alone moves no offset"
        assert processor.committed_watermark == START + 60_000

    asyncio.run(test())


def test_the_counters_of_a_removed_recipe_are_created_again() -> None:
    metrics = Metrics(["a", "b"])
    counts = BatchCounts(metrics)
    for recipe in ("a", "b"):
        counts.add({("triggers", "fired", recipe): 2})
    kept = counts._counters["triggers", "fired", "b"]
    counts.forget("a")
    assert list(counts._counters.values()) == [kept]
    counts.add({("triggers", "fired", "a"): 3})
    value = metrics.text().decode()
    assert 'recipe="a"' in value
    assert counts._counters["triggers", "fired", "a"]._value.get() == 5
