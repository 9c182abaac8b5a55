"""How a command that runs for ever ends: when it is told to, or with what made going on impossible."""

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from agents.runtime.log import say

T = TypeVar("T")


def stop_signals() -> asyncio.Event:
    """Set once the process is told to stop, by SIGTERM or SIGINT. Needs the running loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class Stopped(Exception):
    """A signal to end came first."""


async def before(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises Stopped if it is to stop before there is one."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        raise Stopped
    stopping.cancel()
    return working.result()


def report(log: logging.Logger, error: BaseException, known: tuple[type[Exception], ...]) -> None:
    """What happened and where. The words of an error that is not known may quote an event."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            report(log, each, known)
        return
    told = f": {error}" if isinstance(error, known) else ""
    where = "".join(["\n", *traceback.format_tb(error.__traceback__)]).rstrip()
    # one record, so that no other thread's line stands between what happened and where
    say(log, "failed", logging.CRITICAL, error=f"{type(error).__name__}{told}{where}")


def end(status: int) -> NoReturn:
    """At once: threads of clients may wait for a broker for long."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)
