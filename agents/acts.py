"""The two acts of the demo: a simulated day in replay, and live traffic. Each has topics of its own.

Nothing is decided or checked here in another way than a user could: workers are processes, topics are
read from outside, and the backtest is the command.
"""

import asyncio
import dataclasses
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any, Final

from kafka import KafkaProducer
from rich.console import Console

from agents import shoppers, simulate, topics
from agents.crew import Crew
from agents.feed import DECISIONS, Feed
from agents.recipes import read
from agents.replay import records
from agents.rubbish import Record
from agents.settings import Settings, Time, kafka_python_options
from agents.takings import Takings
from agents.topic_list import EVENTS
from agents.watching import Seen, watch
from stream.durations import DAY
from stream.recipe import Recipes
from stream.triggers import FIRED

FIRST_DAY: Final = 1_767_571_200_000
"""Mon 5 Jan 2026 00:00 UTC."""

CATCH_UP_S: Final = 60.0
SETTLE_S: Final = 1.0
"""After the last thing that must come: so long nothing more may come."""


class DemoFailed(Exception):
    """Something that the demo promises did not hold."""


class Stage:
    """The topics of one act, and all that was seen on them.

    `delays`: of fired exit triggers, ms from the signal's record to the trigger's, by the broker's
    times; `waits`: from handing the signal to the producer until the trigger was read, by one clock.
    """

    def __init__(self, settings: Settings, act: str, mode: Time, console: Console) -> None:
        prefix = f"{settings.prefix}demo.{act}."
        self.settings = dataclasses.replace(
            settings, prefix=prefix, time=mode, group=f"{prefix}triggers", instance_id=None
        )
        self.recipes: Recipes = read(settings.recipes)
        self.console = console
        self.triggers: set[bytes] = set()
        self.decisions: set[bytes] = set()
        self.weight: Counter[str] = Counter()
        self.handed_over: dict[str, float] = {}
        self.delays: list[int] = []
        self.waits: list[int] = []
        self.fates: Counter[str] = Counter()
        self.sent = 0

    def takings(self) -> Takings:
        return Takings(frozenset(self.triggers), frozenset(self.decisions))

    def environ(self) -> Mapping[str, str]:
        """What workers of this act are told, over the environment of the demo."""
        return {
            "TRIGGERS_KAFKA": ",".join(self.settings.require_kafka()),
            "TRIGGERS_PREFIX": self.settings.prefix,
            "TRIGGERS_TIME": self.settings.time,
            "TRIGGERS_GROUP": self.settings.group,
            "TRIGGERS_INSTANCE_ID": "",
        }

    def make_topics(self) -> None:
        """Raises TopicsError, KafkaError."""
        with topics.connected(self.settings) as admin:
            topics.create(admin, self.settings, self.recipes.names)

    def drop_topics(self) -> None:
        """What the demo made on somebody's cluster goes with it."""
        with topics.connected(self.settings) as admin:
            own = [name for name in admin.list_topics() if name.startswith(self.settings.prefix)]
            if own:
                admin.delete_topics(own)

    def take(self, seen: Seen) -> None:
        if seen.topic == EVENTS:
            if seen.key:
                self.weight[seen.key.decode(errors="replace")] += 1
        elif seen.topic == DECISIONS:
            self.decisions.add(seen.value)
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
        """Shows and takes all that comes while the block runs. Raises aiokafka's KafkaError."""
        reading = asyncio.Event()
        read = [EVENTS, DECISIONS, *(f"triggers.{name}" for name in self.recipes.names)]
        with Feed(self.console, title) as feed:

            def show(seen: Seen) -> None:
                self.take(seen)
                feed.show(seen)

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
        """Lets `play` send in a thread; it is told to stop when this ends early."""
        stop = Event()
        producer = KafkaProducer(acks="all", linger_ms=5, **kafka_python_options(self.settings))
        try:
            self.sent += await asyncio.to_thread(play, producer, stop)
        finally:
            stop.set()
            producer.close()

    async def until(self, complete: Callable[[], bool], crew: Crew) -> None:
        """Waits until all is there that must come. Raises DemoFailed, WorkerFailed."""
        limit = time.monotonic() + CATCH_UP_S
        while not complete():
            crew.check()
            if time.monotonic() > limit:
                raise DemoFailed(
                    f"after {CATCH_UP_S:.0f} s there are {len(self.triggers)} triggers and "
                    f"{len(self.decisions)} decisions, and something is missing"
                )
            await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_S)


async def replay(stage: Stage, folder: Path, visitors: int, seed: int, seconds: float) -> Takings:
    """A day in so many seconds, and what follows from it in the 8 days after.

    Returns what a backtest of the same file decides, for comparison.
    """
    file = folder / "events.jsonl"
    traffic = shoppers.day(seed, visitors, FIRST_DAY, DAY)
    with file.open("wb") as out:
        out.writelines(simulate.lines(traffic))
    stage.make_topics()
    with Crew(2, stage.environ(), folder) as crew:
        expected = await backtest(file, stage.settings.recipes, folder / "backtest")
        crew.wait()
        async with stage.watched("replay"):
            await stage.send(lambda producer, stop: _play(producer, stop, stage, file, seconds))
            await stage.until(lambda: stage.takings() >= expected, crew)
        stage.fates = crew.counted("triggers_events", "fate")
    return expected


async def backtest(file: Path, recipes: Path | None, out: Path) -> Takings:
    """The command, as anybody would call it. Raises DemoFailed."""
    options = ["--recipes", str(recipes)] if recipes else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agents", "backtest", str(file), "--out", str(out), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise DemoFailed(f"backtest ended with {process.returncode}:\n{said.decode()}")
    triggers, decisions = (out / f"{name}.jsonl" for name in ("triggers", "decisions"))
    return Takings(
        frozenset(triggers.read_bytes().splitlines()),
        frozenset(decisions.read_bytes().splitlines()),
    )


def _play(producer: KafkaProducer, stop: Event, stage: Stage, file: Path, seconds: float) -> int:
    """Sends the file as `load` does, spread over so many seconds."""
    topic, begin, sent = stage.settings.topic(EVENTS), time.monotonic(), 0
    partitions = len(producer.partitions_for(topic))
    for record in records(file.read_bytes().splitlines(), partitions):
        share = min((record.time - FIRST_DAY) / DAY, 1.0)
        stop.wait(max(0.0, begin + share * seconds - time.monotonic()))
        if stop.is_set():
            break
        producer.send(topic, record.value, record.key, partition=record.partition,
                      timestamp_ms=record.time)  # fmt: skip
        sent += 1
    producer.flush()
    return sent


async def live(stage: Stage, folder: Path, rate: float, seed: int, seconds: float) -> None:
    """A full shop for so many seconds, in real time."""
    traffic = simulate.current(shoppers.hour(seed, rate, seconds))
    stage.make_topics()
    with Crew(2, stage.environ(), folder) as crew:
        crew.wait()
        async with stage.watched("live"):
            await stage.send(
                lambda producer, stop: simulate.send(
                    producer,
                    stage.settings.topic(EVENTS),
                    _noted(traffic, stage.handed_over, stop),
                    rate,
                    seconds,
                )
            )
            await stage.until(lambda: _applied(crew) >= stage.sent, crew)
        stage.fates = crew.counted("triggers_events", "fate")


def _applied(crew: Crew) -> int:
    return crew.counted("triggers_events", "fate").total()


def _noted(
    traffic: Iterable[Record], handed_over: dict[str, float], stop: Event
) -> Iterator[Record]:
    """The traffic; when each event is handed over is noted (ms by this machine's clock)."""
    for record in traffic:
        if stop.is_set():
            return
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            handed_over[record["id"]] = time.time() * 1000
        yield record
