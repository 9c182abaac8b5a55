"""The parts of a worker: Faust's app, its credentials, and the pause between two checkpoints."""

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any, cast

import certifi
import faust
import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError
from faust.types import TP

from agents.config.settings import Security, Settings
from agents.kafka import raw_batches
from agents.kafka.topics import Layout
from agents.worker import faust_app
from agents.worker.metrics import Metrics
from agents.worker.processors import STAGES
from agents.worker.rebalance import Rebalance
from agents.worker.worker import BACKLOG, AppFailed, Worker, _run_task
from stream import recipes_file
from tests import virtual_time


def settings(**more: Any) -> Settings:
    return Settings(kafka=("one:9092", "two:9092"), prefix="shop.", **more)


def test_the_app_joins_the_group_and_makes_nothing() -> None:
    app = faust_app.make(settings(session_ms=20_000, instance_id="w1", latency_ms=250))
    conf = app.conf
    assert [str(url) for url in conf.broker] == ["kafka://one:9092", "kafka://two:9092"]
    assert (conf.id, conf.consumer_group_instance_id) == (settings().group, "w1")
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (20, 4)
    assert (conf.broker_rebalance_timeout, conf.broker_request_timeout) == (60, 30)
    assert (conf.web_enabled, conf.topic_allow_declare, conf.stream_wait_empty) == (False,) * 3
    assert (conf.topic_disable_leader, conf.reply_create_topic) == (True, False)
    assert (conf.table_standby_replicas, conf.stream_recovery_delay) == (0, 0)
    assert conf.broker_commit_interval == 3600, "the checkpoint commits, not Faust"
    assert conf.consumer_max_fetch_size == 2 * 1024 * 1024
    assert conf.consumer_auto_offset_reset == "earliest"
    assert app.gather_s == 0.25
    app._create_directories()


def test_a_long_session_lengthens_the_other_time_limits() -> None:
    conf = faust_app.make(settings(session_ms=90_000)).conf
    assert (conf.broker_rebalance_timeout, conf.broker_request_timeout) == (90, 95)


@pytest.mark.parametrize(
    ("protocol", "sasl", "tls"),
    [
        ("PLAINTEXT", False, False),
        ("SSL", False, True),
        ("SASL_PLAINTEXT", True, False),
        ("SASL_SSL", True, True),
    ],
)
def test_credentials_fit_the_protocol(protocol: str, sasl: bool, tls: bool) -> None:
    cafile = cast(Any, certifi.where())
    security = Security(protocol, "SCRAM-SHA-256", "anna", "secret", cafile)
    found = faust_app._credentials(settings(security=security))
    if not sasl and not tls:
        assert found is None
        return
    assert isinstance(found, faust.SASLCredentials if sasl else faust.SSLCredentials)
    if isinstance(found, faust.SASLCredentials):
        assert (found.username, found.password) == ("anna", "secret")
        assert found.mechanism.value == "SCRAM-SHA-256"
        assert isinstance(found.ssl_context, ssl.SSLContext) is tls


def test_each_stage_has_an_agent_and_rebalances_reach_the_listener() -> None:
    app = faust_app.make(settings())
    heard: list[str] = []

    async def on_assigned() -> None:
        heard.append("assigned")

    listener = cast(Any, SimpleNamespace(on_assigned=on_assigned))
    fetch = cast(Any, None)
    owner = cast(Any, SimpleNamespace(take=None, fail=None))
    faust_app.connect(app, settings(), owner, listener, fetch)
    assert {name.rsplit(".", 1)[-1] for name in app.agents} == {stage.name for stage in STAGES}
    asyncio.run(app.on_rebalance_complete.send())
    assert heard == ["assigned"]


def worker_behind(delivery: str, *behind: int) -> Worker:
    worker = Worker.__new__(Worker)
    worker._settings = settings(delivery=delivery)
    owned = [SimpleNamespace(end=10 + each, position=10) for each in behind]
    worker.assignment = cast(Any, SimpleNamespace(owned=lambda: owned))
    return worker


def pause(delivery: str, *behind: int) -> float:
    return worker_behind(delivery, *behind)._pause_ms()


def test_checkpoints_are_frequent_only_with_transactions_and_without_a_backlog() -> None:
    assert pause("at_least_once", 0) == 2_000
    assert pause("exactly_once", 0) == 100
    assert pause("exactly_once", BACKLOG - 1, 1, -50) == 100
    assert pause("exactly_once", BACKLOG, 1) == 2_000


@pytest.mark.parametrize(("behind", "urgent"), [(0, False), (BACKLOG, False), (BACKLOG + 1, True)])
def test_a_checkpoint_pauses_only_without_a_backlog(
    behind: int, urgent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a backlog most states that it packs ahead would change again."""
    seen: list[bool] = []

    async def checkpoint(owned: object, *, urgent: bool) -> None:
        seen.append(urgent)
        raise asyncio.CancelledError

    worker = worker_behind("at_least_once", behind)
    worker._checkpoint = cast(Any, checkpoint)
    monkeypatch.setattr(worker, "_pause_ms", lambda: 0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(worker._checkpoints())
    assert seen == [urgent]


def test_a_broken_connection_ends_a_task_with_an_error() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(KafkaConnectionError):
        asyncio.run(_run_task(cancelled))


@pytest.mark.parametrize(
    ("compiled", "wanted", "blocks"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_input_and_changelogs_come_as_blocks_only_for_the_compiled_stage(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, wanted: bool, blocks: bool
) -> None:
    topics = set[str]()
    monkeypatch.setattr(raw_batches, "as_blocks", topics)
    monkeypatch.setattr(faust_app, "COMPILED", compiled)
    faust_app.make(settings(compiled=wanted))
    states = ("state.visitors", "state.keys", "state.people")
    names = ("storefront.events", "visitor.facts", *states)
    assert topics == ({f"shop.{name}" for name in names} if blocks else set())


def test_the_consumer_passes_batches_to_the_assignment_and_fetches_through_the_given_client() -> (
    None
):
    app = faust_app.make(settings())
    owner, listener, fetch = (cast(Any, SimpleNamespace(take=name, fail=name)) for name in "abc")
    faust_app.connect(app, settings(), owner, listener, fetch)
    assert (app.take, app.listener, app.fetch) == ("a", listener, fetch)
    topics = {str(agent.channel.topics[0]) for agent in app.agents.values()}
    assert topics == {"shop.storefront.events", "shop.identity.claims", "shop.visitor.facts"}


def test_a_worker_that_is_no_longer_in_its_group_ends() -> None:
    checks: list[float] = []

    async def check() -> None:
        checks.append(asyncio.get_running_loop().time())
        if len(checks) == 3:
            raise GroupAuthorizationFailedError("triggers")

    worker = Worker.__new__(Worker)
    worker._group = cast(Any, SimpleNamespace(check=check))
    with pytest.raises(GroupAuthorizationFailedError):
        virtual_time.run(worker._membership())
    assert len(checks) == 3
    assert checks[2] - checks[0] == pytest.approx(10, abs=1), "it looks every five seconds"


def test_a_worker_ends_when_faust_stops() -> None:
    async def done() -> None:
        pass

    worker = Worker.__new__(Worker)
    worker._app = cast(Any, SimpleNamespace(start=done, wait_until_stopped=done))
    with pytest.raises(AppFailed, match="its lines above say why"):
        asyncio.run(worker._faust())


def test_a_stop_saves_before_it_leaves_the_group_and_disconnects_last() -> None:
    story: list[str] = []

    def part(name: str) -> Any:
        async def stop() -> None:
            story.append(name)

        return SimpleNamespace(stop=stop)

    worker = Worker.__new__(Worker)
    worker.assignment, worker._app = part("saved"), part("left")
    worker._producer, worker._offsets = part("sent"), part("disconnected")
    asyncio.run(worker.stop())
    assert story == ["saved", "left", "sent", "disconnected"]


def test_the_parts_of_a_worker_know_each_other() -> None:
    async def test() -> None:
        metrics = Metrics()
        worker = Worker(settings(), recipes_file.DEFAULT, Layout(4, 3, 2), 3, metrics)
        app = worker._app
        assert app.take == worker.assignment.take
        assert app.fail == worker.assignment.fail
        assert app.fetch == worker._offsets.fetch
        assert isinstance(app.listener, Rebalance)
        assert app.listener._assignment is worker.assignment
        assert worker._checkpoint._commit == worker._group.commit_offsets
        assert worker.watermarks._margin == 2_000, "several brokers have several clocks"
        assert worker.watermarks._follower is worker.follower
        assert worker._deadlines._assignment is worker.assignment
        assert len(worker.follower._events) == 4
        visitors = cast(Any, app.listener._make(TP("shop.storefront.events", 1)))
        assert visitors._follower is worker.follower
        keys = cast(Any, app.listener._make(TP("shop.identity.claims", 1)))
        assert keys._advanced is worker.watermarks._advanced
        for client in (worker._producer._producer, worker._offsets._consumer):
            cast(Any, client)._closed = True  # they were never started

    asyncio.run(test())


def test_a_worker_reads_all_documents_before_its_tasks_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story: list[str] = []

    def noted(name: str) -> Any:
        async def note() -> None:
            story.append(name)

        return note

    worker = Worker.__new__(Worker)
    worker._producer = cast(Any, SimpleNamespace(start=noted("producer")))
    worker._offsets = cast(Any, SimpleNamespace(start=noted("offsets")))
    worker.follower = cast(Any, SimpleNamespace(start=noted("read"), run=noted("follower")))
    clock = SimpleNamespace(run=noted("rounds"), announce_keys=noted("keys"))
    worker.watermarks = cast(Any, clock)
    worker._deadlines = cast(Any, SimpleNamespace(run=noted("deadlines")))
    for name in ("_faust", "_checkpoints", "_failure", "_membership"):
        monkeypatch.setattr(worker, name, noted(name))
    asyncio.run(worker.start())
    assert story == ["producer", "offsets", "read"]
    story.clear()
    asyncio.run(worker.run())
    assert sorted(story) == [
        "_checkpoints", "_failure", "_faust", "_membership", "deadlines", "follower", "keys",
        "rounds",
    ]  # fmt: skip


def test_a_worker_ends_with_the_failure_of_its_assignment() -> None:
    async def test() -> None:
        worker = Worker.__new__(Worker)
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        worker.assignment = cast(Any, SimpleNamespace(failed=failed))
        failed.set_exception(OSError("no disk"))
        with pytest.raises(OSError, match="no disk"):
            await worker._failure()

    asyncio.run(test())


def test_a_checkpoint_comes_after_each_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    written: list[Any] = []

    async def checkpoint(owned: object, *, urgent: bool) -> None:
        written.append(owned)

    worker = worker_behind("at_least_once", 0)
    worker._checkpoint = cast(Any, checkpoint)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(worker._checkpoints())
    assert slept == [2.0, 2.0, 2.0]
    assert written == [worker.assignment.owned()] * 2
