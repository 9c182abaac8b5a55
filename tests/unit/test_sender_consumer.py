"""The consumer of a sender: what it reads, pauses and commits, and how an assignment ends."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

from agents.kafka import group_member, open_records
from agents.kafka.topics import TopicsMissing
from agents.sender import assignment, consumer, health
from agents.sender.assignment import SenderAssignment
from agents.sender.consumer import TriggerConsumer
from agents.sender.health import SenderHealth
from agents.sender.idempotency_sqlite import SqliteIdempotency
from agents.sender.message import read
from agents.sender.metrics import Metrics
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer
from tests.sender_parts import AT, PLACE, Parts, cancelled, fired, id_of, record

RECIPES = {PLACE.topic: "cart-abandonment"}
OTHER = TopicPartition("triggers.exit-intent", 0)


class Member(Parts):
    """A consumer with a real delivery."""

    def __init__(self, store: SqliteIdempotency) -> None:
        super().__init__(store)
        settings = SimpleNamespace(common=SETTINGS, timeout_ms=10, group="sender")
        self.kafka = FakeConsumer()
        self.kafka.names = {PLACE.topic, "sender.undelivered"}
        self.consumer = TriggerConsumer(cast(Any, settings), self.delivery, RECIPES)
        self.consumer._consumer = self.kafka
        self.ahead._consumer = FakeConsumer()
        self.health = SenderHealth(self.consumer, self.delivery)

    async def assigned(self, *places: TopicPartition) -> SenderAssignment:
        await self.consumer.on_partitions_assigned(set(places))
        assert self.consumer.assignment is not None
        return self.consumer.assignment


@pytest.fixture
def play(tmp_path: Path) -> Any:
    def run(test: Callable[[Member], Awaitable[None]]) -> None:
        async def whole() -> None:
            store = SqliteIdempotency(tmp_path / "sent.sqlite3", "g", "me", 60_000)
            await store.open()
            member = Member(store)
            try:
                await asyncio.wait_for(test(member), 10)
            finally:
                await member.consumer.stop()
                await store.close()

        asyncio.run(whole())

    return run


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def test_settled_records_are_counted_tracked_and_passed_to_the_erasures(play: Any) -> None:
    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE)
        assert (taken.settled(), taken.idle(), taken.oldest) == ({}, {PLACE}, 0)
        member.clock.ms = AT + 2_000
        taken.take({PLACE: [record(fired(1), 5), record(b"?", 6), record(cancelled(1), 7)]})
        assert (taken.open, taken.idle()) == (3, set())
        await until(lambda: not taken.open)
        assert taken.settled() == {PLACE: 8}
        assert member.endpoint.posted == [id_of(1), f"{id_of(1)}/cancelled"]
        assert member.erased.keys == [b"customer:anna"] * 3
        settled = member.metrics.settled
        for labels in (("fired", "delivered"), ("unknown", "not_a_trigger")):
            assert settled.labels("cart-abandonment", *labels)._value.get() == 1
        assert member.metrics.late_seconds.labels("cart-abandonment")._sum.get() == 4

    play(test)


def test_one_fetch_is_delivered_in_the_order_of_the_brokers_time(play: Any) -> None:
    async def test(member: Member) -> None:
        member.consumer._recipes[OTHER.topic] = "exit-intent"
        taken = await member.assigned(PLACE, OTHER)
        late, early = record(fired(1), 0, t=AT + 20), record(fired(2), 0, t=AT + 10)
        back = record(fired(3), 1, t=AT + 5)
        taken.take({PLACE: [late, back], OTHER: [early]})
        await until(lambda: not taken.open)
        assert member.endpoint.posted == [id_of(2), id_of(1), id_of(3)]
        assert member.clock.now() == AT + 20

    play(test)


def test_too_many_open_records_pause_the_reading(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "OPEN", 2)
    monkeypatch.setattr(assignment, "SPAN", 3)

    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE, OTHER)
        member.endpoint.slow = True
        taken.take({PLACE: [record(fired(n), n) for n in (1, 2)]})
        assert taken.full() == {PLACE, OTHER}
        open_records.throttle(member.kafka, taken)
        assert member.kafka.held == {PLACE, OTHER}
        await until(lambda: not taken.open)
        open_records.throttle(member.kafka, taken)
        assert member.kafka.held == set()
        monkeypatch.setattr(assignment, "OPEN", 100)
        taken.take({PLACE: [record(fired(n), n) for n in (3, 4)]})
        assert taken.full() == set()
        taken.take({PLACE: [record(fired(5), 5)]})
        assert taken.full() == {PLACE}
        assert taken.oldest >= 0

    play(test)


def test_a_run_takes_commits_and_passes_what_is_settled(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "COMMIT_S", 0.02)

    async def test(member: Member) -> None:
        running = asyncio.create_task(member.consumer.run())
        await asyncio.sleep(0.01)
        assert member.kafka.subscribed == [[PLACE.topic]]
        await member.assigned(PLACE)
        passed: list[tuple[Any, int]] = []
        member.ahead.passed = lambda *each: passed.append(each)  # type: ignore[method-assign]
        member.kafka.assign([PLACE])
        member.kafka.logs[PLACE] += [record(fired(1), 0), record(fired(2), 1)]
        member.kafka.positions[PLACE] = 0
        await until(lambda: member.kafka.commits)
        await until(lambda: member.kafka.commits[-1] == {PLACE: 2})
        member.kafka.positions[PLACE] = 4
        await until(lambda: member.kafka.commits[-1] == {PLACE: 4})
        assert passed[-1] == (PLACE, 4), "also behind the markers of transactions"
        commits = [each[PLACE] for each in member.kafka.commits]
        assert commits == sorted(set(commits)), "nothing is committed twice"
        running.cancel()
        await asyncio.wait((running,))

    play(test)


def test_a_run_does_not_commit_at_each_poll(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "COMMIT_S", 60)

    async def test(member: Member) -> None:
        running = asyncio.create_task(member.consumer.run())
        await asyncio.sleep(0.01)
        taken = await member.assigned(PLACE)
        member.kafka.assign([PLACE])
        member.kafka.logs[PLACE] += [record(fired(1), 0), record(fired(2), 1)]
        member.kafka.positions[PLACE] = 0
        await until(lambda: taken.settled() == {PLACE: 2})
        await until(lambda: taken.settled() == {PLACE: 2})
        polled = member.consumer.polled
        await until(lambda: member.consumer.polled > polled)
        assert member.kafka.commits == []
        running.cancel()
        await asyncio.wait((running,))

    play(test)


def test_a_revoke_commits_what_is_settled_and_forgets_the_rest(play: Any) -> None:
    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE)
        member.endpoint.closed = 60.0
        member.ahead.pause = lambda *_: asyncio.sleep(60)  # type: ignore[method-assign]
        taken.take({PLACE: [record(b"?", 3), record(fired(1), 4), record(fired(2), 5)]})
        await until(lambda: taken.open == 2)
        await member.consumer.on_partitions_revoked({PLACE})
        assert member.consumer.assignment is None
        assert member.kafka.commits == [{PLACE: 4}]
        assert member.endpoint.posted == []
        await member.consumer.on_partitions_revoked({PLACE})
        assert len(member.kafka.commits) == 1

    play(test)


@pytest.mark.parametrize("fault", [CommitFailedError(), IllegalStateError()])
def test_a_commit_that_comes_too_late_is_left_to_the_next_owner(
    play: Any, fault: Exception
) -> None:
    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE)
        member.kafka.commit_fails = [fault]
        await member.consumer._commit(taken, {PLACE: 3})
        assert taken.committed == {}
        await member.consumer._commit(taken, {PLACE: 3})
        assert (taken.committed, member.kafka.commits) == ({PLACE: 3}, [{PLACE: 3}])
        await member.consumer._commit(taken, {PLACE: 3})
        assert len(member.kafka.commits) == 1

    play(test)


def test_a_commit_without_an_answer_is_made_up_for_by_the_next(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_member, "COMMIT_S", 0.01)

    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE)
        commit = member.kafka.commit
        member.kafka.commit = lambda offsets: asyncio.sleep(60)  # type: ignore[method-assign, assignment]
        await member.consumer._commit(taken, {PLACE: 3})
        assert taken.committed == {}
        member.kafka.commit = commit  # type: ignore[method-assign]
        await member.consumer._commit(taken, {PLACE: 3})
        assert taken.committed == {PLACE: 3}

    play(test)


def test_a_missing_topic_is_named_and_a_new_recipe_is_read_once_its_topic_exists(
    play: Any,
) -> None:
    async def test(member: Member) -> None:
        member.consumer._check(member.kafka.names)
        with pytest.raises(TopicsMissing, match=r"sender\.undelivered is missing"):
            member.consumer._check({PLACE.topic})
        await member.consumer.add({OTHER.topic: "exit-intent"})
        assert member.kafka.subscribed == []
        member.kafka.names.add(OTHER.topic)
        await member.consumer.add({OTHER.topic: "exit-intent", PLACE.topic: "cart-abandonment"})
        await member.consumer.add({OTHER.topic: "exit-intent"})
        assert member.kafka.subscribed == [[PLACE.topic, OTHER.topic]]

    play(test)


def test_a_sender_is_ready_with_an_assignment_an_end_and_readable_records(play: Any) -> None:
    async def test(member: Member) -> None:
        health = member.health
        assert health.unready() == ["no assignment yet, or a rebalance is under way"]
        assert health.stalled() == [], "without an assignment it counts as live"
        taken = await member.assigned(PLACE)
        await asyncio.sleep(0.02)
        assert health.unready() == ["the end of 1 partitions has not been seen lately"]
        assert health.stalled() == [], "while no broker answers it counts as live"
        await member.ahead.rest()
        assert health.stalled()[0].startswith("no poll for ")
        cast(Any, member.store).available = False
        assert health.unready() == ["the idempotency records cannot be read"]
        text = health.metrics().decode()
        assert "triggers_sender_open_records 0.0" in text
        member.endpoint.closed = 2.5
        member.ahead.up = False
        taken.open = 3
        text = health.metrics().decode()
        for line in ("open_records 3.0", "endpoint_closed_seconds 2.5", "rebalances_total 1.0"):
            assert f"triggers_sender_{line}" in text
        taken.open = 0

    play(test)


def test_the_age_of_the_oldest_open_record_is_known(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [50.0]
    monkeypatch.setattr(assignment, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE, OTHER)
        member.endpoint.closed = 60.0
        member.ahead.pause = lambda *_: asyncio.sleep(60)  # type: ignore[method-assign]
        taken.take({PLACE: [record(fired(1), 1)]})
        now[0] += 2
        taken.take({OTHER: [record(fired(2), 1)]})
        now[0] += 3
        assert taken.oldest == 5
        taken.take({})
        assert taken.open == 2

    play(test)


def test_an_assignment_and_new_recipes_are_logged(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(member: Member) -> None:
        await member.assigned(PLACE, OTHER)
        member.kafka.names.add(OTHER.topic)
        await member.consumer.add({OTHER.topic: "exit-intent"})

    play(test)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["assigned partitions=2", "recipes_added topics=2"]


def test_open_requests_have_more_time_at_a_rebalance_than_at_a_stop(play: Any) -> None:
    async def test(member: Member) -> None:
        graces: list[float] = []

        async def close(grace: float) -> None:
            graces.append(grace)

        for end in (member.consumer.on_partitions_revoked({PLACE}), member.consumer.stop()):
            (await member.assigned(PLACE)).close = close  # type: ignore[method-assign]
            await asyncio.sleep(0)
            await end
            assert member.consumer.assignment is None
        assert graces == [2.01, 5.0], "the time-out of a request and two seconds"
        assert member.kafka.stopped

    play(test)


def test_a_sender_that_polls_no_more_is_not_live(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def test(member: Member) -> None:
        await member.assigned(PLACE)
        await asyncio.sleep(0)
        await member.ahead.rest()
        member.consumer.polled = now[0]
        now[0] += 60
        assert member.health.stalled() == []
        now[0] += 1
        assert member.health.stalled() == ["no poll for 61 s"]

    play(test)


def test_what_became_of_a_record_is_counted_with_its_delay() -> None:
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    trigger = read(fired(1))
    metrics.ended("r", trigger, "delivered", AT + 2_500)
    metrics.ended("r", trigger, "delivered", AT - 9_000)
    metrics.ended("r", trigger, "cancelled", AT + 9_000)
    metrics.ended("r", None, "not_a_trigger", AT + 9_000)
    metrics.ended("r", read(cancelled(1)), "unsent", AT + 9_000)
    assert value("triggers_sender_late_seconds_sum", {"recipe": "r"}) == 2.5
    assert value("triggers_sender_late_seconds_count", {"recipe": "r"}) == 2
    for kind, outcome, number in (
        ("fired", "delivered", 2),
        ("fired", "cancelled", 1),
        ("unknown", "not_a_trigger", 1),
        ("cancelled", "unsent", 1),
    ):
        labels = {"recipe": "r", "kind": kind, "outcome": outcome}
        assert value("triggers_sender_settled_total", labels) == number
    for reason in ("refused", "gave_up", "expired", "not_a_trigger"):
        assert value("triggers_sender_undelivered_total", {"reason": reason}) == 0
    metrics.tried("2xx", 0.25)
    assert value("triggers_sender_attempt_seconds_sum") == 0.25
    assert value("triggers_sender_attempts_total", {"answer": "2xx"}) == 1


def test_an_assignment_raises_the_faults_of_its_queues_and_of_its_index(play: Any) -> None:
    async def test(member: Member) -> None:
        taken = await member.assigned(PLACE)
        taken.check()
        taken._queues._fault = OSError("no disk")
        with pytest.raises(OSError, match="no disk"):
            taken.check()
        taken._queues._fault = None

        def check() -> None:
            raise CommitFailedError

        member.ahead.check = check  # type: ignore[method-assign]
        with pytest.raises(CommitFailedError):
            taken.check()

    play(test)


def test_a_start_waits_for_a_broker_and_checks_the_topics(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(member: Member) -> None:
        kafka, member.consumer._consumer = member.kafka, None

        async def started(make: Any, log: Any) -> Any:
            assert make == member.consumer._make
            return kafka

        monkeypatch.setattr(group_member, "start_client", started)
        await member.consumer.start()
        assert member.consumer._consumer is kafka
        kafka.names = set()
        with pytest.raises(TopicsMissing):
            await member.consumer.start()

    play(test)


def test_a_scrape_shows_what_is_open_and_whether_records_can_be_written(play: Any) -> None:
    async def test(member: Member) -> None:
        metrics = member.metrics
        for assigned, up in ((SimpleNamespace(open=3, oldest=7.5), False), (None, True)):
            member.consumer.assignment = cast(Any, assigned)
            cast(Any, member.store).available = up
            member.health.metrics()
            shown = metrics.open, metrics.oldest, metrics.idempotency_up
            found = [each._value.get() for each in shown]
            assert found == ([3, 7.5, 0] if assigned else [0, 0, 1])

    play(test)
