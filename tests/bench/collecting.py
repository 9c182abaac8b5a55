"""The collector's CPU for a post, a batched event, and a request of two other sources, beside an empty aiohttp handler.

CPU is that of the process, so the figures also hold on a busy machine: a core has
1,000,000 µs of it a second. Requests are built before anything is measured.
"""

import argparse
import asyncio
import itertools
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agents.local import ports
from tests.bench import foreign, log
from tests.bench.posts import SOURCES, batched, send, singles
from tests.bench.process import Cost, Failed, Subject, cost
from tests.bench.room import Room
from tests.bench.table import Rounds

SMOKE: Final = "--posts 400 --batches 8 --rounds 1"
READY_S: Final = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--posts", type=int, default=20_000, help="single posts in each round")
    parser.add_argument("--batches", type=int, default=600, help="batches in each round")
    parser.add_argument("--size", type=int, default=100, help="events of a batch")
    parser.add_argument("--visitors", type=int, default=2_000)
    parser.add_argument("--lines", type=int, default=64, help="connections at once")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="sample the stacks of the collector")


def run(args: argparse.Namespace, room: Room) -> None:
    settings = log.settings_of(room.bootstrap, "collecting")
    log.make(settings, args.partitions)
    sources = room.folder / "sources.yaml"
    sources.write_text(f"sources:\n{SOURCES}{foreign.SOURCES}")
    door, other = ports.free(2)
    variables = {
        **log.environ(settings),
        "TRIGGERS_SOURCES": str(sources),
        "TRIGGERS_IDENTITY_PEPPER": "a pepper of the bench, 32 characters",
        "TRIGGERS_COLLECT_PER_ADDRESS": "0",
        "TRIGGERS_COLLECT_PER_VISITOR": "0",
    }
    listen = f"127.0.0.1:{door}"
    profile = room.folder / "profile.txt"
    module = ["tests.bench.sampling", str(profile)] if args.profile else ["agents"]
    collector = [sys.executable, "-m", *module, "collector", "--listen", listen, "--metrics", ""]
    empty = [sys.executable, "-m", "tests.bench.empty", str(other)]
    found = Rounds()
    with (
        _served(collector, variables, room.folder / "collector.log", door) as taking,
        _served(empty, {}, room.folder / "empty.log", other) as idle,
    ):
        _measured(taking, door, _singles(args, 500), args, 1)
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}", flush=True)
            for name, subject, port in (
                ("collector", taking, door),
                ("empty handler", idle, other),
            ):
                for what, requests, events in _jobs(args):
                    found.add(f"{name}, {what}", _measured(subject, port, requests, args, events))
    found.show("Collecting: CPU of a post, and of an event in a batch")
    for name in ("a post", f"an event of {args.size}", "a hit of GA4", "a webhook of Shopify"):
        print(f"one core, {name}: {1e6 / found.cpu(f'collector, {name}'):,.0f} a second")
    if args.profile:
        print(profile.read_text())
    log.drop(settings)


def _jobs(args: argparse.Namespace) -> Iterator[tuple[str, list[bytes], int]]:
    """Yields the name of a job, its requests, and the events in each request."""
    yield "a post", _singles(args, args.posts), 1
    batches = itertools.islice(batched(args.visitors, args.size), args.batches)
    yield f"an event of {args.size}", list(batches), args.size
    few = args.posts // 4
    yield "a hit of GA4", list(itertools.islice(foreign.hits(args.visitors), few)), 1
    yield "a webhook of Shopify", list(itertools.islice(foreign.carts(args.visitors), few)), 1


def _singles(args: argparse.Namespace, count: int) -> list[bytes]:
    return list(itertools.islice(singles(args.visitors), count))


def _measured(
    subject: "_Server", port: int, requests: list[bytes], args: argparse.Namespace, events: int
) -> Cost:
    first = subject.moment()
    statuses = asyncio.run(send(port, _counted(requests, subject, events), args.lines))
    if not set(statuses) <= {b"200", b"204"}:
        raise Failed(f"expected 200 or 204 alone, got {statuses}:\n{subject.tail()}")
    return cost(first, subject.moment())


def _counted(requests: list[bytes], subject: "_Server", events: int) -> Iterator[bytes]:
    for request in requests:
        yield request
        subject.done += events


class _Server(Subject):
    """A server process; the caller counts what it has done."""

    def __init__(self, command: list[str], variables: dict[str, str], file: Path) -> None:
        self.done = 0
        super().__init__(command, variables, file, lambda: self.done)


def _served(command: list[str], variables: dict[str, str], file: Path, port: int) -> _Server:
    subject = _Server(command, variables, file)
    limit = time.monotonic() + READY_S
    while not _ready(port):
        if subject.process.poll() is not None or time.monotonic() > limit:
            raise Failed(f"does not get ready:\n{subject.tail()}")
        time.sleep(0.1)
    return subject


def _ready(port: int) -> bool:
    """Whether it answers; a collector does once it has reached its broker."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"GET /ready HTTP/1.0\r\nHost: x\r\n\r\n")
            return b" 200 " in line.recv(64)
    except OSError:
        return False
