"""(g) Cost per event while one quantity grows tenfold and the rest stays: it must stay flat.

The quantities: visitors, lines per cart, open episodes per partition, partitions. Time is the
records', so carts can be an hour old. Preparing a state is not measured. Audiences are measured where
visits end, because only then a person enters or leaves; each visitor's first visit is not measured there.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench import audiences, log, subjects
from tests.bench.room import Room
from tests.bench.table import Rounds
from tests.bench.traffic import PRODUCTS, SHORT, START, Row, rows

SMOKE: Final = "--cases open-10 --events 150000 --rounds 1"
MINUTE: Final = 60_000


class Case(NamedTuple):
    """`open`: episodes in each partition · `audiences`: in force while visits end, None: no visit ends."""

    visitors: int = 10_000
    lines: int = 0
    open: int = 0
    partitions: int = 4
    audiences: int | None = None


CASES: Final = {
    "visitors-1000": Case(visitors=1_000),
    "visitors-10000": Case(),
    "visitors-100000": Case(visitors=100_000),
    "lines-1": Case(lines=1),
    "lines-10": Case(lines=10),
    "lines-100": Case(lines=100),
    "open-10": Case(open=10),
    "open-100": Case(open=100),
    "open-1000": Case(open=1_000),
    "open-10000": Case(open=10_000),
    "partitions-1": Case(partitions=1),
    "partitions-40": Case(partitions=40),
    "audiences-0": Case(audiences=0),
    "audiences-20": Case(audiences=20),
}
"""Cases by growing quantity and its size. All else is as in visitors-10000."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--events", type=int, default=400_000, help="measured in each round")
    parser.add_argument("--rounds", type=int, default=2)


def run(args: argparse.Namespace, room: Room) -> None:
    loaded = {}
    for number, name in enumerate(args.cases):
        case = CASES[name]
        settings = log.settings_of(room.bootstrap, f"growth.{number}", "record")
        if case.audiences is not None:
            settings = replace(settings, recipes=_recipes(room, case.audiences))
        log.make(settings, case.partitions)
        before = log.load(settings, prepared(case))
        warm, traffic = _traffic(case, args.events)
        loaded[name] = settings, before + warm, before + log.load(settings, traffic)
    found = Rounds()
    for number in range(args.rounds):
        print(f"round {number + 1} of {args.rounds}", flush=True)
        for name, (settings, warm, total) in loaded.items():
            with subjects.Worker(log.anew(settings), room.folder / "worker.log") as worker:
                found.add(name, worker.steady(warm, total))
    for settings, _, _ in loaded.values():
        log.drop(settings)
    found.show("Cost per event as one thing grows")


def _traffic(case: Case, events: int) -> tuple[int, Iterator[Row]]:
    """The number of warm-up events, and all events."""
    if case.audiences is not None:
        warm = case.visitors * SHORT
        return warm, rows(warm + events, case.visitors, "ending")
    carted = case.open * case.partitions + (case.visitors if case.lines else 0)
    warm = case.visitors + events // 3 + 4 * carted  # facts of what was prepared are applied
    start = START + 6 * MINUTE  # after the 5 in which who has a cart falls idle
    return warm, rows(
        warm + events, case.visitors, start=start, carts=not case.lines, each_first=True
    )


def _recipes(room: Room, count: int) -> Path:
    """Writes a recipe file with `count` audiences."""
    file = room.folder / f"audiences-{count}.json"
    file.write_text(json.dumps(audiences.document(count)))
    return file


def prepared(case: Case) -> Iterator[Row]:
    """Yields carts of the visitors, and carts that others abandoned before the traffic begins."""
    carts = (
        _cart(b"visitor-%08d" % n, case.lines) for n in range(case.visitors if case.lines else 0)
    )
    left = (_cart(b"gone-%08d" % n, 2) for n in range(case.open * case.partitions))
    return chain(carts, left)


def _cart(visitor: bytes, lines: int) -> Row:
    items = b",".join(
        b'{"product_%b,"variant_id":"%d","quantity":1}' % (PRODUCTS[n % 500][1:], n)
        for n in range(lines)
    )
    value = b'{"id":"cart-%b","visitor":"%b","customer":"of-%b","type":"cart.updated","cart":{"items":[%b]}}'
    return Row(START, visitor, value % (visitor, visitor, visitor, items))
