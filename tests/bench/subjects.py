"""Who is measured: a worker of the service, and beside it those that do the same job otherwise."""

import re
import socket
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Final

from agents.settings import Settings
from agents.topic_list import EVENTS
from tests.bench.log import environ
from tests.bench.process import Subject

_COUNT: Final = re.compile(rb"^triggers_events_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def metrics(port: int) -> bytes:
    """A worker's page; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            text: bytes = answer.read()
            return text
    except (urllib.error.URLError, OSError):
        return b""


def worker(settings: Settings, log: Path, profile: Path | None = None) -> Subject:
    """A worker process; its count of processed events is that of its metrics page."""
    port = free_port()
    run = ["agents", "worker"]
    if profile:
        run = ["tests.bench.sampling", str(profile)]
    return Subject(
        [sys.executable, "-m", *run],
        {**environ(settings), "TRIGGERS_METRICS": f"127.0.0.1:{port}"},
        log,
        partial(_processed, port),
    )


def _processed(port: int, subject: Subject) -> int:
    return sum(int(float(number)) for number in _COUNT.findall(metrics(port)))


def peer(name: str, settings: Settings, log: Path) -> Subject:
    """`handloop` or `stockfaust`, which write the count of processed events into a file."""
    count = log.with_suffix(".count")
    count.write_bytes(b"0")
    return Subject(
        [sys.executable, "-m", f"tests.bench.{name}", str(count)],
        {
            "BENCH_KAFKA": ",".join(settings.kafka),
            "BENCH_TOPIC": settings.topic(EVENTS),
            "BENCH_GROUP": f"{settings.group}-{name}",
        },
        log,
        lambda _: int(count.read_bytes() or b"0"),
    )
