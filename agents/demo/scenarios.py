"""The scenarios of the demo: a simulated day and a year of customers' lives in replay, and live traffic.

Each has its own topics. The demo does only what a user can do: it starts worker processes, reads topics as a client, and
runs the command `backtest`.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

from kafka import KafkaProducer

from agents.demo.results import Results
from agents.demo.session import DemoFailed, DemoSession
from agents.demo.workers import WorkerProcesses
from agents.kafka.topics import EVENTS
from agents.replay.records import records
from agents.simulator import publish
from agents.simulator import traffic as shoppers
from agents.simulator.faults import Record
from stream.durations import DAY

FIRST_DAY: Final = 1_767_571_200_000
"""Mon 5 Jan 2026 00:00 UTC."""


LIVES: Final = Path(__file__).parent / "lives.yaml"
"""The recipes of the years."""
FIRST_YEAR: Final = FIRST_DAY - 730 * DAY
YEAR: Final = 365 * DAY


async def replay(
    session: DemoSession, folder: Path, visitors: int, seed: int, seconds: float
) -> Results:
    """Plays a day of traffic in `seconds` seconds, and the 8 days after it.

    Returns the results of a backtest of the same file, for comparison.
    """
    traffic = shoppers.day(seed, visitors, FIRST_DAY, DAY)
    return await _replayed(session, folder, traffic, Stretch(FIRST_DAY, DAY, seconds))


async def years(
    session: DemoSession, folder: Path, customers: int, seed: int, seconds: float
) -> Results:
    """Plays a year of customers' lives in `seconds` seconds. Returns as `replay` does."""
    traffic = shoppers.years(seed, customers, FIRST_YEAR, YEAR)
    return await _replayed(session, folder, traffic, Stretch(FIRST_YEAR, YEAR, seconds))


class Stretch(NamedTuple):
    """A part of a file: `length` ms from `begin` (ms) on are played in `seconds`."""

    begin: int
    length: int
    seconds: float


async def _replayed(
    session: DemoSession, folder: Path, traffic: Iterable[tuple[int, Record]], over: Stretch
) -> Results:
    name = session.name
    file = folder / f"{name}.jsonl"
    with file.open("wb") as out:
        out.writelines(publish.lines(traffic))
    session.make_topics()
    with WorkerProcesses(2, session.environ(), folder) as workers:
        expected = await backtest(file, session.settings.recipes, folder / f"{name}-backtest")
        workers.wait()
        async with session.watched(name):
            await session.send(lambda producer, stop: _play(producer, stop, session, file, over))
            await session.until(lambda: session.results().holds(expected), workers)
        session.outcomes = workers.counted("triggers_events", "outcome")
    return expected


async def backtest(file: Path, recipes: Path | None, out: Path) -> Results:
    """Runs the command as a user would. Raises DemoFailed."""
    options = ["--recipes", str(recipes)] if recipes else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agents", "backtest", str(file), "--out", str(out), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise DemoFailed(f"backtest ended with {process.returncode}:\n{output.decode()}")
    names = ("triggers", "decisions", "audiences")
    rows = [(out / f"{name}.jsonl").read_bytes().splitlines() for name in names]
    return Results(*map(frozenset, rows))


def _play(
    producer: KafkaProducer, stop: Event, session: DemoSession, file: Path, over: Stretch
) -> int:
    """Sends the file as `load` does, spread over the seconds of the stretch."""
    topic, begin, sent = session.settings.topic(EVENTS), time.monotonic(), 0
    partitions = len(producer.partitions_for(topic))
    for record in records(file.read_bytes().splitlines(), partitions):
        share = min((record.time - over.begin) / over.length, 1.0)
        stop.wait(max(0.0, begin + share * over.seconds - time.monotonic()))
        if stop.is_set():
            break
        producer.send(topic, record.value, record.key, partition=record.partition,
                      timestamp_ms=record.time)  # fmt: skip
        sent += 1
    producer.flush()
    return sent


async def live(session: DemoSession, folder: Path, rate: float, seed: int, seconds: float) -> None:
    """Plays the traffic of a full shop in real time, for `seconds` seconds."""
    traffic = publish.current(shoppers.hour(seed, rate, seconds))
    session.make_topics()
    with WorkerProcesses(2, session.environ(), folder) as workers:
        workers.wait()
        async with session.watched("live"):
            await session.send(
                lambda producer, stop: publish.send(
                    producer,
                    session.settings.topic(EVENTS),
                    _noted(traffic, session.handed_over, stop),
                    rate,
                    seconds,
                )
            )
            await session.until(lambda: _applied(workers) >= session.sent, workers)
        session.outcomes = workers.counted("triggers_events", "outcome")


def _applied(workers: WorkerProcesses) -> int:
    return workers.counted("triggers_events", "outcome").total()


def _noted(
    traffic: Iterable[Record], handed_over: dict[str, float], stop: Event
) -> Iterator[Record]:
    """The traffic. It notes the time (ms, this machine's clock) at which each event is handed over."""
    for record in traffic:
        if stop.is_set():
            return
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            handed_over[record["id"]] = time.time() * 1000
        yield record
