"""TRIGGERS_DELIVERY=exactly_once: whoever reads committed records sees no copy, whatever happens."""

import os
import signal
import time

from agents.local.kafka import cluster
from tests.faults import logs
from tests.faults.brokers import AWAY, node
from tests.faults.cases import Room, case
from tests.faults.processes import DOUBTED
from tests.faults.scene import SESSION_MS, Report
from tests.faults.tampering import ENDED

ONCE = {"TRIGGERS_DELIVERY": "exactly_once"}
FENCED = r"Fenced|fenced|ProducerFenced|NotEnoughReplicas|CoordinatorLoad|epoch"
"""Said by an owner whose partition is another's now, and at a transaction's first record."""


@case("transactions")
def once_killed(room: Room) -> list[Report]:
    """kill -9 at random and at each point of the flush: no copies."""
    count = room.times(6, 30)
    with room.scene(environ=ONCE) as it:
        it.load(logs.worlds(room.seed, 40), seconds=count * 4)
        it.workers.add(f"die:outputs:{room.pick.randrange(3, 9)}", FAULT_DEATHS="3")
        it.workers.add(f"die:state:{room.pick.randrange(3, 9)}", FAULT_DEATHS="3")
        for _ in range(count):
            victim = room.pick.choice(it.workers.all)
            it.workers.answering(victim)
            time.sleep(room.pick.uniform(0.2, 2))
            it.fault(f"kill -9 of worker {victim.slot}")
            it.workers.kill(victim)
        return [
            it.conclude(
                copies=False, exits=(0, 1, -signal.SIGKILL), passed=[AWAY, FENCED, DOUBTED, ENDED]
            )
        ]


@case("transactions")
def once_zombie(room: Room) -> list[Report]:
    """Frozen for longer than its session: what it had in the air is fenced off."""
    count = room.times(2, 10)
    with room.scene(environ=ONCE) as it:
        it.load(logs.worlds(room.seed, 40), seconds=count * 13)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for _ in range(count):
            time.sleep(room.pick.uniform(0.5, 2.5))
            frozen = room.pick.choice(it.workers.all)
            it.fault(f"SIGSTOP of worker {frozen.slot}")
            os.kill(frozen.pid, signal.SIGSTOP)
            try:
                time.sleep(SESSION_MS / 1000 + room.pick.uniform(1, 4))
            finally:
                os.kill(frozen.pid, signal.SIGCONT)
        return [it.conclude(copies=False, exits=(0, 1), passed=[AWAY, FENCED, DOUBTED, ENDED])]


@case("transactions")
def once_broker(room: Room) -> list[Report]:
    """The broker is killed inside transactions."""
    count = room.times(2, 10)
    with cluster(1) as own, room.scene("", own, environ=ONCE) as it:
        it.load(logs.worlds(room.seed, 40), seconds=count * 8)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for _ in range(count):
            time.sleep(room.pick.uniform(0.5, 3))
            it.fault("kill -9 of the broker")
            node(own).kill()
            node(own).start()
            time.sleep(3)
        return [it.conclude(copies=False, exits=(0, 1), passed=[AWAY, FENCED, DOUBTED, ENDED])]
