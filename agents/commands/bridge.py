"""The command `bridge`: turns records of sources' topics into events, until it is stopped. docs/bridge.md.

The path of a record: agents/bridge/consumer.py fetches it, chunks.py translates it and puts it into a chunk, and
producers.py writes the chunk with its offsets.
"""

import argparse
import asyncio
import logging
import sys
from functools import partial
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from agents.bridge.consumer import BridgeConsumer, Stuck
from agents.bridge.health import BridgeHealth
from agents.bridge.metrics import BridgeMetrics
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.settings import BridgeSettings
from agents.config.common import add_metrics
from agents.config.settings import SettingsError
from agents.kafka.topics import TopicsMissing
from agents.runtime import probes
from agents.runtime.log import configure, say
from agents.runtime.shutdown import Stopped, before, run_to_end

log = logging.getLogger("triggers.bridge")

METRICS: Final = "127.0.0.1:9111"
GOODBYE_S: Final = 8.5
"""Seconds for a shutdown: less than the 10 s that supervisors wait."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_metrics(parser, METRICS)


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal. 1: a failure; start it again. 2: wrong settings or sources, or topics missing."""
    configure()
    try:
        settings = BridgeSettings.read()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(work(settings, args.metrics))
    return 0


async def work(settings: BridgeSettings, address: tuple[str, int] | None) -> NoReturn:
    """Runs the bridge, then ends the process."""
    known = KafkaError, OSError, Stuck
    await run_to_end(partial(_work, settings, address), log, (TopicsMissing,), known)


async def _work(
    settings: BridgeSettings, address: tuple[str, int] | None, stop: asyncio.Event
) -> None:
    """Runs until a signal stops it. Raises the error that ends it otherwise."""
    schemas, metrics = SchemaRegistry(settings.registry), BridgeMetrics()
    consumer = BridgeConsumer(settings, schemas, metrics)
    health = BridgeHealth(settings, consumer, schemas, metrics)
    if address:
        await probes.serve(address, health.stalled, health.unready, health.metrics)

    async def serve() -> None:
        await consumer.start()
        say(
            log,
            "started",
            prefix=settings.common.prefix or "-",
            topics=len(settings.topics),
            delivery=settings.common.delivery,
        )
        await consumer.run()

    try:
        await before(stop, serve())
    except Stopped:
        say(log, "stopping")
        try:
            async with asyncio.timeout(GOODBYE_S):
                await consumer.stop()
                await schemas.stop()
        except TimeoutError:
            say(log, "stopped_early", logging.WARNING)
        say(log, "stopped")
