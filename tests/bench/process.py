"""CPU and memory that the operating system accounts to a process (Linux: /proc)."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
GOODBYE_S: Final = 20.0


class Failed(Exception):
    """A process ended or makes no progress; the message has the end of its log."""


class Moment(NamedTuple):
    """One measurement. `time`, `cpu`: s · `rss`: bytes · `done`: events processed so far."""

    time: float
    cpu: float
    rss: int
    done: int


class Cost(NamedTuple):
    """The cost between two moments. `cpu`: µs an event · `rate`: events a second · `rss`: bytes, at the end."""

    cpu: float
    rate: float
    rss: float
    events: int


def cost(first: Moment, last: Moment) -> Cost:
    """The cost between two moments; raises Failed if nothing was processed."""
    events = last.done - first.done
    if not events:
        raise Failed("nothing was processed between the moments: measure more events")
    return Cost(
        (last.cpu - first.cpu) / events * 1e6,
        events / (last.time - first.time),
        last.rss,
        events,
    )


def cpu_of(pid: int) -> float:
    """CPU seconds of all its threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def rss_of(pid: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Subject:
    """A measured process, ended with the block; `processed` returns how many events it has processed."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        processed: Callable[[], int],
    ) -> None:
        self.log = log
        self._count = processed
        self.begun = time.monotonic()
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **environ},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def moment(self) -> Moment:
        """The current figures; raises Failed if the process has ended."""
        if self.process.poll() is not None:
            raise Failed(f"ended with {self.process.returncode}:\n{self.tail()}")
        done = self._count()
        return Moment(time.monotonic(), cpu_of(self.pid), rss_of(self.pid), done)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def until(self, done: int, within: float, pause: float = 0.25) -> Moment:
        """The first moment with `done` events processed; raises Failed."""
        limit = time.monotonic() + within
        while True:
            moment = self.moment()
            if moment.done >= done:
                return moment
            if time.monotonic() > limit:
                raise Failed(f"{moment.done} of {done} events in {within} s:\n{self.tail()}")
            time.sleep(pause)

    def steady(self, warm: int, total: int, within: float = 600.0) -> Cost:
        """The cost from `warm` processed events to the last moment before `total`."""
        first = last = self.until(warm, within)
        while True:
            time.sleep(0.5)
            moment = self.moment()
            if moment.done >= total:
                return cost(first, last if last.done > first.done else moment)
            if moment.time > first.time + within:
                raise Failed(f"{moment.done} of {total} events in {within} s:\n{self.tail()}")
            last = moment
