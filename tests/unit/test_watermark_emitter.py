"""The requests and announcements of one round, on a broker in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from aiokafka.structs import RecordMetadata, TopicPartition
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, STATE_VISITORS
from agents.worker.assignment import Assignment
from agents.worker.assignment_state import AssignmentState
from agents.worker.health import Health
from agents.worker.metrics import Metrics
from agents.worker.producer import Ack, Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.visitors import VisitorsProcessor
from agents.worker.watermarks import APPEND_MS, WatermarkEmitter, margin_of
from stream import recipes_file
from stream.recipes.history import History
from stream.stages.backend import PURE
from stream.state import facts
from stream.state.facts import WatermarkRecord
from tests.fake_broker import FakeBroker, FakeGroup, FakeProducer
from tests.worker_contract import LAYOUT, START, batch

INPUT = TP(EVENTS, 0)
BROKER_TIME = START + 60_000


class Clocked(FakeBroker):
    """A broker whose clock always shows BROKER_TIME."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[Any]] = []

    def append(self, topic: str, partition: int, data: bytes) -> Ack:
        super().append(topic, partition, data)
        ack: Ack = asyncio.get_running_loop().create_future()
        place = TopicPartition(topic, partition)
        ack.set_result(RecordMetadata(topic, partition, place, 0, BROKER_TIME, 0, 0))
        return ack

    async def log_end_offsets(self, partitions: Iterable[tuple[str, int]]) -> dict[Any, int]:
        """Like Offsets.log_end_offsets."""
        self.asked.append(list(partitions))
        return await self.ends(self.asked[-1])


class Clock:
    """A worker with one partition of the input, and its emitter."""

    def __init__(self, time: str, brokers: int) -> None:
        settings = Settings(kafka=("localhost:1",), time=cast(Any, time))
        self.broker, self.metrics = Clocked(), Metrics()
        producer = FakeProducer(self.broker, LAYOUT)
        own = Provenance(*INPUT), STATE_VISITORS, producer
        self.processor = VisitorsProcessor(recipes_file.DEFAULT, *own, self.metrics, PURE)
        self.processor.closed = False
        group = FakeGroup(self.broker)
        self.assignment = Assignment(group, self.broker, cast(Any, None), self.metrics)
        self.assignment.processors[INPUT] = self.processor
        self.assignment.state = AssignmentState.FLOWING
        offsets, history = cast(Any, self.broker), History(recipes_file.DEFAULT)
        self.follower = RecipesFollower(settings, history, offsets, self.metrics.recipes, 1)
        self.emitter = WatermarkEmitter(
            settings,
            LAYOUT,
            self.assignment,
            self.follower,
            producer,
            offsets,
            self.metrics,
            margin_of(settings, brokers),
            asyncio.Event(),
        )

    @property
    def said(self) -> list[WatermarkRecord]:
        """The watermark records on the topic of facts."""
        return [
            cast(WatermarkRecord, facts.decode(record.value))
            for record in self.broker.logs[FACTS, 0]
        ]


def play(test: Callable[[Clock], Awaitable[None]], time: str = "broker", brokers: int = 1) -> None:
    async def inside() -> None:
        await test(Clock(time, brokers))

    asyncio.run(inside())


def test_a_quiet_partition_moves_on_with_the_brokers_clock() -> None:
    async def test(clock: Clock) -> None:
        await clock.emitter.round()
        assert clock.processor.clock == BROKER_TIME - APPEND_MS
        assert clock.said[-1].evidence == {0: BROKER_TIME - APPEND_MS}
        assert clock.broker.asked == [[INPUT, clock.follower.tp]]
        assert clock.processor.caught_up

    play(test)


def test_with_several_brokers_their_clocks_may_differ_by_a_margin() -> None:
    async def test(clock: Clock) -> None:
        await clock.emitter.round()
        assert clock.processor.clock == BROKER_TIME - 2_000

    play(test, brokers=3)


def test_a_partition_with_input_to_read_waits() -> None:
    async def test(clock: Clock) -> None:
        clock.broker.logs[INPUT] = [None, None]
        await clock.processor.take([batch(0)])
        await clock.emitter.round()
        assert clock.processor.clock == START
        await clock.processor.take([batch(1)])
        assert clock.processor.clock == BROKER_TIME - APPEND_MS, "the first promise is kept"

    play(test)


def test_a_replay_never_asks_for_the_brokers_time() -> None:
    """Its records have their own times, far from the broker's."""

    async def test(clock: Clock) -> None:
        await clock.processor.take([batch(0)])
        await clock.emitter.round()
        assert clock.processor.clock == START
        assert clock.broker.asked == [[]]
        assert [record.evidence for record in clock.said] == [{0: START}], "said once"
        assert clock.metrics._broker_time is None

    play(test, time="record")


def test_a_watermark_goes_to_every_partition_that_waits_for_it() -> None:
    async def test(clock: Clock) -> None:
        await clock.processor.take([batch(0)])
        await clock.emitter.round()
        assert clock.broker.logs[CLAIMS, 0]
        assert [record.sources for record in clock.said] == [1] * len(clock.said)

    play(test)


def test_health_follows_the_assignment_and_the_brokers_answers() -> None:
    async def test(clock: Clock) -> None:
        health = Health()
        assert len(health.unready()) == 3
        await clock.follower.start()
        health.observe(clock.assignment, clock.emitter, clock.follower)
        assert health.unready() == ["catching up with the input", "no broker answers"]
        await clock.emitter.round()
        assert health.unready() == []
        assert health.stalled() == []
        clock.assignment.move("revoked")
        assert health.unready() == ["no assignment yet, or a rebalance or a restore is under way"]
        assert health.stalled() == []
        assert clock.assignment.held_since is not None
        clock.assignment.held_since -= 301
        assert health.stalled() == ["a rebalance or a restore has not ended for 301 s"]
        clock.emitter.answered_at -= 11
        assert health.stalled() == [], "no broker answers: nothing can be said against the worker"

    play(test)


def test_a_worker_that_does_not_move_on_with_its_input_is_stalled() -> None:
    async def test(clock: Clock) -> None:
        health = Health()
        health.observe(clock.assignment, clock.emitter, clock.follower)
        clock.broker.logs[INPUT] = [None, None]
        await clock.emitter.round()
        assert health.stalled() == []
        place, (position, since) = INPUT, health._positions[INPUT]
        health._positions[place] = position, since - 61
        assert health.stalled() == ["storefront.events 0 is at 0 of 2"]
        await clock.processor.take([batch(0)])
        assert health.stalled() == []

    play(test)
