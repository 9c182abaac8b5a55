"""Clients that are started while no broker answers, or one that is only just coming back; and what ends them."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, NodeNotReadyError
from faust.types import TP, Message

from agents import connections, ownership
from agents.consumer import BatchConsumer
from agents.metrics import Metrics
from agents.ownership import Ownership
from agents.settings import Settings
from agents.shard import Shard

TP_0 = TP("storefront.events", 0)


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(connections, "PATIENCE_S", 0.0)
    names = ("coordinator_lookup", "_get_conn")
    before = [(name, getattr(AIOKafkaClient, name)) for name in names]
    yield
    for name, own in before:
        setattr(AIOKafkaClient, name, own)


class Client:
    """Answers from the third time on."""

    def __init__(self) -> None:
        self.asked = 0

    async def start(self) -> None:
        self.asked += 1
        if self.asked < 3:
            raise KafkaConnectionError("nobody is there")


def test_a_client_is_started_again_until_a_broker_answers() -> None:
    client = Client()
    assert asyncio.run(connections.started(client.start, lambda: True))
    assert client.asked == 3


def test_a_client_is_not_started_again_once_nobody_wants_it() -> None:
    client = Client()
    assert not asyncio.run(connections.started(client.start, lambda: client.asked < 2))
    assert client.asked == 2


def test_a_fault_that_does_not_pass_is_not_tried_again() -> None:
    async def start() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(connections.started(start, lambda: True))


async def lookup() -> None:
    await AIOKafkaClient(bootstrap_servers=["localhost:1"]).coordinator_lookup(1, "an id")


def test_a_broker_that_names_no_broker_is_asked_again() -> None:
    """aiokafka's own word for it is an assertion, which would end the process."""
    with pytest.raises(AssertionError):
        asyncio.run(lookup())
    connections.install()
    with pytest.raises(NodeNotReadyError) as raised:
        asyncio.run(lookup())
    assert raised.value.retriable


def test_a_connection_that_breaks_under_the_question_is_an_error_that_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiokafka's producers would take it for one that does not, and never send again."""

    async def broken(*_: object) -> int:
        raise KafkaConnectionError("it broke")

    monkeypatch.setattr(AIOKafkaClient, "get_random_node", lambda _: 1)
    monkeypatch.setattr(AIOKafkaClient, "send", broken)
    connections.install()
    with pytest.raises(NodeNotReadyError, match="it broke"):
        asyncio.run(lookup())


def test_a_broker_that_is_away_is_not_asked_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> float:
        client = AIOKafkaClient(bootstrap_servers=["localhost:1"])
        began = time.monotonic()
        assert not await client.ready(1)
        return time.monotonic() - began

    connections.install()
    assert asyncio.run(asked()) >= connections.AGAIN_S


class Failing:
    """A shard that fails while it applies."""

    def __init__(self, meanwhile: Any) -> None:
        self._meanwhile = meanwhile

    async def take(self, batches: object) -> None:
        self._meanwhile()
        raise KafkaConnectionError("closed")


async def taken(drop: bool) -> BaseException | None:
    """How the process fails after input whose shard fails, having been given up meanwhile or not."""
    unused = cast(Any, None)
    owner = Ownership(Settings(), unused, unused, unused, Metrics(("cart_abandonment",)))
    owner.shards[TP_0] = cast(Shard, Failing(owner.shards.clear if drop else lambda: None))
    owner.flowing = True
    taking = asyncio.ensure_future(owner.take(cast(Message, Fetched())))
    await asyncio.wait((taking,), timeout=0.1)
    assert taking.done() == drop
    taking.cancel()
    return owner.failed.exception() if owner.failed.done() else None


class Fetched:
    tp = TP_0
    value: tuple[()] = ()


def test_what_fails_of_a_partition_that_was_given_up_meanwhile_ends_nothing() -> None:
    """Its producer was stopped under it; its next owner reads the same input again."""
    assert asyncio.run(taken(drop=True)) is None


def test_what_fails_of_a_partition_that_is_owned_ends_the_process() -> None:
    assert isinstance(asyncio.run(taken(drop=False)), KafkaConnectionError)


class Thread:
    """Faust's thread, whose consumer has such a coordinator, or is not started yet."""

    def __init__(self, coordinator: Any, made: bool = True) -> None:
        self._consumer = self if made else None
        self._coordinator = coordinator

    def _ensure_consumer(self) -> Any:
        return self

    async def call_thread(self, ask: Any) -> None:
        await ask()


class Coordinator:
    def check_errors(self) -> None:
        raise GroupAuthorizationFailedError("triggers")


def checked(thread: Thread) -> None:
    consumer = BatchConsumer.__new__(BatchConsumer)
    consumer._thread = thread
    asyncio.run(consumer.check())


def test_what_has_ended_the_part_in_the_group_is_asked_for() -> None:
    """aiokafka keeps it until somebody asks, and Faust would wait for ever, without a word."""
    with pytest.raises(GroupAuthorizationFailedError):
        checked(Thread(Coordinator()))
    checked(Thread(None))
    checked(Thread(Coordinator(), made=False))


class Opening:
    """A shard whose former owner's transaction does not end."""

    async def open(self, wanted: Any) -> bool:
        await asyncio.Future()
        return True


def test_partitions_that_cannot_be_opened_are_let_go_when_they_are_another_workers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Until then the log says what is waited for."""
    monkeypatch.setattr(ownership, "PATIENCE_S", 0.01)
    monkeypatch.setattr(ownership, "OPENING_S", 0.0)
    asked = iter([True, True, False])
    shards = [cast(Shard, Opening())]
    assert not asyncio.run(ownership.opened_all(shards, lambda: next(asked)))
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["former_transactions_do_not_end partitions=1"] * 2
