"""The consumer as a member of its group."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ConsumerStoppedError, GroupAuthorizationFailedError
from faust.transport.drivers import aiokafka as driver

from agents.worker.consumer import BatchConsumer


class Thread:
    """Faust's thread. Its consumer has this coordinator, or is not started yet."""

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


def test_the_error_that_ended_the_group_membership_is_raised() -> None:
    """aiokafka raises it only on request, and Faust would wait for ever without logging it."""
    with pytest.raises(GroupAuthorizationFailedError):
        checked(Thread(Coordinator()))
    checked(Thread(None))
    checked(Thread(Coordinator(), made=False))


def test_input_is_held_before_a_revoke_is_announced() -> None:
    """Batches that are fetched during the last checkpoint belong to the next owner."""
    story = list[str]()

    class Flow:
        def suspend(self) -> None:
            story.append("suspended")

        def clear(self) -> None:
            story.append("cleared")

    class Listener:
        async def on_revoked(self, lost: bool) -> None:
            story.append(f"lost {lost}")

    class App:
        flow_control, listener = Flow(), Listener()

    class Revoked(BatchConsumer):
        member = (-1, "")

        def __init__(self) -> None:
            self.app = App()

        def stop_flow(self) -> None:
            story.append("stopped")

    async def ends(self: Any, revoked: Any) -> None:
        story.append("Faust's turn")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver.Consumer, "on_partitions_revoked", ends)
        asyncio.run(Revoked().on_partitions_revoked(set()))
    assert story == ["stopped", "suspended", "cleared", "lost True", "Faust's turn"]


class Fetching(BatchConsumer):
    """A consumer whose next fetch fails. `ended`: the error that ends the process."""

    should_stop = False

    def __init__(self, error: Exception) -> None:
        self.ended: list[BaseException] = []
        self.app = SimpleNamespace(fail=self.ended.append)
        self._error = error

    async def _wait_next_records(self, timeout: float) -> Any:
        raise self._error

    async def fetch(self) -> None:
        async with asyncio.timeout(0.01):
            _ = [each async for each in self.getmany(1.0)]


def test_an_error_of_a_fetch_ends_the_process_under_its_own_name() -> None:
    """Faust would log two tracebacks, and end with an error of its own that says nothing."""
    error = MemoryError()
    consumer = Fetching(error)
    with pytest.raises(TimeoutError):  # Faust gets nothing, and logs nothing
        asyncio.run(consumer.fetch())
    assert consumer.ended == [error]


def test_a_consumer_that_is_stopped_does_not_end_the_process() -> None:
    consumer = Fetching(ConsumerStoppedError())
    with pytest.raises(ConsumerStoppedError):
        asyncio.run(consumer.fetch())
    assert consumer.ended == []
