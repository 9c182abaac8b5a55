"""TRIGGERS_DELIVERY=exactly_once: readers of committed records never see a copy."""

import signal
import time

from kafka import KafkaProducer

from agents.config.settings import kafka_python_options
from agents.kafka.topics import EVENTS
from tests.faults import faults, logs
from tests.faults.brokers import AWAY, own_brokers
from tests.faults.cases import ONCE, Room, case
from tests.faults.loader import replayed, send
from tests.faults.processes import freeze_in_turn
from tests.faults.quiet import DOUBTED
from tests.faults.report import Report
from tests.faults.tampering import ENDED

JUNK = 40
"""Events of a transaction that is aborted."""


@case("transactions")
def aborted_input(room: Room) -> list[Report]:
    """A storefront aborts transactions between its events, some of them after seconds. Their events are not read."""
    count = room.times(10, 60)
    lines = logs.worlds(room.seed, 40)
    with room.scene() as it:
        it.load(lines, seconds=count * 3.5)
        it.workers.add_two()
        producer = KafkaProducer(
            **kafka_python_options(it.settings), transactional_id=f"{it.settings.prefix}storefront"
        )
        producer.init_transactions()
        for _ in range(count):
            producer.begin_transaction()
            start = room.pick.randrange(len(lines))
            for given in replayed(lines[start : start + JUNK], it.inputs):
                send(producer, it.settings.topic(EVENTS), given)
            producer.flush()
            time.sleep(room.pick.choice((0.2, 0.5, 3)))
            it.fault(f"{JUNK} events of a transaction aborted")
            producer.abort_transaction()
        producer.close()
        return [it.conclude(copies=False)]


@case("transactions")
def once_killed(room: Room) -> list[Report]:
    """kill -9 at random and at each point of the checkpoint: no copies."""
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
            it.conclude(copies=False, exits=(0, 1, -signal.SIGKILL), passed=[AWAY, DOUBTED, ENDED])
        ]


@case("transactions")
def once_zombie(room: Room) -> list[Report]:
    """A worker is frozen for longer than its session: its open transaction is fenced."""
    count = room.times(2, 10)
    with room.scene(environ=ONCE) as it:
        it.load(logs.worlds(room.seed, 40), seconds=count * 13)
        for _ in range(2):
            it.workers.add()
        freeze_in_turn(room, it, count)
        return [it.conclude(copies=False, exits=(0, 1), passed=[AWAY, DOUBTED, ENDED])]


@case("transactions")
def once_broker(room: Room) -> list[Report]:
    """The broker is killed inside transactions."""
    count = room.times(2, 10)
    with own_brokers(room, 40, count * 8, environ=ONCE) as (it, own):
        for _ in range(count):
            time.sleep(room.pick.uniform(0.5, 3))
            with faults.away(it, own.nodes, killed=True):
                time.sleep(0.5)
            time.sleep(3)
        return [it.conclude(copies=False, exits=(0, 1), passed=[AWAY, DOUBTED, ENDED])]
