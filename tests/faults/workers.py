"""Worker processes under a supervisor that restarts them, as systemd or Kubernetes would."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil

from agents.local import ports

WORKER = [sys.executable, "-m", "agents", "worker"]
AGAIN_S = 0.5
LOOK_S = 0.1
RAW_S = 15.0
"""Seconds after a start in which SIGTERM may come before the interpreter has a handler."""


class Exit(NamedTuple):
    """The end of a process. `told`: the test ended it; else it ended by itself, with `code`."""

    slot: int
    code: int
    told: bool


class Worker:
    """A slot: a process, and its successors."""

    def __init__(self, slot: int, command: list[str], environ: dict[str, str], log: Path) -> None:
        self.slot, self.command, self.environ, self.log = slot, command, environ, log
        self.port = ports.free(1)[0]
        self.wanted = True
        self.killed = False
        self.process: subprocess.Popen[bytes]
        self.starts = 0
        self.launched = 0.0
        self.launch()

    def launch(self) -> None:
        self.killed = False
        self.starts += 1
        self.launched = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={
                    **os.environ,
                    **self.environ,
                    "TRIGGERS_METRICS": f"127.0.0.1:{self.port}",
                    "FAULT_START": str(self.starts),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def virtual(self) -> int:
        """Bytes of its address space."""
        return int(psutil.Process(self.pid).memory_info().vms)

    def page(self, path: str) -> tuple[int, str]:
        """(status, text) of /live, /ready or /metrics; status 0 without an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def told(self, metric: str) -> float:
        """The current value of a metric, summed over its labels."""
        rows = [row.split() for row in self.page("metrics")[1].splitlines()]
        return sum(
            float(row[-1]) for row in rows if row[0].partition("{")[0] == f"triggers_{metric}"
        )

    @property
    def ready(self) -> bool:
        return self.page("ready")[0] == 200


class Workers:
    """`exits` has every end of a process, `rss` the largest resident set seen, in bytes."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ, self._folder = dict(environ), folder
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self.all: list[Worker] = []
        self.exits: list[Exit] = []
        self.rss = 0

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watch.join()
        for worker in self.all:
            worker.wanted = False
            if worker.process.poll() is None:
                os.kill(worker.pid, signal.SIGCONT)
                os.kill(worker.pid, signal.SIGKILL)
                worker.process.kill()
            worker.process.wait()

    def add(self, patch: str = "", command: Sequence[str] = WORKER, **environ: str) -> Worker:
        """Starts a worker. `patch`: with this change of patches.py."""
        chosen = [sys.executable, "-m", "tests.faults.patches"] if patch else list(command)
        given = {**self._environ, **environ, "FAULT_PATCH": patch}
        with self._lock:
            slot = len(self.all) + 1
            self.all.append(Worker(slot, chosen, given, self._folder / f"worker-{slot}.log"))
            return self.all[-1]

    def add_two(self, patch: str = "", **environ: str) -> None:
        """Starts two equal workers, and waits until they are ready."""
        for _ in range(2):
            self.add(patch, **environ)
        self.until_ready()

    @property
    def running(self) -> list[Worker]:
        return [w for w in self.all if w.wanted]

    def _supervise(self) -> None:
        ended: dict[int, float] = {}
        while not self._over.wait(LOOK_S):
            with self._lock:
                for worker in self.all:
                    self._look(worker, ended)

    def _look(self, worker: Worker, ended: dict[int, float]) -> None:
        code = worker.process.poll()
        if code is None:
            try:
                self.rss = max(self.rss, psutil.Process(worker.pid).memory_info().rss)
            except psutil.Error:
                return
        elif worker.wanted:
            if worker.slot not in ended:
                ended[worker.slot] = time.monotonic()
                self.exits.append(Exit(worker.slot, code, worker.killed))
            elif time.monotonic() - ended[worker.slot] > AGAIN_S:
                del ended[worker.slot]
                worker.launch()

    def kill(self, worker: Worker) -> None:
        """kill -9. The supervisor restarts it."""
        if worker.process.poll() is None:
            worker.killed = True
            os.kill(worker.pid, signal.SIGKILL)

    def remove(self, worker: Worker, number: int = signal.SIGTERM, within: float = 15) -> float:
        """Stops a worker for good. Returns how many seconds that took."""
        with self._lock:
            worker.wanted = False
            began = time.monotonic()
            if worker.process.poll() is None:
                os.kill(worker.pid, number)
        try:
            code = worker.process.wait(within)
        except subprocess.TimeoutExpired:
            os.kill(worker.pid, signal.SIGKILL)
            code = 1000 + worker.process.wait()
        raw = code == -signal.SIGTERM and began - worker.launched < RAW_S
        self.exits.append(Exit(worker.slot, code, raw or number == signal.SIGKILL))
        return time.monotonic() - began

    def again(self, worker: Worker) -> None:
        """Starts a removed one again."""
        with self._lock:
            worker.launch()
            worker.wanted = True

    def until_ready(self, within: float = 60) -> None:
        limit = time.monotonic() + within
        while not all(worker.ready for worker in self.running):
            if time.monotonic() > limit:
                told = [(w.slot, w.page("ready")) for w in self.running]
                raise AssertionError(f"not ready after {within} s: {told}")
            time.sleep(0.1)

    def serving(self, worker: Worker, within: float = 60) -> None:
        """Waits until a worker serves its pages. On a busy machine its process needs many seconds for that."""
        limit = time.monotonic() + within
        while not worker.page("live")[0]:
            assert time.monotonic() < limit, f"worker {worker.slot} serves nothing: {worker.log}"
            time.sleep(0.1)

    def answering(self, worker: Worker, within: float = 30) -> None:
        """Waits until a worker has its partitions. An earlier fault would hit nothing."""
        limit = time.monotonic() + within
        while time.monotonic() < limit:
            told = worker.page("ready")[1]
            if told and "no assignment" not in told:
                return
            time.sleep(0.1)

    def stop(self) -> list[float]:
        """Sends SIGTERM to all at once. Returns the seconds that each took."""
        with self._lock:
            told = self.running
            for worker in told:
                # Who goes before its turn to be waited for is not started again.
                worker.wanted = False
                if worker.process.poll() is None:
                    os.kill(worker.pid, signal.SIGTERM)
        return [self.remove(worker) for worker in told]

    def logs(self) -> str:
        return "".join(w.log.read_text(errors="replace") for w in self.all)
