"""The command `sender`: sends triggers to a webhook, until it is stopped.

The path of a trigger, in agents/sender: consumer.py reads it, assignment.py and key_queues.py put it into the queue of
its person, delivery.py sends it to the endpoint, idempotency.py keeps a record of it. cancellations.py knows whether a
later record cancels it.
"""

import argparse
import asyncio
import logging
import sqlite3
import sys
import uuid
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from agents.config.common import add_metrics
from agents.config.recipes import read
from agents.config.settings import SettingsError
from agents.kafka.topics import TopicsMissing
from agents.runtime import probes
from agents.runtime.log import configure, say
from agents.runtime.shutdown import Stopped, before, run_to_end
from agents.sender.cancellations import CancellationIndex
from agents.sender.clock import Clock
from agents.sender.consumer import TriggerConsumer
from agents.sender.dead_letters import Undelivered
from agents.sender.delivery import TriggerDelivery
from agents.sender.erasing import ErasedPeople
from agents.sender.health import SenderHealth
from agents.sender.idempotency_redis import RedisIdempotency
from agents.sender.idempotency_sqlite import OtherGroup, SqliteIdempotency
from agents.sender.metrics import Metrics
from agents.sender.published_names import PublishedNames
from agents.sender.settings import SenderSettings
from agents.sender.webhook import Endpoint
from stream.recipes_file import RecipesError

log = logging.getLogger("triggers.sender")

METRICS: Final = "127.0.0.1:9109"
GOODBYE_S: Final = 8.5
"""Seconds for a shutdown: less than the 10 s that supervisors wait."""

LEASE_MORE_MS: Final = 5_000
"""Ms by which a reservation is longer than the time-out of its request."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_metrics(parser, METRICS)


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal. 1: a failure; start it again. 2: wrong settings or recipes, or topics missing."""
    configure()
    try:
        settings = SenderSettings.read()
        recipes = _recipes(settings)
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(work(settings, recipes, args.metrics))
    return 0


def _recipes(settings: SenderSettings) -> dict[str, str]:
    """The recipe for each topic to read. Raises SettingsError, RecipesError, OSError."""
    names = read(settings.common.recipes).names
    if unknown := [name for name in settings.recipes if name not in names]:
        raise SettingsError(
            f"TRIGGERS_SENDER_RECIPES: expected names of recipes, got {', '.join(unknown)}"
        )
    chosen = settings.recipes or names
    return {settings.common.topic(f"triggers.{name}"): name for name in chosen}


async def work(
    settings: SenderSettings, recipes: dict[str, str], address: tuple[str, int] | None
) -> NoReturn:
    """Runs the sender, then ends the process."""

    async def serve(stop: asyncio.Event) -> None:
        await Sender(settings, recipes).run(stop, address)

    wrong, known = (TopicsMissing, OtherGroup), (KafkaError, OSError, sqlite3.Error)
    await run_to_end(serve, log, wrong, known)


class Sender:
    """Builds the parts of a sender and runs them."""

    def __init__(self, settings: SenderSettings, recipes: dict[str, str]) -> None:
        self._settings, common = settings, settings.common
        lease, owner = settings.timeout_ms + LEASE_MORE_MS, uuid.uuid4().hex
        file, clock, metrics = (
            SqliteIdempotency(settings.idempotency, settings.group, owner, lease),
            Clock(),
            Metrics(),
        )
        self._redis: RedisIdempotency | None = None
        if common.redis:
            self._redis = RedisIdempotency(common.redis, settings.group, owner, lease, file)
        self._erased = ErasedPeople(common, self._redis or file)
        self._delivery = TriggerDelivery(
            settings,
            clock,
            CancellationIndex(common, clock),
            Endpoint(settings, metrics),
            self._redis or file,
            Undelivered(common),
            metrics,
            asyncio.Semaphore(settings.requests),
            self._erased,
        )
        self._consumer = TriggerConsumer(settings, self._delivery, recipes)
        self._names = PublishedNames(common, self._consumer)

    async def run(self, stop: asyncio.Event, address: tuple[str, int] | None) -> None:
        """Runs until a signal stops it. Raises the error that ends it otherwise."""
        exposed = SenderHealth(self._consumer, self._delivery)
        if address:
            await probes.serve(address, exposed.stalled, exposed.unready, exposed.metrics)
        try:
            await before(stop, self._serve())
        except Stopped:
            say(log, "stopping")
            try:
                async with asyncio.timeout(GOODBYE_S):
                    await self._stop()
            except TimeoutError:
                say(log, "stopped_early", logging.WARNING)
            say(log, "stopped")

    async def _serve(self) -> None:
        delivery = self._delivery
        await delivery.idempotency.open()
        await delivery.endpoint.start()
        await delivery.cancellations.start()
        await delivery.undelivered.start()
        await self._consumer.start()
        where = "redis" if self._redis else "file"
        say(log, "started", prefix=self._settings.common.prefix or "-", store=where)
        async with asyncio.TaskGroup() as tasks:
            if self._redis:
                tasks.create_task(self._redis.tend())
            tasks.create_task(self._erased.run())
            tasks.create_task(self._consumer.run())
            if not self._settings.recipes:
                tasks.create_task(self._names.run())

    async def _stop(self) -> None:
        """Ends the consumer first: open requests still need the endpoint and the idempotency records."""
        await self._consumer.stop()
        await self._delivery.undelivered.stop()
        await self._delivery.cancellations.stop()
        await self._delivery.endpoint.stop()
        await self._delivery.idempotency.close()
