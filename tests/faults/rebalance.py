"""Workers join and leave: partitions change owners, and return."""

import time

from tests.faults import logs
from tests.faults.cases import Room, case
from tests.faults.report import Report

EVERY_S = 3.0


@case("rebalance")
def storm(room: Room) -> list[Report]:
    """A worker joins or leaves every 3 s."""
    count = room.times(10, 40)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(25, 100)), seconds=count * EVERY_S)
        workers = [it.workers.add() for _ in range(2)]
        away: list[int] = []
        for _ in range(count):
            time.sleep(EVERY_S)
            index = room.pick.randrange(3)
            if index == len(workers):
                it.fault("a third worker joins")
                workers.append(it.workers.add())
            elif index in away:
                it.fault(f"worker {index + 1} joins")
                away.remove(index)
                it.workers.again(workers[index])
            elif len(away) < len(workers) - 1:
                it.fault(f"worker {index + 1} leaves")
                away.append(index)
                it.workers.remove(workers[index])
            else:
                it.fault(f"worker {away[0] + 1} joins")
                it.workers.again(workers[away.pop(0)])
        return [it.conclude()]


@case("rebalance")
def crowd(room: Room) -> list[Report]:
    """More workers than partitions. Those without one are idle, and take over."""
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 40), seconds=45)
        for _ in range(6):
            it.workers.add()
        for _ in range(8):
            time.sleep(EVERY_S)
            victim = room.pick.choice(it.workers.all)
            it.fault(f"kill -9 of worker {victim.slot}")
            it.workers.kill(victim)
        return [it.conclude()]


@case("rebalance")
def back_and_forth(room: Room) -> list[Report]:
    """A partition returns twice: the same second worker joins, leaves and joins at once."""
    count = room.times(3, 10)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 60), seconds=count * 8)
        it.workers.add()
        other = it.workers.add()
        it.workers.until_ready()
        for _ in range(count):
            time.sleep(room.pick.uniform(0.5, 2))
            it.fault("kill -9, back at once")
            it.workers.kill(other)
            time.sleep(room.pick.uniform(1, 3))
            it.fault("SIGTERM, back at once")
            it.workers.remove(other)
            it.workers.again(other)
        return [it.conclude()]


@case("rebalance")
def rolling(room: Room) -> list[Report]:
    """All workers are restarted one after another, with and without static membership: no copies."""
    found = []
    for named in (False, True):
        with room.scene("named" if named else "unnamed") as it:
            it.load(logs.worlds(room.seed, 60), seconds=50)
            for number in range(3):
                name = {"TRIGGERS_INSTANCE_ID": f"worker-{number}"} if named else {}
                it.workers.add(**name)
            it.workers.until_ready()
            for _ in range(3):
                for worker in it.workers.all:
                    it.fault(f"restart of worker {worker.slot}")
                    it.workers.remove(worker)
                    assert it.workers.exits[-1].code == 0, it.workers.exits
                    it.workers.again(worker)
                    it.workers.until_ready()
            found.append(it.conclude(copies=False))
    return found


@case("upgrade")
def mixed(room: Room) -> list[Report]:
    """Workers with and without the compiled part in one group: each reads the other's states, and no copy
    after a kill differs in bytes."""
    count = room.times(3, 20)
    with room.scene() as it:
        it.load(logs.worlds(room.seed, room.times(15, 60)), seconds=count * EVERY_S)
        for built in ("yes", "no"):
            it.workers.add(TRIGGERS_COMPILED=built)
        it.workers.until_ready()
        for _ in range(count):
            time.sleep(room.pick.uniform(1, EVERY_S))
            worker = room.pick.choice(it.workers.all)
            it.fault(f"kill -9 of worker {worker.slot}, {worker.environ['TRIGGERS_COMPILED']}")
            it.workers.kill(worker)
        return [it.conclude()]
