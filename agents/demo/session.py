"""The topics of a scenario of the demo, and the records read from them."""

import asyncio
import dataclasses
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from threading import Event
from typing import Any, Final

from kafka import KafkaProducer
from rich.console import Console

from agents.config.recipes import read
from agents.config.settings import Settings, Time, kafka_python_options
from agents.demo.results import Results
from agents.demo.terminal import DECISIONS, Terminal
from agents.demo.watch import Seen, watch
from agents.demo.workers import WorkerProcesses
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS
from agents.worker.producer import AUDIENCES
from stream.outputs.triggers import FIRED
from stream.recipes.recipe import Recipes

CATCH_UP_S: Final = 60.0
SETTLE_S: Final = 1.0
"""Seconds after the last expected record in which no other may come."""


class DemoFailed(Exception):
    """A promise of the demo did not hold."""


class DemoSession:
    """The topics of one scenario, and the records read from them.

    `delays`: ms from the record of an exit signal to that of its trigger, by the broker's times · `waits`: ms from giving
    the signal to the producer until the trigger was read, by this machine's clock.
    """

    def __init__(self, settings: Settings, scenario: str, mode: Time, console: Console) -> None:
        self.name, prefix = scenario, f"{settings.prefix}demo.{scenario}."
        self.settings = dataclasses.replace(
            settings, prefix=prefix, time=mode, group=f"{prefix}triggers", instance_id=None
        )
        self.recipes: Recipes = read(settings.recipes)
        self.console = console
        self.triggers: set[bytes] = set()
        self.decisions: set[bytes] = set()
        self.changes: set[bytes] = set()
        self.weight: Counter[str] = Counter()
        self.handed_over: dict[str, float] = {}
        self.delays: list[int] = []
        self.waits: list[int] = []
        self.outcomes: Counter[str] = Counter()
        self.sent = 0

    def results(self) -> Results:
        return Results(*map(frozenset, (self.triggers, self.decisions, self.changes)))

    def environ(self) -> Mapping[str, str]:
        """The environment variables of this scenario's workers, besides those of the demo."""
        recipes = {"TRIGGERS_RECIPES": str(self.settings.recipes)} if self.settings.recipes else {}
        return recipes | {
            "TRIGGERS_KAFKA": ",".join(self.settings.require_kafka()),
            "TRIGGERS_PREFIX": self.settings.prefix,
            "TRIGGERS_TIME": self.settings.time,
            "TRIGGERS_GROUP": self.settings.group,
            "TRIGGERS_INSTANCE_ID": "",
        }

    def make_topics(self) -> None:
        """Creates the topics. Raises TopicsError, KafkaError."""
        with cluster_admin.connected(self.settings) as admin:
            cluster_admin.create(admin, self.settings, self.recipes.names)

    def drop_topics(self) -> None:
        """Deletes the topics that the demo made on somebody's cluster."""
        with cluster_admin.connected(self.settings) as admin:
            own = [name for name in admin.list_topics() if name.startswith(self.settings.prefix)]
            if own:
                admin.delete_topics(own)

    def take(self, seen: Seen) -> None:
        if seen.topic == EVENTS:
            if seen.key:
                self.weight[seen.key.decode(errors="replace")] += 1
        elif seen.topic == DECISIONS:
            self.decisions.add(seen.value)
        elif seen.topic == AUDIENCES:
            self.changes.add(seen.value)
        elif seen.value not in self.triggers:
            self.triggers.add(seen.value)
            self._time(json.loads(seen.value), seen)

    def _time(self, trigger: Mapping[str, Any], seen: Seen) -> None:
        data = trigger["data"]
        if trigger["type"] != FIRED or "score" not in data["why"]:
            return
        self.delays.append(seen.t - data["not_before"])
        begin = self.handed_over.get(data["evidence"][-1]) if data["evidence"] else None
        if begin is not None:
            self.waits.append(int(seen.wall - begin))

    @asynccontextmanager
    async def watched(self, title: str) -> AsyncIterator[None]:
        """Reads and shows all records while the block runs. Raises aiokafka's KafkaError."""
        reading = asyncio.Event()
        read = [EVENTS, DECISIONS, AUDIENCES, *(f"triggers.{name}" for name in self.recipes.names)]
        with Terminal(self.console, title) as terminal:

            def show(seen: Seen) -> None:
                self.take(seen)
                terminal.show(seen)

            watching = asyncio.create_task(watch(self.settings, read, show, reading.set))
            try:
                await asyncio.wait(
                    (watching, asyncio.create_task(reading.wait())),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if watching.done():
                    watching.result()
                yield
                if watching.done():
                    watching.result()
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    async def send(self, play: Callable[[KafkaProducer, Event], int]) -> None:
        """Runs `play` in a thread, and stops it if this call is cancelled."""
        stop = Event()
        producer = KafkaProducer(acks="all", linger_ms=5, **kafka_python_options(self.settings))
        try:
            self.sent += await asyncio.to_thread(play, producer, stop)
        finally:
            stop.set()
            producer.close()

    async def until(self, complete: Callable[[], bool], workers: WorkerProcesses) -> None:
        """Waits until all expected records have come. Raises DemoFailed, WorkerFailed."""
        limit = time.monotonic() + CATCH_UP_S
        while not complete():
            workers.check()
            if time.monotonic() > limit:
                raise DemoFailed(
                    f"after {CATCH_UP_S:.0f} s there are {len(self.triggers)} triggers and "
                    f"{len(self.decisions)} decisions, and something is missing"
                )
            await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_S)
