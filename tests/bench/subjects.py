"""The measured processes: a worker of the service, and peers that do the same job in other ways."""

import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS
from agents.local import ports
from tests.bench.log import environ
from tests.bench.process import Failed, Subject

_COUNT: Final = re.compile(rb"^triggers_events_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)


class Worker(Subject):
    """A worker of the service; its count of processed events is read from its metrics."""

    def __init__(self, settings: Settings, log: Path, profile: Path | None = None) -> None:
        """`profile`: the file for samples of its stacks."""
        (self.port,) = ports.free(1)
        run = ["tests.bench.sampling", str(profile)] if profile else ["agents", "worker"]
        variables = {**environ(settings), "TRIGGERS_METRICS": f"127.0.0.1:{self.port}"}
        super().__init__([sys.executable, "-m", *run], variables, log, self._processed)

    def page(self, name: str) -> bytes:
        """The body of a page; empty without an answer of 200."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/{name}", timeout=30
            ) as answer:
                text: bytes = answer.read()
                return text
        except (urllib.error.URLError, OSError):
            return b""

    def _processed(self) -> int:
        return sum(int(float(number)) for number in _COUNT.findall(self.page("metrics")))

    def until_ready(self, within: float) -> None:
        """Waits until the worker is ready; raises Failed."""
        limit = time.monotonic() + within
        while not self.page("ready"):
            if self.process.poll() is not None or time.monotonic() > limit:
                raise Failed(f"does not get ready:\n{self.tail()}")
            time.sleep(0.02)


def peer(name: str, settings: Settings, partitions: int, log: Path) -> Subject:
    """`handloop` or `stockfaust`, which write the count of processed events into a file."""
    count = log.with_suffix(".count")
    count.write_bytes(b"0")
    return Subject(
        [sys.executable, "-m", f"tests.bench.{name}", str(count)],
        {
            "BENCH_KAFKA": ",".join(settings.kafka),
            "BENCH_PARTITIONS": str(partitions),
            "BENCH_TOPIC": settings.topic(EVENTS),
            "BENCH_GROUP": f"{settings.group}-{name}",
        },
        log,
        lambda: int(count.read_bytes() or b"0"),
    )
