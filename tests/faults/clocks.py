"""Time advances by evidence only: outages with a backlog, wrong wall clocks, quiet partitions."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults import live
from tests.faults.cases import Room, Skipped, case
from tests.faults.report import Report
from tests.faults.scene import DRAINED_S, Scene

OUTAGE_S = 12.0
KEEPALIVE = "Thread keepalive"
"""Faust checks its own thread with the wall clock, which jumps here."""

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@contextmanager
def hasty_scene(room: Room, name: str = "", **options: object) -> Iterator[Scene]:
    """A live scene with shortened idle times."""
    given: dict[str, Any] = {"live": True, "document": live.RECIPES, **options}
    with live.hastened(), room.scene(name, **given) as it:
        yield it


def last(it: Scene) -> int:
    """The time (ms) up to which is judged, when all expected records are due."""
    for loader in it.loaders:
        loader.finish()
    return int(time.time() * 1000) + live.DUE_MS


def outage(
    room: Room,
    name: str = "",
    patch: str = "hasty",
    rounds: int = 1,
    away: float = OUTAGE_S,
    within: float = DRAINED_S,
) -> Report:
    """All workers are down while carts and later orders for half of them come, and for `away` s after that."""
    with hasty_scene(room, name) as it:
        it.workers.add_two(patch)
        for number in range(rounds):
            names = [f"v{number}-{n}" for n in range(120)]
            carts, orders = live.shoppers(room.pick, names, it.inputs)
            third = len(carts) // 3
            it.write(carts[:third], 2).finish()
            it.fault("kill -9 of all workers, carts and later orders meanwhile")
            for worker in it.workers.all:
                it.workers.remove(worker, signal.SIGKILL)
            it.write(carts[third : 2 * third], 2).finish()
            time.sleep(2)
            it.write(orders, 1).finish()
            time.sleep(away)
            for worker in it.workers.all:
                it.workers.again(worker)
            it.write(carts[2 * third :], 1).finish()
        return it.conclude(until=last(it), within=within)


@case("processes")
def backlog(room: Room) -> list[Report]:
    """All workers are down during carts and later orders. No trigger is false, and none is missing."""
    return [outage(room, rounds=room.times(1, 8))]


@case("data")
def quiet_partition(room: Room) -> list[Report]:
    """One cart in each partition, and then no input. Each fires in time."""
    with hasty_scene(room) as it:
        it.workers.add_two("hasty")
        it.fault("no further traffic")
        names = [f"q{n}" for n in range(12)]
        it.write(live.live([live.cart(name) for name in names], it.inputs), 1).finish()
        report = it.conclude(copies=False, until=last(it))
        assert report.verdict.triggers == 2 * len(names)
        assert report.recovery < 25, f"{report.recovery:.1f} s"
        return [report]


@case("clock", star=True)
def wall_clock(room: Room) -> list[Report]:
    """The workers' clock is 3 h ahead, 3 h behind, jumps, or runs at double rate."""
    if not FAKETIME.exists():
        raise Skipped("libfaketime is not installed (apt-get install faketime)")
    found = []
    named = {"ahead": "+3h", "behind": "-3h", "double": "+0 x2", "jumping": None}
    for name, faked in list(named.items()) if room.full else [("ahead", "+3h")]:
        with hasty_scene(room, name) as it:
            jumps = it.folder / "faketime"
            environ = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            jumps.write_text("+0")
            if faked is None:
                environ |= {"FAKETIME_TIMESTAMP_FILE": str(jumps), "FAKETIME_NO_CACHE": "1"}
            else:
                environ["FAKETIME"] = faked
            it.workers.add_two("hasty", **environ)
            it.fault(f"the workers' clock: {faked or 'jumps'}")
            _shop(it, room.pick, jumps if faked is None else None)
            found.append(it.conclude(copies=False, until=last(it), passed=[KEEPALIVE]))
    return found


def _shop(it: Scene, pick: random.Random, jumps: Path | None) -> None:
    carts, orders = live.shoppers(pick, [f"v{n}" for n in range(120)], it.inputs)
    it.write(carts, 5)
    time.sleep(2)
    it.write(orders, 4)
    for offset in ("+1h", "-2h", "+30s", "-1d", "+0") if jumps else ():
        it.fault(f"the workers' clock jumps to {offset}")
        assert jumps
        passing = jumps.with_suffix(".new")
        passing.write_text(offset)
        os.replace(passing, jumps)
        time.sleep(2)
