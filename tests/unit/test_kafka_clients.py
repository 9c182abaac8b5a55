"""What each client of Kafka is made with. None commits by itself, and no reader sees records of an open transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import TopicPartition

from agents.bridge import producers as bridge
from agents.bridge.broker_time import BrokerTime
from agents.collector import producer as collector
from agents.collector import rejects
from agents.collector.metrics import CollectorMetrics
from agents.config.settings import Settings, aiokafka_options
from agents.kafka import cluster_admin, group_member, offsets, tail, to_the_end
from agents.kafka.topics import Layout
from agents.published import published_log
from agents.sender import cancellations, consumer, dead_letters
from agents.sender.clock import Clock
from agents.worker import producer as worker
from agents.worker import recipes_follower, restore
from agents.worker.transactional_producer import TransactionalProducer
from stream import recipes_file
from stream.recipes.history import History
from tests.fake_broker import FakeBroker

SETTINGS = Settings(kafka=("localhost:1",), session_ms=8_000, instance_id="w1")
BRIDGE = cast(Any, SimpleNamespace(common=SETTINGS, group="bridge"))
OTHER = cast(Any, None)
PLACE = TopicPartition("storefront.events", 3)


class Made(Exception):
    """A client was made with these options."""

    def __init__(self, options: dict[str, Any]) -> None:
        own = aiokafka_options(SETTINGS)
        assert own.items() <= options.items(), "the cluster and its credentials"
        self.options = {name: value for name, value in options.items() if name not in own}


def make(**options: Any) -> None:
    raise Made(options)


def options_of(start: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    """The options of the client that `start` makes, beside those of the cluster."""
    with pytest.raises(Made) as made:
        asyncio.run(cast(Any, start()))
    return made.value.options


async def restored() -> None:
    broker = FakeBroker()
    broker.logs["state.visitors", 0] = [None]
    await restore.restore(SETTINGS, broker, {("state.visitors", 0): OTHER}, lambda: True)


async def followed() -> None:
    history, metrics = History(recipes_file.DEFAULT), OTHER
    follower = recipes_follower.RecipesFollower(SETTINGS, history, OTHER, metrics, 1)
    await follower._fetch(1)


async def read_ahead() -> None:
    await cancellations.CancellationIndex(SETTINGS, Clock()).start()


async def tailed() -> None:
    await tail.TopicTail(SETTINGS, OTHER, "view")._session()


async def read_to_the_end() -> None:
    async with to_the_end.reader(SETTINGS, "triggers-x"):
        pass


async def asked() -> None:
    offsets.Offsets(SETTINGS)


async def joined() -> None:
    settings = cast(Any, SimpleNamespace(common=SETTINGS, group="sender"))
    consumer.TriggerConsumer(settings, OTHER, {})._make()


READS = {"isolation_level": "read_committed", "enable_auto_commit": False}
EARLIEST = {**READS, "auto_offset_reset": "earliest"}


@pytest.mark.parametrize(
    ("module", "start", "expected"),
    [
        (
            restore,
            restored,
            {**READS, "client_id": "triggers-restore", "max_partition_fetch_bytes": 1024 * 1024},
        ),
        (recipes_follower, followed, {**EARLIEST, "client_id": "triggers-recipes"}),
        (
            cancellations,
            read_ahead,
            {**EARLIEST, "client_id": "triggers-sender-cancellations", "fetch_max_wait_ms": 100},
        ),
        (
            tail,
            tailed,
            {
                **EARLIEST,
                "client_id": "triggers-view",
                "request_timeout_ms": 4_000,
                "metadata_max_age_ms": 10_000,
            },
        ),
        (
            to_the_end,
            read_to_the_end,
            {**READS, "client_id": "triggers-x", "fetch_max_wait_ms": 10},
        ),
        (offsets, asked, {"client_id": "triggers-offsets", "enable_auto_commit": False}),
        (
            group_member,
            joined,
            {
                **EARLIEST,
                "client_id": "triggers-sender",
                "group_id": "sender",
                "group_instance_id": "w1",
                "session_timeout_ms": 8_000,
                "heartbeat_interval_ms": 2_000,
                "partition_assignment_strategy": (RangePartitionAssignor,),
            },
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_consumer_is_made_with(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    start: Callable[[], Awaitable[None]],
    expected: dict[str, Any],
) -> None:
    monkeypatch.setattr(module, "AIOKafkaConsumer", make)
    assert options_of(start) == expected


async def of_the_worker() -> None:
    worker.OutputProducer(SETTINGS, Layout(1, 1, 1))


async def of_a_partition() -> None:
    TransactionalProducer(SETTINGS, Layout(1, 1, 1), cast(Any, PLACE))


async def of_the_bridge() -> None:
    await bridge.AtLeastOnce(BRIDGE, BrokerTime(), OTHER).open([PLACE])


async def of_the_bridges_partition() -> None:
    await bridge.ExactlyOnce(BRIDGE, BrokerTime()).open([PLACE])


async def of_the_collector() -> None:
    await collector.EventProducer(SETTINGS)._one()


async def of_the_rejects() -> None:
    rejects.Rejects(SETTINGS, CollectorMetrics())._producer()


async def of_the_sender() -> None:
    await dead_letters.Undelivered(SETTINGS).start()


async def of_the_publisher() -> None:
    await published_log.append(SETTINGS, [])


SURE = {"acks": "all", "enable_idempotence": True}
BATCH = 512 * 1024
IN_WORKER = {
    **SURE,
    "client_id": "triggers-worker",
    "max_batch_size": BATCH,
    "request_timeout_ms": 30_000,
}
IN_BRIDGE = {
    **SURE,
    "client_id": "triggers-bridge",
    "compression_type": "gzip",
    "max_batch_size": BATCH,
}
TRANSACTION = {"transaction_timeout_ms": 10_000, "retry_backoff_ms": 20}


@pytest.mark.parametrize(
    ("module", "start", "expected"),
    [
        (worker, of_the_worker, IN_WORKER),
        (
            worker,
            of_a_partition,
            {
                **IN_WORKER,
                **TRANSACTION,
                "transactional_id": f"{SETTINGS.group}-storefront.events-3",
            },
        ),
        (bridge, of_the_bridge, IN_BRIDGE),
        (
            bridge,
            of_the_bridges_partition,
            {**IN_BRIDGE, **TRANSACTION, "transactional_id": "bridge-storefront.events-3"},
        ),
        (
            collector,
            of_the_collector,
            {
                **SURE,
                "client_id": "triggers-collector",
                "compression_type": "gzip",
                "max_batch_size": BATCH,
            },
        ),
        (
            rejects,
            of_the_rejects,
            {
                "acks": "all",
                "client_id": "triggers-collector-rejects",
                "compression_type": "gzip",
                "request_timeout_ms": 10_000,
            },
        ),
        (
            dead_letters,
            of_the_sender,
            {**SURE, "client_id": "triggers-sender", "max_request_size": 2 * 1024 * 1024},
        ),
        (
            published_log,
            of_the_publisher,
            {**SURE, "client_id": "triggers-recipes", "max_request_size": 4 * 1024 * 1024},
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_producer_is_made_with(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    start: Callable[[], Awaitable[None]],
    expected: dict[str, Any],
) -> None:
    monkeypatch.setattr(module, "AIOKafkaProducer", make)
    assert options_of(start) == expected


def test_an_attempt_to_reach_a_broker_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that starts before its broker would else sleep for up to half a minute after the broker is up."""

    async def connect() -> None:
        with cluster_admin.connected(SETTINGS):
            raise AssertionError

    monkeypatch.setattr(cluster_admin, "KafkaAdminClient", make)
    assert options_of(connect) == {
        "client_id": "triggers-topics",
        "bootstrap_timeout_ms": 10_000,
        "reconnect_backoff_max_ms": 2_000,
    }
