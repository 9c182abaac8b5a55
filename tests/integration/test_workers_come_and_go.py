"""Workers join, leave, get SIGTERM and are killed in the middle of a log that continues.

The log comes in three parts, so that some records are always decided, some in progress and some
in the future. The records on the topics at the end are compared with a backtest of the whole log.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agents.commands import load
from agents.demo.workers import WorkerFailed, WorkerProcesses
from agents.replay.records import records
from stream import recipes_file as files
from tests.faults import keyed_logs
from tests.faults.logs import worlds
from tests.integration.replaying import (
    Found,
    backtest,
    environ,
    make_topics,
    missing,
    read,
    settings_of,
    until,
)

PARTITIONS, FACTS = 4, 3
LOGS = {"worlds": worlds(7, 12), "keys": keyed_logs.log(7, 150)}
GOODBYE_S = 10
"""Seconds that a supervisor waits between SIGTERM and SIGKILL."""


class Play:
    """Topics, the log in three parts, and the results of a backtest."""

    def __init__(self, broker: str, prefix: str, folder: Path, lines: list[bytes]) -> None:
        self._folder, self._crews = folder, 0
        self.more: dict[str, str] = {}
        self.settings = settings_of(broker, prefix)
        make_topics(self.settings, files.DEFAULT, PARTITIONS, FACTS)
        log = list(records(lines, PARTITIONS))
        third = len(log) // 3
        self._parts = iter([log[:third], log[third : 2 * third], log[2 * third :]])
        self.expected = backtest(lines, files.DEFAULT, PARTITIONS)

    def goes_on(self) -> None:
        """Writes the next part."""
        asyncio.run(load.write(self.settings, iter(next(self._parts))))

    @contextmanager
    def workers(self, count: int = 1) -> Iterator[WorkerProcesses]:
        self._crews += 1
        folder = self._folder / str(self._crews)
        folder.mkdir()
        with WorkerProcesses(count, environ(self.settings) | self.more, folder) as workers:
            yield workers

    def read(self) -> Found:
        return read(self.settings, files.DEFAULT)

    def begun(self, workers: WorkerProcesses) -> None:
        """Waits for the first decisions."""
        until(lambda: bool(self.read().decisions), workers)

    def finish(self, workers: WorkerProcesses) -> None:
        """Waits for all expected records."""
        until(lambda: not missing(self.expected, self.read()), workers)

    def ends_exactly(self) -> None:
        """Checks that the topics have exactly the expected records, once each."""
        found = self.read()
        assert missing(self.expected, found) == []
        assert missing(found, self.expected) == []


@pytest.fixture(params=LOGS)
def play(request: pytest.FixtureRequest, broker: str, prefix: str, tmp_path: Path) -> Play:
    return Play(broker, prefix, tmp_path, LOGS[request.param])


def told_to_go(workers: WorkerProcesses) -> None:
    """Sends SIGTERM to the only worker, which ends cleanly and in time."""
    (worker,) = workers._processes
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(2 * GOODBYE_S) == 0
    assert time.monotonic() - began < GOODBYE_S


@pytest.mark.slow
def test_a_joining_and_a_leaving_worker_lose_and_repeat_nothing(play: Play) -> None:
    play.goes_on()
    with play.workers() as first:
        play.begun(first)
        with play.workers() as second:
            play.goes_on()
            second.wait()
            play.goes_on()
            told_to_go(first)
            play.finish(second)
    play.ends_exactly()


@pytest.mark.slow
def test_a_backlog_from_when_no_worker_ran_is_decided_as_if_one_had(play: Play) -> None:
    play.goes_on()
    with play.workers() as before:
        play.begun(before)
        play.goes_on()
        told_to_go(before)
    play.goes_on()
    assert missing(play.expected, play.read()) != []
    with play.workers(2) as after:
        play.finish(after)
    play.ends_exactly()


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_copies_of_the_same_bytes(play: Play) -> None:
    play.goes_on()
    with play.workers() as killed, play.workers() as other:
        play.begun(killed)
        play.goes_on()
        (worker,) = killed._processes
        worker.kill()
        worker.wait()
        play.goes_on()
        play.finish(other)
    found = play.read()
    assert missing(play.expected, found) == []
    assert set(found.triggers) == set(play.expected.triggers)
    assert set(found.decisions) == set(play.expected.decisions)
    assert set(found.rejected) == set(play.expected.rejected)


@pytest.mark.slow
def test_with_delivery_exactly_once_a_killed_worker_leaves_no_copies(play: Play) -> None:
    play.more["TRIGGERS_DELIVERY"] = "exactly_once"
    play.goes_on()
    with play.workers() as killed, play.workers() as other:
        play.begun(killed)
        play.goes_on()
        (worker,) = killed._processes
        worker.kill()
        worker.wait()
        play.goes_on()
        play.finish(other)
    play.ends_exactly()


@pytest.mark.slow
def test_with_delivery_exactly_once_a_frozen_worker_is_fenced_or_rejoins(
    play: Play,
) -> None:
    play.more["TRIGGERS_DELIVERY"] = "exactly_once"
    play.goes_on()
    with play.workers() as frozen, play.workers() as other:
        play.begun(frozen)
        other.wait()
        (worker,) = frozen._processes
        worker.send_signal(signal.SIGSTOP)
        try:
            play.goes_on()
            play.goes_on()
            play.finish(other)
        finally:
            worker.send_signal(signal.SIGCONT)
        with suppress(WorkerFailed):
            frozen.wait()
    play.ends_exactly()
    assert worker.poll() in (0, 1)
