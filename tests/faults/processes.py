"""Workers that are killed, stopped, frozen, or have a programming error."""

import re
import signal
import time

from tests.faults import faults, logs, raw
from tests.faults.cases import Room, case
from tests.faults.quiet import DOUBTED
from tests.faults.report import Report
from tests.faults.scene import SESSION_MS, Scene

POINTS = ("outputs", "state", "commit", "committed")


@case("processes", star=True)
def kill(room: Room) -> list[Report]:
    """kill -9 of one of two workers, at random."""
    count = room.times(6, 60)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(25, 150)), seconds=count * 4)
        for _ in range(2):
            it.workers.add()
        for _ in range(count):
            victim = room.pick.choice(it.workers.all)
            if room.pick.random() < 0.7:
                it.workers.answering(victim)
            time.sleep(room.pick.uniform(0.2, 2))
            it.fault(f"kill -9 of worker {victim.slot}")
            it.workers.kill(victim)
        return [it.conclude()]


@case("processes", star=True)
def points(room: Room) -> list[Report]:
    """kill -9 after outputs, after state, before and after the commit, several times for each worker."""
    each = [(point, point) for point in POINTS]
    pairs, deaths = (each, 25) if room.full else ([("outputs+commit", "state+committed")], 2)
    return [_dying(room, *pair, deaths) for pair in pairs]


def _dying(room: Room, one: str, other: str, deaths: int) -> Report:
    with room.scene(one) as it:
        loader = it.load(logs.worlds(room.seed, room.times(20, 80)), room.times(40, deaths * 3))
        for points in (one, other):
            nth = room.pick.randrange(2, 6)
            it.workers.add(f"die:{points}:{nth}", FAULT_DEATHS=str(deaths))
        limit = time.monotonic() + room.times(40, deaths * 12)
        while it.loading and len(it.workers.exits) < 2 * deaths and time.monotonic() < limit:
            time.sleep(0.1)
        loader.hurry()
        report: Report = it.conclude(exits=(0, -signal.SIGKILL))
        died = re.findall(r"fault: SIGKILL at (\w+)", it.workers.logs())
        assert set(died) == {*one.split("+"), *other.split("+")}
        report.faults += [(0.0, f"died at {point}") for point in died]
        return report


@case("processes", star=True)
def sigterm(room: Room) -> list[Report]:
    """A worker gets SIGTERM and starts again: exit 0 in time, no copies."""
    count = room.times(2, 30)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(15, 80)), seconds=count * 5)
        it.workers.add_two()
        for _ in range(count):
            time.sleep(room.pick.uniform(0.5, 2))
            told = room.pick.choice(it.workers.all)
            it.fault(f"SIGTERM of worker {told.slot}")
            seconds = it.workers.remove(told)
            assert seconds < 10, f"SIGTERM took {seconds:.1f} s"
            assert it.workers.exits[-1].code == 0, it.workers.exits
            it.workers.again(told)
            it.workers.until_ready()
        return [it.conclude(copies=False)]


@case("processes")
def sigterm_anywhen(room: Room) -> list[Report]:
    """SIGTERM at a random moment of a worker's first seconds: while it starts, restores or rebalances."""
    count = room.times(3, 30)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 60), seconds=count * 4)
        it.workers.add()
        coming = it.workers.add()
        for _ in range(count):
            time.sleep(room.pick.uniform(0.2, 4))
            it.fault("SIGTERM of a worker that comes")
            seconds = it.workers.remove(coming)
            assert seconds < 10, f"SIGTERM took {seconds:.1f} s"
            assert it.workers.exits[-1].code in (0, -signal.SIGTERM), it.workers.exits
            it.workers.again(coming)
        return [it.conclude()]


@case("processes", star=True)
def zombie(room: Room) -> list[Report]:
    """A worker is frozen for longer than its session, and resumes with old partitions in memory."""
    count = room.times(1, 20)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(25, 100)), seconds=count * 15)
        for _ in range(2):
            it.workers.add()
        freeze_in_turn(room, it, count)
        return [it.conclude(passed=[DOUBTED], exits=(0, 1))]


def freeze_in_turn(room: Room, it: Scene, count: int) -> None:
    for _ in range(count):
        time.sleep(room.pick.uniform(0.5, 2.5))
        it.workers.until_ready()  # with transactions, who wakes up is fenced and starts anew
        with faults.stopped(it, room.pick.choice(it.workers.all)):
            time.sleep(SESSION_MS / 1000 + room.pick.uniform(1, 4))


@case("processes")
def bug(room: Room) -> list[Report]:
    """An event triggers a programming error: every worker ends, and nothing is skipped."""
    lines = logs.worlds(room.seed, 20)
    middle = len(lines) // 2
    time_of = (
        lines[middle].split(b'"t": ')[-1].split(b",")[0] if b'"t": ' in lines[middle] else b"0"
    )
    event = b'{"t": %s, "id": "bug", "type": "page.viewed", "visitor": "bug"}' % time_of
    with room.scene() as it:
        it.load([*lines[:middle], event, *lines[middle:]], seconds=5)
        worker = it.workers.add("bug")
        limit = time.monotonic() + 60
        while len(it.workers.exits) < 3 and time.monotonic() < limit:
            time.sleep(0.2)
        it.fault("an event that raises ended the worker three times")
        it.workers.remove(worker, signal.SIGKILL)
        with raw.Tail(it.settings, ["storefront.events"]) as tail:
            (at,) = [(r.partition, r.offset) for r in tail.read() if r.key == b"bug"]
        offsets = raw.committed(it.settings)
        assert offsets.get(("storefront.events", at[0]), 0) <= at[1], "skipped"
        assert {e.code for e in it.workers.exits if not e.told} == {1}, it.workers.exits
        named = re.search(r"ZeroDivisionError \(in \S+ (\d+), at offset (\d+) ", it.workers.logs())
        assert named, "the log does not name the partition"
        assert int(named[1]) == at[0], (named[0], at)
        assert int(named[2]) <= at[1], (named[0], at)
        it.workers.add()
        return [it.conclude(exits=(0, 1), passed=["failed error=ZeroDivisionError", "^ +File"])]
