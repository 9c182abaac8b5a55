"""An eraser: builds its parts and runs them.

The path of an erasure: consumer.py reads it, followed.py keeps it until it is due, passes.py looks for the person in the
states and writes what erases it, and consumer.py commits it once nothing is kept.
"""

import asyncio
import logging
from functools import partial
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from agents.eraser.consumer import ErasureConsumer
from agents.eraser.health import EraserHealth
from agents.eraser.metrics import EraserMetrics
from agents.eraser.passes import ErasurePasses
from agents.eraser.settings import EraserSettings
from agents.kafka import reconnect
from agents.kafka.topics import TopicsMissing
from agents.runtime import probes
from agents.runtime.log import say
from agents.runtime.shutdown import Stopped, before, run_to_end
from stream.store.changelog import UnreadableState

log = logging.getLogger("triggers.eraser")

METRICS: Final = "127.0.0.1:9112"
GOODBYE_S: Final = 8.5
"""Seconds for a shutdown: less than the 10 s that supervisors wait."""


async def work(settings: EraserSettings, address: tuple[str, int] | None) -> NoReturn:
    """Runs an eraser, then ends the process. The exit status is that of `run_to_end`; 2: topics are missing."""
    known = KafkaError, OSError, UnreadableState
    await run_to_end(partial(_work, settings, address), log, (TopicsMissing,), known)


async def _work(
    settings: EraserSettings, address: tuple[str, int] | None, stop: asyncio.Event
) -> None:
    """Runs until a signal stops it. Raises the error that ends it otherwise."""
    reconnect.install()
    metrics = EraserMetrics()
    passes = ErasurePasses(settings.common, metrics)
    consumer = ErasureConsumer(settings, passes, metrics)
    health = EraserHealth(consumer, metrics)
    if address:
        await probes.serve(address, health.stalled, health.unready, health.metrics)

    async def serve() -> None:
        await passes.start()
        await consumer.start()
        say(log, "started", prefix=settings.common.prefix or "-", delay_ms=settings.delay_ms)
        await consumer.run()

    try:
        await before(stop, serve())
    except Stopped:
        say(log, "stopping")
        try:
            async with asyncio.timeout(GOODBYE_S):
                await consumer.stop()
                await passes.stop()
        except TimeoutError:
            say(log, "stopped_early", logging.WARNING)
        say(log, "stopped")
