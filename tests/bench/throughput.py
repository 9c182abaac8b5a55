"""(a) A backlog at 10,000, 200,000 and 1,000,000 visitors: CPU an event, beside both peers on one topic.

Every visitor comes once before anything is measured, so what is measured has all states at hand.
"""

import argparse
import time
from typing import Final

from tests.bench import log, subjects
from tests.bench.room import Room
from tests.bench.table import Rounds
from tests.bench.traffic import rows

FAUST_EVENTS: Final = 50_000
"""Measured of stock Faust: it takes about a hundred times as long for each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, nargs="+", default=[10_000, 200_000, 1_000_000])
    parser.add_argument("--events", type=int, default=800_000, help="measured in each round")
    parser.add_argument("--keys", nargs="+", default=["uniform", "hot"])
    parser.add_argument("--time", choices=("append", "record"), default="append")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=["handloop", "stockfaust"])
    parser.add_argument("--profile", action="store_true", help="sample the stacks of the workers")


def run(args: argparse.Namespace, room: Room) -> None:
    loaded = {}
    for visitors in args.visitors:
        for keys in args.keys if visitors == args.visitors[0] else args.keys[:1]:
            name = f"{visitors:,} visitors, {keys}"
            settings = log.settings_of(room.bootstrap, f"{visitors}.{keys}", args.time)
            log.make(settings, args.partitions)
            total = log.load(settings, _traffic(args, visitors, keys))
            loaded[name] = settings, visitors, total
            print(f"  loaded {total:,} events: {name}", flush=True)
    found = Rounds()
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", flush=True)
        for position, (name, (settings, visitors, total)) in enumerate(loaded.items()):
            profile = room.folder / "profile.txt" if args.profile else None
            fresh = log.anew(settings)
            with subjects.worker(fresh, room.folder / "worker.log", profile) as worker:
                found.add(f"worker, {name}", worker.steady(visitors, total))
            if profile:
                print(profile.read_text())
            for peer in args.peers if position == 0 else ():
                with subjects.peer(peer, fresh, room.folder / f"{peer}.log") as other:
                    whole = peer == "handloop"
                    warm = visitors if whole else min(visitors, FAUST_EVENTS // 5)
                    upto = total if whole else warm + FAUST_EVENTS
                    found.add(f"{peer}, {name}", other.steady(warm, upto))
    found.show("Throughput of a backlog")
    _ratios(found, args.peers, next(iter(loaded)))


def _traffic(args: argparse.Namespace, visitors: int, keys: str):  # type: ignore[no-untyped-def]
    now = int(time.time() * 1000) if args.time == "append" else None
    return rows(visitors + args.events, visitors, keys, now=now, each_first=True)


def _ratios(found: Rounds, peers: list[str], name: str) -> None:
    ours = found.cpu(f"worker, {name}")
    for peer in peers:
        theirs = found.cpu(f"{peer}, {name}")
        print(f"{peer} costs {theirs / ours:.2f} times the worker's CPU ({name})")
