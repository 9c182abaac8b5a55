"""Negative controls: builds broken on purpose. The named invariant must catch each of them."""

import os
import re
import signal
import time
from dataclasses import replace

import psutil

from tests.faults import clocks, keyed_logs, live, logs
from tests.faults.cases import Room, case
from tests.faults.report import Report
from tests.faults.scene import Scene

TRIES = 3
"""A crash must hit a window. If it does not, the next seed is tried."""


SLIP = re.compile(r"(failed error=|Crashed reason=)(Type|Attribute|Name|Import|Key)Error.*")


def caught(room: Room, invariant: str, run: object) -> list[Report]:
    """The report of the first run that broke the invariant, else of the last run.

    The patches change delivery at least once, so the runs have that, whatever the room says."""
    report: Report
    for number in range(TRIES):
        tried = replace(room, seed=room.seed + 1000 * number, once=False)
        report = run(tried)  # type: ignore[operator]
        report.expected = invariant
        if invariant in report.broken:
            break
    return [report]


def crashes(room: Room, patch: str, kills: int = 6) -> Report:
    """kill -9 of both workers in turn."""
    with room.scene() as it:
        for _ in range(2):
            it.workers.answering(it.workers.add(patch))
        it.load(logs.worlds(room.seed, 30), seconds=kills * 4)
        for number in range(kills):
            time.sleep(room.pick.uniform(1, 2))
            victim = it.workers.all[number % 2]
            it.workers.answering(victim)
            it.fault(f"kill -9 of worker {victim.slot}")
            it.workers.kill(victim)
        return concluded(it)


def concluded(it: Scene, **options: object) -> Report:
    """Broken builds need not end cleanly, nor drain. But they must run, or the control shows nothing."""
    slip = SLIP.search(it.workers.logs())
    assert slip is None, f"the patch does not fit the code: {slip}"
    options = {"within": 40.0, "exits": (0, 1, -signal.SIGKILL), "passed": ["."], **options}
    return it.conclude(**options)  # type: ignore[arg-type]


@case("control", star=True)
def wall_clock_timers(room: Room) -> list[Report]:
    """Timers follow the worker's own clock: triggers are false after an outage."""
    return caught(
        room, "sound", lambda r: clocks.outage(r, patch="hasty,wall_clock", away=1, within=7)
    )


@case("control")
def acked_at_receipt(room: Room) -> list[Report]:
    """Offsets are committed at the fetch: unfinished batches are lost."""
    return caught(room, "complete", lambda r: crashes(r, "acked_at_receipt"))


@case("control")
def state_before_output(room: Room) -> list[Report]:
    """State and offset are written before the outputs: outputs are lost."""
    return caught(room, "complete", lambda r: crashes(r, "state_before_output"))


@case("control")
def commit_before_changelog(room: Room) -> list[Report]:
    """The commit does not wait for the changelog: state is lost."""
    return caught(room, "state", lambda r: crashes(r, "commit_before_changelog"))


@case("control")
def uuid_ids(room: Room) -> list[Report]:
    """Ids are random: every trigger differs from the expected one."""
    return caught(room, "sound", lambda r: crashes(r, "uuid_ids", kills=1))


@case("control")
def deadlines_not_rebuilt(room: Room) -> list[Report]:
    """A restore arms no deadlines: states without new events never fire."""
    return caught(room, "complete", _silent)


def _silent(room: Room) -> Report:
    with clocks.hasty_scene(room) as it:
        worker = it.workers.add("hasty,deadlines_not_rebuilt")
        it.workers.until_ready()
        names = [f"v{n}" for n in range(40)]
        it.write(live.live([live.cart(name) for name in names], it.inputs), 1).finish()
        time.sleep(2)
        it.fault("kill -9")
        it.workers.kill(worker)
        return concluded(it, until=clocks.last(it))


@case("control")
def no_ownership(room: Room) -> list[Report]:
    """State of revoked partitions is kept and used again: the work of other owners is repeated."""
    return caught(room, "unique", _coming_and_going)


def _coming_and_going(room: Room, patch: str = "no_ownership") -> Report:
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 30), seconds=40)
        it.workers.add(patch)
        other = it.workers.add(patch)
        it.workers.until_ready()
        for _ in range(5):
            time.sleep(3)
            it.fault("SIGTERM of worker 2, back after 3 s")
            it.workers.remove(other)
            time.sleep(3)
            it.workers.again(other)
        return concluded(it, copies=False)


@case("control")
def rejected_after_ack(room: Room) -> list[Report]:
    """Rejected records are sent after the commit: they are lost."""
    return caught(room, "rejected", lambda r: _dying(r, "rejected_after_ack", "committed"))


@case("control")
def no_applied_guard(room: Room) -> list[Report]:
    """Input that is already in the state is applied again."""
    return caught(room, "state", lambda r: _dying(r, "no_applied_guard", "commit"))


def _dying(room: Room, patch: str, point: str) -> Report:
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 30), seconds=25)
        for nth in (3, 5):
            it.workers.add(f"{patch},die:{point}:{nth}", FAULT_DEATHS="4")
        it.fault(f"died at the point {point}, up to 4 times each")
        while it.loading:
            time.sleep(0.2)
        return concluded(it)


@case("control")
def last_record_wins(room: Room) -> list[Report]:
    """A restore takes the last record: a late write of a former owner undoes the new owner's work."""
    return caught(room, "state", lambda r: late_writer(r, "last_record_wins,"))


@case("control")
def keys_do_not_wait_for_all_sources(room: Room) -> list[Report]:
    """The keys stage follows the partition furthest ahead: claims of the others come too late and are lost."""
    patch = "lagging_partitions,keys_do_not_wait_for_all_sources"
    return caught(room, "named", lambda r: _by_keys(r, patch))


@case("control")
def people_do_not_wait_for_keys(room: Room) -> list[Report]:
    """The people stage follows the visitors only: facts of keys come too late and are lost."""
    return caught(room, "named", lambda r: _by_keys(r, "people_do_not_wait_for_keys"))


@case("control")
def null_ignored(room: Room) -> list[Report]:
    """`customer: null` is left out like any other null: the previous customer is reminded of the next one's cart."""
    return caught(room, "sound", lambda r: _by_keys(r, "null_ignored"))


def _by_keys(room: Room, patch: str) -> Report:
    with room.scene() as it:
        for _ in range(2):
            it.workers.add(patch)
        it.workers.until_ready()
        it.load(keyed_logs.log(room.seed, 60), seconds=5)
        return concluded(it)


@case("processes")
def zombie_points(room: Room) -> list[Report]:
    """A worker is frozen between outputs and state until another has taken over, then resumed. It writes old state,
    and then both are killed, so that all is restored."""
    return [late_writer(room, "") for _ in range(room.times(1, 6))]


def late_writer(room: Room, patch: str) -> Report:
    with room.scene() as it:
        nth = room.pick.randrange(4, 12)
        frozen = it.workers.add(f"{patch}freeze:outputs:{nth}")
        other = it.workers.add(patch.strip(","))
        it.workers.until_ready()
        it.load(logs.worlds(room.seed, 30), seconds=40)
        limit = time.monotonic() + 30
        while psutil.Process(frozen.pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < limit, "it did not freeze"
            time.sleep(0.05)
        it.fault("SIGSTOP between outputs and state, for 11 s")
        try:
            time.sleep(11)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        time.sleep(1)
        for worker in (other, frozen):
            it.fault(f"kill -9 of worker {worker.slot}")
            it.workers.kill(worker)
        if patch:
            return concluded(it)
        return it.conclude(exits=(0, 1), passed=["."])
