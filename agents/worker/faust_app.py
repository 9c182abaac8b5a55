"""The Faust app: an agent for each stage in one consumer group, without tables, web server or created topics.

Faust handles group membership, and the subscription to the topics of the agents. The checkpoint makes outputs, state
and offsets durable. The processors keep positions and state. Code starts the app, because Faust's command line would
open a web server.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import faust
from faust.sensors import Monitor
from faust.tables import TableManager
from faust.types import TP, StreamT
from faust.types.auth import SASLMechanism
from mode import Service

from agents.config.settings import Settings
from agents.kafka import raw_batches
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import EVENTS, FACTS
from agents.worker import consumer
from agents.worker.assignment import Assignment
from agents.worker.group import RebalanceListener
from agents.worker.processors import STAGES
from stream.stages import people_backend
from stream.stages.backend import COMPILED

HEARTBEATS: Final = 5
"""Heartbeats in a session timeout. Fewer: a lost one costs a rebalance. More: needless requests."""

LARGEST_FETCH: Final = 2 * 1024 * 1024
"""Bytes of one partition in a fetch. At most this much is applied before other partitions take their turn."""

REQUEST_S: Final = 30.0


class NoTables(TableManager):
    """A table manager without Faust's wait of a second for tables at the start. There are none."""

    async def sleep(self, n: Any) -> None:
        await asyncio.sleep(0)


class Unsampled(Monitor):
    """A monitor that does not compute Faust's averages every second. Nothing reads them."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _sampler(self) -> None:
        pass


class App(faust.App):
    """The app. `listener`: the consumer calls it in a rebalance.

    `take`: applies fetched batches.
    `fail`: ends the process with an error.
    `gather_s`: how long (s) the broker gathers records for the next answer, after a fetch that returned some.
    `fetch`: sends a fetch request to a broker, by node id, in the event loop that processes.
    """

    listener: RebalanceListener
    take: Callable[[Mapping[TP, Sequence[RawBatch]]], Awaitable[None]]
    fail: Callable[[BaseException], None]
    gather_s: float
    fetch: Callable[[int, Any], Awaitable[Any]]

    def _create_directories(self) -> None:
        """Creates nothing on disk, so a read-only file system is enough."""


def make(settings: Settings) -> App:
    """Makes the app without agents. `connect` adds them."""
    consumer.install()
    if COMPILED and settings.compiled:
        blocks = EVENTS, *(stage.changelog for stage in STAGES)
        raw_batches.as_blocks.update(map(settings.topic, blocks))
        if people_backend.COMPILED:
            raw_batches.as_blocks.add(settings.topic(FACTS))
    app = App(
        settings.group,
        broker=";".join(f"kafka://{broker}" for broker in settings.require_kafka()),
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_ms / 1000,
        broker_heartbeat_interval=settings.session_ms / 1000 / HEARTBEATS,
        broker_rebalance_timeout=max(60.0, settings.session_ms / 1000),
        broker_request_timeout=max(REQUEST_S, settings.session_ms / 1000 + 5),
        broker_client_id="triggers-worker",
        broker_commit_interval=3600.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        consumer_max_fetch_size=LARGEST_FETCH,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        TableManager=NoTables,
        Monitor=Unsampled,
        store="memory://",
        web_enabled=False,
        reply_create_topic=False,
    )
    app.gather_s = settings.latency_ms / 1000
    return app


def connect(
    app: App,
    settings: Settings,
    assignment: Assignment,
    listener: RebalanceListener,
    fetch: Callable[[int, Any], Awaitable[Any]],
) -> None:
    """Adds an agent for each stage, so that Faust subscribes to its topic, and connects the rebalance listener."""
    app.listener = listener
    app.take = assignment.take
    app.fail = assignment.fail
    app.fetch = fetch

    async def assigned(*args: Any, **kwargs: Any) -> None:
        await listener.on_assigned()

    app.on_rebalance_complete.connect(assigned, weak=False)

    async def unused(stream: StreamT[Any]) -> None:
        """Receives nothing: the consumer passes the input to the assignment."""
        async for _ in stream.noack():
            pass

    for stage in STAGES:
        topic = app.topic(settings.topic(stage.input), acks=False)
        app.agent(topic, name=stage.name)(unused)


def _credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    security = settings.security
    context = None
    if security.protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=security.cafile)
    if security.protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=security.user,
            password=security.password,
            mechanism=SASLMechanism(security.mechanism),
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context else None
