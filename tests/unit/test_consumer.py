"""The consumer's place in its group."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from agents.worker.consumer import BatchConsumer


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
