"""Ends a command that runs for ever: at a signal, or with the error that stopped it."""

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from agents.runtime.log import say

T = TypeVar("T")


def stop_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets. Needs the running loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class Stopped(Exception):
    """A signal to stop came before the work was done."""


async def before(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises Stopped if `stop` is set first."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        raise Stopped
    stopping.cancel()
    return working.result()


def report(log: logging.Logger, error: BaseException, known: tuple[type[Exception], ...]) -> None:
    """Logs an error with its notes and its traceback. The text is left out unless its type is `known`, because it may
    quote an event."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            report(log, each, known)
        return
    name = type(error).__name__
    # The text of aiokafka's errors begins with the name of their class.
    text = f": {str(error).removeprefix(f'{name}: ')}" if isinstance(error, known) else ""
    text += "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    where = "".join(["\n", *traceback.format_tb(error.__traceback__)]).rstrip()
    # One record, so that no other thread's line comes between the error and its traceback.
    say(log, "failed", logging.CRITICAL, error=f"{name}{text}{where}")


async def run_to_end(
    work: Callable[[asyncio.Event], Awaitable[None]],
    log: logging.Logger,
    wrong: tuple[type[Exception], ...],
    known: tuple[type[Exception], ...],
) -> NoReturn:
    """Runs a command until its work ends or a signal stops it, then ends the process.

    `work`: gets the event that a signal sets · `wrong`: errors whose text says what an operator has to set right ·
    `known`: as of `report`. Exit status 0: it ended. 1: a failure; start it again. 2: an error of `wrong`.
    """
    try:
        await work(stop_signals())
    except Stopped:
        end(0)
    except wrong as error:
        print(error, file=sys.stderr)
        end(2)
    except Exception as error:
        report(log, error, known)
        end(1)
    end(0)


def end(status: int) -> NoReturn:
    """Ends the process at once: threads of clients may wait long for a broker."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)
