"""A transaction that fails without a waiter logs nothing."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

from aiokafka.errors import ProducerFenced

from agents.worker.transactional_producer import TransactionalProducer


async def fenced() -> bool:
    raise ProducerFenced


async def complaints() -> list[dict[str, Any]]:
    """The errors that asyncio logs if the checkpoint is cancelled while its work fails."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    sender = TransactionalProducer.__new__(TransactionalProducer)
    sender._abandoned = asyncio.get_running_loop().create_future()
    checkpoint = asyncio.ensure_future(sender.run_until_fenced(fenced()))
    for _ in range(2):  # it has begun to wait, and the work has failed
        await asyncio.sleep(0)
    checkpoint.cancel()
    with suppress(asyncio.CancelledError):
        await checkpoint
    assert checkpoint.cancelled()
    del checkpoint
    await asyncio.sleep(0)
    gc.collect()
    return told


def test_a_failure_without_a_waiter_is_not_logged() -> None:
    """This happens to a process that was frozen: its session has ended and its producer is fenced."""
    assert asyncio.run(complaints()) == []
