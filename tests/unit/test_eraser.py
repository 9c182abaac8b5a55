"""An eraser: which erasures it follows, when it looks, what it writes and what it commits."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import TopicPartition

from agents.config.settings import SettingsError
from agents.eraser import consumer, followed, health, passes
from agents.eraser.consumer import USED, ErasureConsumer
from agents.eraser.followed import LONGEST_PAUSE_S, FollowedErasures, names_of
from agents.eraser.health import EraserHealth
from agents.eraser.metrics import EraserMetrics
from agents.eraser.passes import ErasurePasses
from agents.eraser.settings import EraserSettings
from agents.erasure.wanted import ErasedNames
from agents.kafka import group_member
from agents.kafka.topics import TopicsMissing
from stream.outputs import erasures
from stream.outputs.outputs import Outputs
from stream.recipes_file import DEFAULT
from stream.state.visitor import Visitor
from tests import virtual_time
from tests.fake_broker import SETTINGS
from tests.fake_consumer import FakeConsumer
from tests.unit.test_erasure_finding import AFTER, AT, BEFORE, States, active

PLACE, OTHER = TopicPartition("people.erased", 0), TopicPartition("people.erased", 1)
ANNA = "customer:anna"
DELAY = 60.0


def record(
    offset: int, person: str = ANNA, at: int = AT, event: str = "e-1", t: int | None = None
) -> Any:
    out = Outputs()
    erasures.publish(person, at, DEFAULT, out, event=event)
    stamp = at + 5 if t is None else t
    return SimpleNamespace(offset=offset, timestamp=stamp, value=out.erased[0][1])


def foreign(offset: int, value: bytes | None) -> Any:
    return SimpleNamespace(offset=offset, timestamp=AT, value=value)


def following(*records: Any, now: float = 0.0) -> tuple[FollowedErasures, EraserMetrics]:
    metrics = EraserMetrics()
    made = FollowedErasures([PLACE], DELAY, metrics)
    made.take({PLACE: records}, now)
    return made, metrics


def counted(metrics: EraserMetrics) -> dict[str, float]:
    names = ("followed", "own", "not_an_erasure")
    return {name: metrics.records.labels(name)._value.get() for name in names}


def test_a_person_is_due_after_the_delay_and_its_offset_is_committed_once_it_is_clean() -> None:
    taken, _ = following(record(4), record(5, "customer:bert", BEFORE), now=10)
    assert taken.due(10 + DELAY - 1) == []
    anna, bert = taken.due(10 + DELAY)
    assert (anna.names, anna.at, bert.names) == (of("anna"), AT, of("bert"))
    assert (taken.settled(), taken.open, taken.oldest) == ({PLACE: 4}, 2, BEFORE)
    taken.settle(bert)
    assert taken.settled() == {PLACE: 4}
    taken.settle(anna)
    assert (taken.settled(), taken.open, taken.oldest) == ({PLACE: 6}, 0, None)


def of(customer: str) -> ErasedNames:
    return ErasedNames({customer})


def test_what_an_eraser_wrote_is_not_followed() -> None:
    taken, metrics = following(record(0, event="eraser-77"), record(1, event="erase-77"))
    assert counted(metrics) == {"followed": 1, "own": 1, "not_an_erasure": 0}
    assert taken.settled() == {PLACE: 1}


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"no JSON", b"[]", b'{"data":{"person":"customer:anna"}}'),
        *(b'{"data":{"person":"customer:","at":1}}', b'{"data":{"person":"anna","at":1}}'),
        b'{"data":{"person":"customer:anna","at":1,"event":7}}',
    ],
)
def test_a_record_that_no_worker_wrote_is_skipped(value: bytes | None) -> None:
    taken, metrics = following(foreign(0, value))
    assert counted(metrics) == {"followed": 0, "own": 0, "not_an_erasure": 1}
    assert (taken.settled(), taken.due(1e9)) == ({PLACE: 1}, [])


def test_an_erasure_by_an_earlier_release_names_no_event_and_is_followed() -> None:
    value = json.dumps({"data": {"person": ANNA, "customer": "anna", "at": AT}}).encode()
    taken, _ = following(foreign(0, value))
    assert [each.at for each in taken.due(DELAY)] == [AT]


def test_a_time_in_the_future_ends_at_the_records_own() -> None:
    taken, _ = following(record(0, at=AT * 2, t=AT))
    assert taken.oldest == AT


def test_two_erasures_of_a_person_are_one_look_up_to_the_later() -> None:
    taken, _ = following(record(0), record(1, at=AFTER), record(2, at=BEFORE))
    [anna] = taken.due(DELAY)
    assert anna.at == AFTER
    taken.settle(anna)
    assert taken.settled() == {PLACE: 3}


def test_pauses_double_up_to_an_hour() -> None:
    taken, _ = following(record(0))
    [anna] = taken.due(DELAY)
    pauses = []
    for _ in range(9):
        taken.put_off(anna, 0)
        pauses.append(anna.due)
    assert pauses[:3] == [DELAY, 2 * DELAY, 4 * DELAY]
    assert pauses[-1] == LONGEST_PAUSE_S
    taken.retry(anna, 5)
    assert anna.due == 5 + DELAY


def test_a_pass_is_for_a_hundred_persons_at_most() -> None:
    taken, _ = following(*(record(n, f"customer:{n}") for n in range(101)))
    assert len(taken.due(DELAY)) == followed.MOST == 100


@pytest.mark.parametrize(
    ("person", "names"),
    [
        (ANNA, of("anna")),
        ("visitor:v-1", ErasedNames(visitors={"v-1"})),
        ("email:k", ErasedNames(keys={"email:k"})),
        ("phone:k", ErasedNames(keys={"phone:k"})),
        ("cart:7", None),
        ("customer:", None),
        ("", None),
    ],
)
def test_the_names_of_a_person(person: str, names: ErasedNames | None) -> None:
    assert names_of(person) == names


class Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, bytes, int]] = []
        self.fault: Exception | None = None

    async def partitions_for(self, topic: str) -> set[int]:
        return {0, 1, 2}

    async def send_and_wait(self, topic: str, value: Any, key: bytes, partition: int) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((topic, value, key, partition))

    async def stop(self) -> None: ...


class Waiting(FakeConsumer):
    """A consumer whose fetch waits as a real one does."""

    async def getmany(self, timeout_ms: int, max_records: int | None = None) -> dict[Any, Any]:
        await asyncio.sleep(timeout_ms / 1000)
        return await super().getmany(timeout_ms, max_records)


class Erasing:
    """An eraser over lists. `states`: what the changelogs have · `fails`: errors of the next passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states: list[Visitor] = []
        self.fails: list[Exception] = []
        self.passes = 0
        monkeypatch.setattr(passes, "Changelogs", self._changelogs)
        self.metrics = EraserMetrics()
        self.producer, self.kafka = Producer(), Waiting()
        self.kafka.polled = AT
        made = ErasurePasses(SETTINGS, self.metrics)
        made._producer = self.producer
        settings = EraserSettings(SETTINGS, "eraser", int(DELAY * 1000))
        self.consumer = ErasureConsumer(settings, made, self.metrics)
        self.consumer._consumer = self.kafka
        self.health = EraserHealth(self.consumer, self.metrics)

    @asynccontextmanager
    async def _changelogs(self, settings: Any) -> Any:
        self.passes += 1
        if self.fails:
            raise self.fails.pop(0)
        yield States(*self.states)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(value) for _, value, *_ in self.producer.sent if value]


Play = Callable[[Callable[[Erasing], Awaitable[None]]], None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs an eraser of one partition, in a loop whose waits take no time."""

    def run(test: Callable[[Erasing], Awaitable[None]]) -> None:
        async def whole() -> None:
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(
                consumer, "time", SimpleNamespace(monotonic=loop.time, time=lambda: AT / 1000)
            )
            monkeypatch.setattr(
                health, "time", SimpleNamespace(monotonic=loop.time, time=lambda: AT / 1000 + 90)
            )
            made = Erasing(monkeypatch)
            running = asyncio.create_task(made.consumer.run())
            await asyncio.sleep(0.01)
            await made.consumer.on_partitions_assigned({PLACE})
            made.kafka.assign([PLACE])
            made.kafka.positions[PLACE] = 0
            try:
                await test(made)
            finally:
                running.cancel()
                await asyncio.wait((running,))

        virtual_time.run(whole())

    return run


def test_a_kept_browser_is_erased_once_and_committed_when_it_is_gone(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.states = [active("v-1", BEFORE, "anna"), active("v-2", AFTER, "anna")]
        eraser.kafka.logs[PLACE] = [record(0)]
        await asyncio.sleep(DELAY - 1)
        assert (eraser.passes, eraser.health.unready()) == (0, [])
        assert "triggers_eraser_oldest_open_seconds 90.0" in eraser.health.metrics().decode()
        await asyncio.sleep(5)
        [event] = eraser.events
        assert event.pop("id").startswith("eraser-")
        assert event == {"type": "person.erased", "visitor": "v-1", "customer": "anna"}
        assert eraser.producer.sent[0][0] == SETTINGS.topic("storefront.events")
        assert eraser.kafka.commits == [{PLACE: 0}]
        eraser.states = eraser.states[1:]
        eraser.kafka.logs[PLACE] += [record(1, at=AFTER + 9, event="eraser-1")]
        await asyncio.sleep(DELAY + 5)
        assert (len(eraser.events), eraser.kafka.commits[-1]) == (1, {PLACE: 2})
        assert "triggers_eraser_open_records 0.0" in eraser.health.metrics().decode()
        looked = eraser.passes
        await asyncio.sleep(3600)
        assert eraser.passes == looked == 2, "nothing is read while nothing is open"

    play(test)


def test_what_stays_kept_is_erased_more_and_more_rarely(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.states = [active("v-1", BEFORE, "anna")]
        eraser.kafka.logs[PLACE] = [record(0)]
        await asyncio.sleep(4 * 3600)
        assert len(eraser.events) == 9, "after 1, 2, 4, 8, 16, 32, 64, 124 and 184 minutes"
        assert eraser.kafka.commits == [{PLACE: 0}]

    play(test)


def test_an_outage_during_a_pass_is_shown_and_the_pass_comes_again(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.fails = [KafkaConnectionError(), KafkaConnectionError()]
        eraser.kafka.logs[PLACE] = [record(0)]
        await asyncio.sleep(DELAY + 2)
        assert eraser.health.unready() == [
            "the last pass over the states failed: KafkaConnectionError"
        ]
        await asyncio.sleep(2 * DELAY + 5)
        assert (eraser.passes, eraser.health.unready()) == (3, [])
        assert eraser.kafka.commits[-1] == {PLACE: 1}

    play(test)


def test_events_that_cannot_be_written_are_written_by_the_next_pass(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.states = [active("v-1", BEFORE, "anna")]
        eraser.producer.fault = KafkaConnectionError()
        eraser.kafka.logs[PLACE] = [record(0)]
        await asyncio.sleep(DELAY + 2)
        eraser.producer.fault = None
        await asyncio.sleep(DELAY + 2)
        assert [each["visitor"] for each in eraser.events] == ["v-1"]

    play(test)


def test_an_erasure_that_comes_during_a_pass_is_looked_at_again(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.kafka.logs[PLACE] = [record(0)]
        await asyncio.sleep(DELAY / 2)
        assert eraser.consumer.followed is not None
        [anna] = eraser.consumer.followed.due(1e9)
        look = eraser.consumer._passes.look

        async def slow(due: Any) -> Any:
            found = await look(due)
            eraser.kafka.logs[PLACE] += [record(1, at=AFTER)]
            await asyncio.sleep(5)
            return found

        eraser.consumer._passes.look = slow  # type: ignore[method-assign, assignment]
        await asyncio.sleep(DELAY / 2 + 10)
        eraser.consumer._passes.look = look  # type: ignore[method-assign]
        assert (anna.at, eraser.consumer.followed.open) == (AFTER, 2)
        await asyncio.sleep(DELAY)
        assert eraser.consumer.followed.open == 0

    play(test)


def test_a_pass_that_a_rebalance_overtakes_writes_nothing(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.states = [active("v-1", BEFORE, "anna")]
        eraser.kafka.logs[PLACE] = [record(0)]
        look = eraser.consumer._passes.look

        async def overtaken(due: Any) -> Any:
            await eraser.consumer.on_partitions_revoked({PLACE})
            assert eraser.health.unready() == ["no assignment yet, or a rebalance is under way"]
            await eraser.consumer.on_partitions_assigned({PLACE})
            return await look(due)

        eraser.consumer._passes.look = overtaken  # type: ignore[method-assign, assignment]
        await asyncio.sleep(DELAY + 5)
        assert (eraser.passes, eraser.events) == (1, [])
        assert eraser.kafka.commits[-1] == {PLACE: 0}

    play(test)


def test_too_many_open_erasures_pause_the_reading(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "OPEN", 2)

    async def test(eraser: Erasing) -> None:
        eraser.kafka.logs[PLACE] = [record(0), record(1, "customer:bert")]
        await asyncio.sleep(2)
        assert eraser.kafka.held == {PLACE}
        await asyncio.sleep(DELAY + 5)
        assert eraser.kafka.held == set()

    play(test)


@pytest.mark.parametrize("fault", [CommitFailedError(), IllegalStateError()])
def test_a_commit_that_comes_too_late_is_left_to_the_next_owner(
    play: Play, fault: Exception
) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.kafka.commit_fails = [fault]
        eraser.kafka.logs[PLACE] = [foreign(0, b"?")]
        await asyncio.sleep(5)
        assert eraser.kafka.commits == [{PLACE: 1}]

    play(test)


def test_a_commit_without_an_answer_is_made_up_for_by_the_next(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_member, "COMMIT_S", 0.01)

    async def test(eraser: Erasing) -> None:
        commit = eraser.kafka.commit
        eraser.kafka.commit = lambda offsets: asyncio.sleep(60)  # type: ignore[method-assign]
        eraser.kafka.logs[PLACE] = [foreign(0, b"?")]
        await asyncio.sleep(3)
        eraser.kafka.commit = commit  # type: ignore[method-assign]
        await asyncio.sleep(3)
        assert eraser.kafka.commits == [{PLACE: 1}]

    play(test)


def test_a_lost_connection_during_a_fetch_is_waited_for(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        eraser.kafka.fault = KafkaConnectionError()
        await asyncio.sleep(1)
        eraser.kafka.fault = None
        eraser.kafka.logs[PLACE] = [foreign(0, b"?")]
        await asyncio.sleep(3)
        assert eraser.kafka.commits == [{PLACE: 1}]

    play(test)


def test_an_error_that_does_not_pass_ends_the_eraser(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        eraser = Erasing(monkeypatch)
        eraser.fails = [TopicAuthorizationFailedError()]
        await eraser.consumer.on_partitions_assigned({PLACE})
        assert eraser.consumer.followed is not None
        eraser.consumer.followed.take({PLACE: [record(0)]}, 0)
        due = eraser.consumer.followed.due(DELAY)
        with pytest.raises(TopicAuthorizationFailedError):
            await eraser.consumer._pass(eraser.consumer.followed, due)
        await eraser.consumer.stop()
        assert eraser.kafka.stopped

    asyncio.run(test())


def test_an_eraser_that_does_not_poll_is_not_live(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        await asyncio.sleep(1)
        assert eraser.health.stalled() == []
        eraser.consumer.polled -= 62
        assert eraser.health.stalled() == ["no poll for 62 s"]
        eraser.kafka.polled = None
        assert eraser.health.stalled() == [], "no broker answers"
        eraser.kafka.polled = AT
        eraser.consumer.followed = None
        assert eraser.health.stalled() == []

    play(test)


def test_a_broker_that_is_silent_is_shown(play: Play) -> None:
    async def test(eraser: Erasing) -> None:
        await asyncio.sleep(1)
        for polled in (None, AT - 11_000):
            eraser.kafka.polled = polled
            assert eraser.health.unready() == ["no broker has answered lately for 1 partitions"]
        eraser.kafka.held = {PLACE}
        assert eraser.health.unready() == []

    play(test)


def test_missing_topics_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        eraser = Erasing(monkeypatch)

        async def started(make: Any, log: Any) -> Any:
            return eraser.kafka

        monkeypatch.setattr(group_member, "start_client", started)
        eraser.kafka.names = {SETTINGS.topic(name) for name in USED} - {
            SETTINGS.topic("state.keys")
        }
        with pytest.raises(TopicsMissing, match=r"state\.keys is missing"):
            await eraser.consumer.start()

    asyncio.run(test())


def test_settings_are_read_and_all_mistakes_are_reported() -> None:
    given = {"TRIGGERS_KAFKA": "k:1", "TRIGGERS_PREFIX": "eu."}
    read = EraserSettings.read(given)
    assert (read.group, read.delay_ms) == ("eu.eraser", 60_000)
    own = {"TRIGGERS_ERASER_GROUP": "mine", "TRIGGERS_ERASER_DELAY": "5m"}
    read = EraserSettings.read(given | own)
    assert (read.group, read.delay_ms) == ("mine", 300_000)
    with pytest.raises(SettingsError) as found:
        EraserSettings.read({"TRIGGERS_ERASER_DELAY": "soon", "TRIGGERS_ERASER_DELY": "5m"})
    for name in ("TRIGGERS_KAFKA", "TRIGGERS_ERASER_DELAY", "TRIGGERS_ERASER_DELY"):
        assert name in str(found.value)
