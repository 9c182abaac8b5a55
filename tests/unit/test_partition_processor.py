"""One partition of a stage: which records it applies, what a snapshot holds, and when it has caught up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, cast

import pytest
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import CLAIMS, EVENTS, FACTS
from agents.worker import partition_processor as module
from agents.worker.metrics import Metrics
from agents.worker.partition_processor import Gap, PartitionProcessor, Snapshot
from agents.worker.people import PeopleProcessor, latest_evidence
from agents.worker.processors import maker
from agents.worker.producer import Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.transactional_producer import TransactionalProducer
from stream import recipes_file
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.stages.backend import PURE, best_backend
from stream.stages.watermark import watermark_record
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import Ordered
from tests.fake_broker import FakeBroker, FakeProducer
from tests.worker_contract import LAYOUT

SOURCE = Provenance(EVENTS, 3)
ANNA = "customer:anna"


class Stage:
    """`packed`: the parts of the next snapshot."""

    def __init__(self) -> None:
        self.position = 0
        self.clock = 5
        self.changed = self.owes = False
        self.packed: list[list[tuple[bytes, bytes | None]]] = []
        self.commits: list[int] = []
        self.caught = 0

    def parts(self) -> Iterator[Any]:
        yield from self.packed

    def committed(self, offset: int) -> None:
        self.commits.append(offset)

    def catch_up(self, out: Outputs) -> None:
        self.caught += 1
        out.facts.append((ANNA, b"late"))


class Processor(PartitionProcessor):
    """Each record that it applies is a fact. `applied`: the offsets of each call."""

    name = "visitors"

    def __init__(self, producer: FakeProducer) -> None:
        super().__init__(SOURCE, "state.visitors", producer, Metrics())
        self.stage = cast(Any, Stage())
        self.fake = cast(Stage, self.stage)
        self.applied: list[list[int]] = []
        self.admits = True
        self.closed = False

    async def admitted(self, batches: Sequence[RawBatch]) -> bool:
        return self.admits

    def apply(self, batches: Sequence[RawBatch]) -> Outputs:
        self.applied.append([batch.base for batch in batches])
        out = Outputs()
        out.facts.append((ANNA, b"1"))
        return out

    @property
    def committable(self) -> int:
        return self.position


Test = Callable[[Processor, FakeBroker], Awaitable[None]]


def play(test: Test) -> None:
    async def whole() -> None:
        broker = FakeBroker()
        await asyncio.wait_for(test(Processor(FakeProducer(broker, LAYOUT)), broker), 5)

    asyncio.run(whole())


def given(base: int, records: int = 1) -> RawBatch:
    found = RawBatch([], base, base + records, 0)
    found.count = records
    return found


def test_only_batches_behind_the_position_are_applied() -> None:
    async def test(processor: Processor, _: FakeBroker) -> None:
        processor.begin(4)
        assert processor.stage.position == 4
        await processor.take([given(2), given(3)])
        assert processor.applied == []
        await processor.take([given(3), given(4, 2), given(6)])
        assert processor.applied == [[4, 6]]
        assert processor.position == processor.stage.position == 7
        await processor.take([given(6, 2)])
        assert processor.applied[1:] == [[6]], "the position lies in this batch"

    play(test)


def test_a_batch_after_a_gap_is_not_applied() -> None:
    async def test(processor: Processor, _: FakeBroker) -> None:
        processor.begin(4)
        with pytest.raises(Gap):
            await processor.take([given(5)])
        assert (processor.applied, processor.position) == ([], 4)
        assert not processor.lock.locked()

    play(test)


def test_nothing_is_applied_that_is_not_admitted_or_after_a_close() -> None:
    async def test(processor: Processor, _: FakeBroker) -> None:
        processor.admits = False
        await processor.take([given(0)])
        processor.admits, processor.closed = True, True
        await processor.take([given(0)])
        assert processor.applied == []

    play(test)


def test_a_long_fetch_lets_other_tasks_run_between_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_A_TIME", 3)
    story: list[str] = []

    async def test(processor: Processor, _: FakeBroker) -> None:
        async def other() -> None:
            story.append(f"{len(processor.applied)} applied")

        task = asyncio.create_task(other())
        await processor.take([given(0, 2), given(2), given(3)])
        await task
        assert processor.applied == [[0, 2], [3]]
        assert story == ["1 applied"]

    play(test)


def test_parts_end_at_a_number_of_records_and_never_in_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_A_TIME", 3)
    batches = [given(0, 2), given(2, 1), given(3, 9), given(12, 1), given(13, 0)]
    found = [[batch.base for batch in part] for part in module.parts(batches)]
    assert found == [[0, 2], [3], [12, 13]]
    assert list(module.parts([])) == []


def test_due_deadlines_fire_only_while_the_partition_is_open_and_owes() -> None:
    async def test(processor: Processor, broker: FakeBroker) -> None:
        await processor.catch_up()
        processor.fake.owes, processor.closed = True, True
        await processor.catch_up()
        assert processor.fake.caught == 0
        processor.closed = False
        await processor.catch_up()
        assert processor.fake.caught == 1
        await processor.snapshot()
        assert [each.value for each in broker.logs[FACTS, 0]] == [b"late"]

    play(test)


def test_a_snapshot_holds_the_outputs_the_states_and_the_offset() -> None:
    async def test(processor: Processor, broker: FakeBroker) -> None:
        await processor.take([given(0)])
        processor.fake.packed = [[(b"a", b"1")], [(b"b", None)]]
        snapshot = await processor.snapshot()
        assert snapshot.changes == [(b"a", b"1"), (b"b", None)]
        assert snapshot.offset == 1
        assert [ack.done() for ack in snapshot.acks] == [True]
        assert len(await processor.write(snapshot)) == 1
        assert [each.key for each in broker.logs["state.visitors", 3]] == [b"a", b"b"]
        assert await processor.write(Snapshot([], [], 1)) == []

    play(test)


def test_large_states_are_packed_with_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_A_STRETCH", 2)
    story: list[int] = []

    async def test(processor: Processor, _: FakeBroker) -> None:
        async def other() -> None:
            for turn in range(9):
                story.append(turn)
                await asyncio.sleep(0)

        processor.fake.packed = [[(b"a", b"1")] * 2, [(b"b", b"1")] * 2, [(b"c", b"1")]]
        task = asyncio.create_task(other())
        await processor.snapshot()
        assert len(story) == 2, "after each whole part, not after the last"
        await task

    play(test)


def test_a_checkpoint_is_due_for_outputs_states_and_the_offset() -> None:
    async def test(processor: Processor, broker: FakeBroker) -> None:
        assert processor.unsaved, "nothing is committed yet"
        processor.checkpointed(Snapshot([], [], 0))
        assert (processor.committed, processor.fake.commits) == (0, [0])
        assert not processor.unsaved
        processor.fake.changed = True
        assert processor.unsaved
        processor.fake.changed = False
        processor.position = 1
        assert processor.unsaved
        processor.position = 0
        processor.checkpointed(Snapshot([], [], 0))
        assert processor.fake.commits == [0], "nothing has changed"
        processor.checkpointed(Snapshot([], [(b"a", b"1")], 0))
        assert processor.fake.commits == [0, 0]
        broker.held = True
        processor._acks = list(await processor._producer.changes("x", 0, [(b"a", b"1")]))
        assert processor.unsaved
        broker.acknowledge()
        processor.forget_acks()
        assert not processor.unsaved

    play(test)


def test_a_partition_that_is_given_up_drops_what_it_decided() -> None:
    async def test(processor: Processor, broker: FakeBroker) -> None:
        await processor.take([given(0)])
        processor.forget()
        assert processor.closed
        assert processor.forgotten
        assert (await processor.snapshot()).acks == []
        assert broker.journal == []
        assert await processor.open(lambda: False), "without transactions there is nobody to fence"

    play(test)


@pytest.mark.parametrize(
    ("position", "ends", "caught_up"),
    [(5, [5], True), (5, [4], True), (5, [6], False), (5, [5, 9], True), (5, [6, 9], False)],
)
def test_a_partition_has_caught_up_once_it_was_at_the_end(
    position: int, ends: list[int], caught_up: bool
) -> None:
    async def test(processor: Processor, _: FakeBroker) -> None:
        assert (processor.end, processor.caught_up) == (-1, False)
        processor.position = position
        for end in ends:
            processor.update_end_offset(end)
        assert (processor.end, processor.caught_up) == (ends[-1], caught_up)

    play(test)


def test_a_position_at_the_end_before_has_caught_up_under_load() -> None:
    async def test(processor: Processor, _: FakeBroker) -> None:
        processor.position = 0
        processor.update_end_offset(7)
        processor.position = 7
        processor.update_end_offset(9)
        assert processor.caught_up

    play(test)


def value_of(evidence: dict[int, int]) -> bytes:
    return watermark_record(evidence, len(evidence))


class Record:
    headers: tuple[()] = ()
    timestamp = 0

    def __init__(self, value: bytes | None, key: bytes = b"") -> None:
        self.offset, self.value, self.key = 0, value, key


def of(*records: Record) -> list[RawBatch]:
    return [RawBatch([cast(Any, record)], 0, 1, 0) for record in records]


def test_the_latest_evidence_is_that_of_watermark_records_only() -> None:
    fact = facts.encode(Ordered(at=99, visitor="v", n=1, person=ANNA, order_id="o"))
    both = Record(value_of({0: 5, 1: 7})), Record(value_of({0: 6}))
    assert latest_evidence(of(*both)) == 7
    assert latest_evidence(of(Record(fact, b"customer:anna"), Record(fact), Record(None))) == NEVER
    assert latest_evidence(of(Record(value_of({0: 9}), b"customer:anna"))) == NEVER


class Follower:
    def __init__(self) -> None:
        self.asked: list[int] = []

    async def wait_until_known(self, time: int, closed: Callable[[], bool]) -> bool:
        self.asked.append(time)
        return not closed()


@pytest.mark.parametrize("closed", [False, True])
def test_a_fact_waits_until_the_documents_of_its_evidence_are_known(closed: bool) -> None:
    async def test() -> None:
        follower, producer = Follower(), FakeProducer(FakeBroker(), LAYOUT)
        own = Provenance(FACTS, 0), "state.people", producer, Metrics()
        recipes = recipes_file.DEFAULT
        waits = PeopleProcessor(recipes, LAYOUT, *own, cast(Any, follower))
        waits.closed = closed
        assert await waits.admitted(of(Record(value_of({0: 5})))) is not closed
        assert await waits.admitted(of(Record(b"", b"k"))), "no evidence, nothing to wait for"
        assert follower.asked == [5]
        alone = PeopleProcessor(recipes, LAYOUT, *own)
        assert await alone.admitted(of(Record(value_of({0: 5}))))

    asyncio.run(test())


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("topic", "name", "changelog"),
    [
        (EVENTS, "visitors", "state.visitors"),
        (CLAIMS, "keys", "state.keys"),
        (FACTS, "people", "state.people"),
    ],
)
def test_each_input_topic_has_its_stage_changelog_and_producer(
    topic: str, name: str, changelog: str, compiled: bool, delivery: Any
) -> None:
    async def test() -> None:
        settings = Settings(
            kafka=("localhost:1",), prefix="shop.", compiled=compiled, delivery=delivery
        )
        metrics, producer = Metrics(), FakeProducer(FakeBroker(), LAYOUT)
        history = History(recipes_file.DEFAULT)
        follower = RecipesFollower(settings, history, cast(Any, None), metrics.recipes, 1)
        advanced = asyncio.Event()
        make = maker(settings, follower, LAYOUT, producer, metrics, advanced)
        made = make(TP(f"shop.{topic}", 2))
        assert (made.name, made.changelog, made.tp) == (
            name,
            f"shop.{changelog}",
            TP(f"shop.{topic}", 2),
        )
        assert made.stage.most == 200
        assert made.closed
        if delivery == "exactly_once":
            assert isinstance(made.transaction, TransactionalProducer)
            assert made.announceable_watermark == -1, "nothing is committed yet"
        else:
            assert made.transaction is None
            assert made._producer is producer
        if name == "visitors":
            assert cast(Any, made.stage)._make == (best_backend() if compiled else PURE)
        if name == "keys":
            assert cast(Any, made)._advanced is advanced
        if made.transaction:
            made.forget()
            assert not await made.transaction.run_until_fenced(asyncio.sleep(1, True))

    asyncio.run(test())


def test_a_provenance_names_the_process_and_the_place() -> None:
    found = dict(SOURCE.headers(9))
    assert found.keys() == {"worker", "topic", "partition", "offset"}
    assert (found["topic"], found["partition"], found["offset"]) == (
        b"storefront.events",
        b"3",
        b"9",
    )
