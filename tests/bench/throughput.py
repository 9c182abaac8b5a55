"""(a) A backlog: CPU an event of visits that end, and at 10,000, 200,000 and 1,000,000 visitors, beside both peers.

Where visits end, in record time, deadlines fire and recipes decide, as in a shop; the first visit of each
visitor is not measured. In the others no visit ends: they show the cost of an event alone. There
every visitor appears once before the measurement, so all states exist.
"""

import argparse
from collections.abc import Iterator
from typing import Final, NamedTuple

from agents.config.settings import Settings
from tests.bench import log, subjects
from tests.bench.process import Cost
from tests.bench.room import Room
from tests.bench.table import Rounds
from tests.bench.traffic import SHORT, Keys, Row, rows, wall

SMOKE: Final = (
    "--ending 1000 --visitors 1000 --keys uniform --events 300000 --rounds 1 --faust-events 1500"
)


class Backlog(NamedTuple):
    """A loaded input of `total` events: the first `warm` are not measured · `beside`: with peers on it."""

    settings: Settings
    warm: int
    total: int
    beside: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ending", type=int, default=10_000, help="visitors whose visits end; 0: without"
    )
    parser.add_argument("--visitors", type=int, nargs="*", default=[10_000, 200_000, 1_000_000])
    parser.add_argument("--events", type=int, default=500_000, help="measured in each round")
    parser.add_argument(
        "--keys", nargs="+", default=["uniform", "hot"], help="the first for all visitors"
    )
    parser.add_argument("--time", choices=("append", "record"), default="append")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=["handloop", "stockfaust"])
    parser.add_argument("--faust-events", type=int, default=50_000, help="measured of stock Faust")
    parser.add_argument("--profile", action="store_true", help="sample the stacks of the workers")


def run(args: argparse.Namespace, room: Room) -> None:
    backlogs = dict(_load(args, room))
    found = Rounds()
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", flush=True)
        for name, backlog in backlogs.items():
            found.add(f"worker, {name}", _worker(backlog, room, args.profile))
            for peer in args.peers if backlog.beside else ():
                found.add(f"{peer}, {name}", _peer(peer, backlog, room, args))
    found.show("Throughput of a backlog")
    for name, backlog in backlogs.items():
        for peer in args.peers if backlog.beside else ():
            ratio = found.cpu(f"worker, {name}") / found.cpu(f"{peer}, {name}")
            print(f"the worker takes {ratio:.2f} times the CPU of {peer} ({name})")
        log.drop(backlog.settings)


def _load(args: argparse.Namespace, room: Room) -> Iterator[tuple[str, Backlog]]:
    if args.ending:
        yield _loaded(args, room, args.ending, "ending", "record", beside=True)
    for visitors in args.visitors:
        first = visitors == args.visitors[0]
        for keys in args.keys if first else args.keys[:1]:
            beside = first and keys == args.keys[0]
            yield _loaded(args, room, visitors, keys, args.time, beside=beside)


def _loaded(
    args: argparse.Namespace, room: Room, visitors: int, keys: Keys, time: str, *, beside: bool
) -> tuple[str, Backlog]:
    settings = log.settings_of(room.bootstrap, f"{visitors}.{keys}", time)
    log.make(settings, args.partitions)
    warm = visitors * SHORT if keys == "ending" else visitors
    total = log.load(settings, _traffic(visitors, warm + args.events, keys, time))
    name = f"{visitors:,} visitors, {keys}"
    print(f"  loaded {total:,} events: {name}", flush=True)
    return name, Backlog(settings, warm, total, beside)


def _traffic(visitors: int, events: int, keys: Keys, time: str) -> Iterator[Row]:
    clock = wall if time == "append" else None
    return rows(events, visitors, keys, clock=clock, each_first=keys != "ending")


def _worker(backlog: Backlog, room: Room, profiled: bool) -> Cost:
    profile = room.folder / "profile.txt" if profiled else None
    fresh = log.anew(backlog.settings)
    with subjects.Worker(fresh, room.folder / "worker.log", profile) as worker:
        spent = worker.steady(backlog.warm, backlog.total)
    if profile:
        print(profile.read_text())
    return spent


def _peer(name: str, backlog: Backlog, room: Room, args: argparse.Namespace) -> Cost:
    """Stock Faust gets a part of the events: it takes about a hundred times as long for each."""
    fresh = log.regrouped(backlog.settings)
    warm, upto = backlog.warm, backlog.total
    if name == "stockfaust":
        warm = args.faust_events // 5
        upto = warm + args.faust_events
    with subjects.peer(name, fresh, args.partitions, room.folder / f"{name}.log") as peer:
        return peer.steady(warm, upto)
