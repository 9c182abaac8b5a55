"""The requests and announcements of one round, on a broker in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.structs import RecordMetadata, TopicPartition
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, STATE_VISITORS
from agents.worker import health as health_of
from agents.worker.assignment import Assignment
from agents.worker.assignment_state import AssignmentState
from agents.worker.broadcast import Broadcast
from agents.worker.health import Health
from agents.worker.metrics import Metrics
from agents.worker.producer import Ack, Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.visitors import VisitorsProcessor
from agents.worker.watermarks import WatermarkEmitter, margin_of
from stream import recipes_file
from stream.recipes.history import History
from stream.stages.backend import PURE
from stream.state import facts
from stream.state.cart import NEVER
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
        self.producer = producer = FakeProducer(self.broker, LAYOUT)
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
        assert clock.processor.clock == BROKER_TIME - 100
        assert clock.said[-1].evidence == {0: BROKER_TIME - 100}
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
        assert clock.processor.clock == BROKER_TIME - 100, "the first promise is kept"

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


def test_a_worker_without_partitions_asks_for_an_end_and_says_nothing() -> None:
    """The answer shows that a broker is there."""

    async def test(clock: Clock) -> None:
        clock.assignment.processors.clear()
        ends: list[list[Any]] = []
        asked = clock.broker.ends

        async def watched(partitions: Iterable[tuple[str, int]]) -> dict[Any, int]:
            ends.append(list(partitions))
            return await asked(ends[-1])

        clock.broker.ends = watched  # type: ignore[method-assign]
        assert clock.emitter.answered_at == 0
        await clock.emitter.round()
        assert [INPUT] in ends
        assert clock.broker.asked == [[]]
        assert clock.emitter.answered_at > 0
        assert clock.said == []
        assert not clock.assignment.owing.is_set()

    play(test)


def test_a_round_appends_once_whether_or_not_time_has_moved() -> None:
    """If it has, the record that asks for the broker's time announces it to all; else it goes to one partition."""

    async def test(clock: Clock) -> None:
        await clock.processor.take([batch(0)])
        await clock.emitter.round()
        assert len(clock.broker.logs[CLAIMS, 0]) == len(clock.said) == 1
        assert clock.said[-1].evidence == {0: START}
        assert clock.assignment.owing.is_set(), "deadlines may be due by now"
        assert clock.metrics._broker_time is not None
        assert clock.metrics._broker_time[0] == BROKER_TIME
        await clock.emitter.round()
        assert clock.said[-1].evidence == {0: BROKER_TIME - 100}
        said, claims = len(clock.said), len(clock.broker.logs[CLAIMS, 0])
        await clock.emitter.round()
        assert len(clock.said) == said + 2, "the question, and the announcement"
        assert len(clock.broker.logs[CLAIMS, 0]) == claims + 1

    play(test)


def test_time_goes_no_further_than_the_documents_are_known() -> None:
    async def test(clock: Clock) -> None:
        clock.broker.logs[clock.follower.tp] = [None]
        clock.follower.known_until = START + 7
        await clock.emitter.round()
        assert clock.processor.clock == START + 6
        assert not clock.follower.knows(START + 7)

    play(test)


def test_an_announcement_gives_the_earliest_append_of_its_records() -> None:
    async def test(clock: Clock) -> None:
        broadcast = Broadcast(
            "visitors", 2, [TP(FACTS, 0), TP(FACTS, 1)], clock.assignment, clock.producer
        )
        times = iter([START + 9, START + 5])
        append = clock.broker.append

        def stamped(topic: str, partition: int, data: bytes) -> Ack:
            place = TopicPartition(topic, partition)
            append(topic, partition, data)
            ack: Ack = asyncio.get_running_loop().create_future()
            ack.set_result(RecordMetadata(topic, partition, place, 0, next(times), 0, 0))
            return ack

        clock.broker.append = stamped  # type: ignore[method-assign]
        assert not broadcast.moved(), "nothing is decided yet"
        await clock.processor.take([batch(0)])
        assert broadcast.moved()
        assert await broadcast.announce() == START + 5
        assert not broadcast.moved(), "it is announced"
        assert await broadcast.repeat([]) == NEVER
        assert (clock.said[-1].stage, clock.said[-1].sources) == ("visitors", 2)

    play(test)


def test_a_stage_without_partitions_here_announces_nothing() -> None:
    async def test(clock: Clock) -> None:
        broadcast = Broadcast("keys", 1, [TP(FACTS, 0)], clock.assignment, clock.producer)
        await clock.processor.take([batch(0)])
        assert not broadcast.moved(), "that of another stage does not count"
        assert await broadcast.announce() == NEVER
        assert clock.said == []

    play(test)


def test_health_waits_for_the_whole_time_before_it_complains() -> None:
    async def test(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [1_000.0]
        monkeypatch.setattr(health_of, "time", SimpleNamespace(monotonic=lambda: now[0]))
        health = Health()
        assert health.processors == []
        health.observe(clock.assignment, clock.emitter, clock.follower)
        assert health.processors == [clock.processor]
        clock.processor.end = 2
        clock.emitter.answered_at = now[0]
        assert health.stalled() == []
        now[0] += 60.0
        clock.emitter.answered_at = now[0]
        assert health.stalled() == []
        now[0] += 0.5
        assert health.stalled() == ["storefront.events 0 is at 0 of 2"]
        clock.emitter.answered_at = now[0] - 10.0
        assert health.stalled() == [], "no broker answers"
        assert "no broker answers" in health.unready()
        clock.emitter.answered_at += 0.5
        assert "no broker answers" not in health.unready()
        clock.processor.end = 0
        assert health.stalled() == [], "there is nothing to read"
        clock.assignment.state = AssignmentState.REVOKED
        clock.emitter.answered_at = now[0]
        clock.assignment.held_since = now[0] - 300.0
        assert health.stalled() == []
        clock.assignment.held_since -= 1
        assert health.stalled() == ["a rebalance or a restore has not ended for 301 s"]

    with pytest.MonkeyPatch.context() as patch:
        play(lambda clock: test(clock, patch))
