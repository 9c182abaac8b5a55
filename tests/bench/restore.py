"""(d) A start with the state of 200,000 and 1,000,000 visitors, beside a start with none.

Time from the process's start to ready, and its memory then. Also from start to the first
record, and from kill -9 of a worker until another serves all its partitions.
"""

import argparse
import os
import re
import signal
import time
from statistics import median
from typing import Final, NamedTuple

from agents.config.settings import Settings
from tests.bench import log, subjects
from tests.bench.process import Failed, cpu_of, rss_of
from tests.bench.room import Room
from tests.bench.table import show, spread
from tests.bench.traffic import rows, wall

SMOKE: Final = "--visitors 5000 --rounds 1 --no-takeover"
WITHIN_S: Final = 120.0
_OWNED: Final = re.compile(rb'^triggers_lag_records\{.*stage="visitors".*\} ', re.MULTILINE)
_RESTORED: Final = re.compile(r"restored .*?seconds=([0-9.]+)")


class Start(NamedTuple):
    """One start. `ready`, `restored` (the part spent on state), `cpu`: s · `rss`: bytes."""

    ready: float
    restored: float
    cpu: float
    rss: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument("--events-each", type=int, default=2, help="of each visitor, on average")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-takeover", action="store_true", help="spares the kill -9")


def run(args: argparse.Namespace, room: Room) -> None:
    full = {}
    for visitors in (0, *args.visitors):
        settings = full[visitors] = log.settings_of(room.bootstrap, f"restore.{visitors}")
        log.make(settings, args.partitions)
        if visitors:
            total = visitors * args.events_each
            log.load(settings, rows(total, visitors, clock=wall, each_first=True))
            with subjects.Worker(settings, room.folder / "worker.log") as worker:
                worker.until(total, 600)
    starts: dict[int, list[Start]] = {visitors: [] for visitors in full}
    for _ in range(args.rounds):
        for visitors, settings in full.items():
            starts[visitors].append(start(settings, room))
            print(f"  {visitors:,} visitors: {starts[visitors][-1]}", flush=True)
    empty = starts.pop(0)
    show(
        f"Start with the state of so many visitors ({args.events_each} events each)",
        (
            "visitors",
            "ready s",
            "over an empty start s",
            "restore s",
            "CPU s",
            "bytes RSS a visitor",
        ),
        [
            ("0", *_figures(empty, empty, 0)),
            *(
                (f"{visitors:,}", *_figures(each, empty, visitors))
                for visitors, each in starts.items()
            ),
        ],
    )
    print(f"start to first record: {first_record(full[0], room):.2f} s")
    if not args.no_takeover:
        print(f"kill -9 to all partitions served: {takeover(full[0], room, args.partitions):.1f} s")
    for settings in full.values():
        log.drop(settings)


def _figures(starts: list[Start], empty: list[Start], visitors: int) -> tuple[str, ...]:
    base = median(each.ready for each in empty)
    rss = median(each.rss for each in empty)
    return (
        spread([each.ready for each in starts], ".2f"),
        f"{median(each.ready for each in starts) - base:.2f}",
        spread([each.restored for each in starts], ".2f"),
        spread([each.cpu for each in starts], ".2f"),
        f"{(median(each.rss for each in starts) - rss) / visitors:.0f}" if visitors else "",
    )


def start(settings: Settings, room: Room) -> Start:
    file = room.folder / "worker.log"
    with subjects.Worker(settings, file) as worker:
        worker.until_ready(WITHIN_S)
        took = time.monotonic() - worker.begun
        found = _RESTORED.search(file.read_text())
        return Start(
            took, float(found[1]) if found else 0.0, cpu_of(worker.pid), rss_of(worker.pid)
        )


def first_record(settings: Settings, room: Room) -> float:
    """Seconds from a worker's start until it has processed the first waiting record."""
    log.load(settings, rows(100, 100, clock=wall))
    with subjects.Worker(settings, room.folder / "worker.log") as worker:
        return worker.until(1, WITHIN_S, 0.01).time - worker.begun


def takeover(settings: Settings, room: Room, partitions: int) -> float:
    """Seconds from a worker's kill -9 until the other one has all partitions."""
    with (
        subjects.Worker(settings, room.folder / "first.log") as first,
        subjects.Worker(settings, room.folder / "second.log") as second,
    ):
        for worker in (first, second):
            worker.until_ready(WITHIN_S)
        while not 0 < _owned(second) < partitions:
            time.sleep(0.1)
        os.kill(first.pid, signal.SIGKILL)
        killed = time.monotonic()
        while _owned(second) < partitions:
            if time.monotonic() > killed + WITHIN_S:
                raise Failed(f"nobody takes over:\n{second.tail()}")
            time.sleep(0.02)
        return time.monotonic() - killed


def _owned(worker: subjects.Worker) -> int:
    return len(_OWNED.findall(worker.page("metrics")))
