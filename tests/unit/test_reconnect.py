"""Clients that are started while no broker answers, or while one is restarting."""

import asyncio
import time

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError

from agents.kafka import reconnect


@pytest.fixture(autouse=True)
def aiokafka_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with aiokafka's own methods: a worker in the same process may have replaced them."""
    monkeypatch.setattr(reconnect, "RETRY_S", 0.0)
    monkeypatch.setattr(AIOKafkaClient, "coordinator_lookup", reconnect._coordinator_lookup)
    monkeypatch.setattr(AIOKafkaClient, "_get_conn", reconnect._get_conn)


class Client:
    """Answers from the third call on."""

    def __init__(self) -> None:
        self.asked = 0

    async def start(self) -> None:
        self.asked += 1
        if self.asked < 3:
            raise KafkaConnectionError("nobody is there")


def test_a_client_is_started_again_until_a_broker_answers() -> None:
    client = Client()
    assert asyncio.run(reconnect.start_when_available(client.start, lambda: True))
    assert client.asked == 3


def test_a_client_is_not_started_again_once_it_is_not_wanted() -> None:
    client = Client()
    assert not asyncio.run(reconnect.start_when_available(client.start, lambda: client.asked < 2))
    assert client.asked == 2


def test_a_permanent_fault_is_not_retried() -> None:
    async def start() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(reconnect.start_when_available(start, lambda: True))


async def lookup() -> None:
    await AIOKafkaClient(bootstrap_servers=["localhost:1"]).coordinator_lookup(1, "an id")


def test_metadata_without_any_broker_is_requested_again() -> None:
    """aiokafka fails an assertion there, which would end the process."""
    with pytest.raises(AssertionError):
        asyncio.run(lookup())
    reconnect.install()
    with pytest.raises(NodeNotReadyError) as raised:
        asyncio.run(lookup())
    assert raised.value.retriable


def test_a_connection_lost_during_a_request_is_a_temporary_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiokafka's producers would treat it as permanent, and never send again."""

    async def broken(*_: object) -> int:
        raise KafkaConnectionError("it broke")

    monkeypatch.setattr(AIOKafkaClient, "get_random_node", lambda _: 1)
    monkeypatch.setattr(AIOKafkaClient, "send", broken)
    reconnect.install()
    with pytest.raises(NodeNotReadyError, match="it broke"):
        asyncio.run(lookup())


def test_a_broker_that_is_down_is_asked_only_after_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> float:
        client = AIOKafkaClient(bootstrap_servers=["localhost:1"])
        began = time.monotonic()
        assert not await client.ready(1)
        return time.monotonic() - began

    reconnect.install()
    assert asyncio.run(asked()) >= reconnect.RECONNECT_S


def test_the_coordinator_that_a_broker_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(client: AIOKafkaClient, *args: object) -> int:
        return 7

    monkeypatch.setattr(reconnect, "_coordinator_lookup", found)
    monkeypatch.setattr(AIOKafkaClient, "get_random_node", lambda _: 1)
    reconnect.install()

    async def test() -> int:
        client = AIOKafkaClient(bootstrap_servers=["localhost:1"])
        return int(await client.coordinator_lookup(1, "an id"))

    assert asyncio.run(test()) == 7
