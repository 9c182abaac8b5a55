"""Starts and watches worker processes, for the duration of a `with` block."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from prometheus_client.parser import text_string_to_metric_families

from agents.local import ports

READY_S: Final = 120.0
GOODBYE_S: Final = 40.0
"""Seconds for a worker to make a checkpoint and end. It is killed afterwards."""


class WorkerFailed(Exception):
    """A worker ended, or was not ready in time. The message has the end of its log."""


class WorkerProcesses:
    """`count` workers with this environment, logs in the folder `logs`, and metrics on free ports."""

    def __init__(self, count: int, environ: Mapping[str, str], logs: Path) -> None:
        self.count, self.environ, self.logs = count, environ, logs
        self._processes: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []

    @property
    def environment(self) -> dict[str, str]:
        """The environment that all processes share."""
        return {**os.environ, **self.environ}

    def __enter__(self) -> Self:
        try:
            for number in range(1, self.count + 1):
                self._start(number)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end()

    def _start(self, number: int) -> None:
        (port,) = ports.free(1)
        with self._log(number).open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "agents", "worker"],
                env={**self.environment, "TRIGGERS_METRICS": f"127.0.0.1:{port}"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the command only, which ends them in order
            )
        self._processes.append(worker)
        self.ports.append(port)

    def _log(self, number: int) -> Path:
        return self.logs / f"worker-{self.environ.get('TRIGGERS_PREFIX', '')}{number}.log"

    def wait(self) -> None:
        """Waits until all are ready. Raises WorkerFailed."""
        until = time.monotonic() + READY_S
        for number, port in enumerate(self.ports, 1):
            while _get(port, "ready") is None:
                self.check()
                if time.monotonic() > until:
                    _, why = _ask(port, "ready")
                    raise WorkerFailed(f"worker {number}: {why}\n{self._tail(number)}")
                time.sleep(0.05)

    def check(self) -> None:
        """Checks that all workers run. Raises WorkerFailed if one has ended."""
        for number, worker in enumerate(self._processes, 1):
            if worker.poll() is not None:
                code = worker.returncode
                raise WorkerFailed(f"worker {number} ended with {code}:\n{self._tail(number)}")

    def _tail(self, number: int) -> str:
        return "\n".join(self._log(number).read_text(errors="replace").splitlines()[-20:])

    def counted(self, metric: str, label: str) -> Counter[str]:
        """The values of a counter by one of its labels, summed over all workers. Raises WorkerFailed."""
        found: Counter[str] = Counter()
        for port in self.ports:
            text = _get(port, "metrics")
            if text is None:
                raise WorkerFailed(f"a worker does not answer at 127.0.0.1:{port}/metrics")
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == f"{metric}_total":
                        found[sample.labels[label]] += int(sample.value)
        return found

    def _end(self) -> None:
        for worker in self._processes:
            worker.terminate()
        until = time.monotonic() + GOODBYE_S
        for worker in self._processes:
            try:
                worker.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def _ask(port: int, path: str) -> tuple[int, str]:
    """(status, text) of a worker's page; (0, the reason) without an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode().strip()
    except OSError as error:
        return 0, f"does not answer: {error}"


def _get(port: int, path: str) -> str | None:
    """The text of a page; None without an answer, or if its status is not 200."""
    status, text = _ask(port, path)
    return text if status == 200 else None
