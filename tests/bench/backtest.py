"""(f) Events a second of `python -m agents backtest`, on one core: start, reading and writing included."""

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict
from typing import Final

from tests.bench.process import rss_of
from tests.bench.room import Room
from tests.bench.table import show, spread
from tests.bench.traffic import rows, timed

LOOKS_S: Final = 0.05
SMOKE: Final = "--visitors 1000 --events 20000 --rounds 1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--keys", nargs="+", default=["visits", "uniform"])
    parser.add_argument("--rounds", type=int, default=3)


def run(args: argparse.Namespace, room: Room) -> None:
    for keys in args.keys:
        with (room.folder / f"{keys}.jsonl").open("wb") as file:
            for row in rows(args.events, args.visitors, keys):
                file.write(timed(row) + b"\n")
    found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for _ in range(args.rounds):
        for keys in args.keys:
            found[keys].append(once(room, keys))
    show(
        f"Backtest, {args.events:,} events of {args.visitors:,} visitors",
        ("", "events/s of CPU", "CPU µs/event", "events/s of time", "RSS MiB"),
        [
            (
                keys,
                spread([args.events / cpu for cpu, _, _ in each], ",.0f"),
                spread([cpu / args.events * 1e6 for cpu, _, _ in each], ".2f"),
                spread([args.events / wall for _, wall, _ in each], ",.0f"),
                spread([rss / 1024 for _, _, rss in each], ",.0f"),
            )
            for keys, each in found.items()
        ],
    )


def once(room: Room, keys: str) -> tuple[float, float, int]:
    """Runs one backtest; returns (CPU in s, time in s, largest RSS in KiB).

    The kernel's `ru_maxrss` of a child is at least its parent's, so the RSS is looked at every LOOKS_S.
    """
    began = time.monotonic()
    command = [sys.executable, "-m", "agents", "backtest", str(room.folder / f"{keys}.jsonl")]
    child = subprocess.Popen(
        [*command, "--out", str(room.folder / "out")], stdout=subprocess.DEVNULL
    )
    largest = 0
    while True:
        largest = max(largest, rss_of(child.pid))
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
        if ended:
            break
        time.sleep(LOOKS_S)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return used.ru_utime + used.ru_stime, time.monotonic() - began, largest // 1024
