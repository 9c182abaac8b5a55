"""Brokers that are away, restarted, killed or frozen."""

import time

from agents.local.kafka import Cluster, cluster
from agents.local.node import Node
from tests.faults import logs
from tests.faults.cases import Room, case
from tests.faults.scene import Report

AWAY = r"aiokafka|faust|mode\.|Connection|no_broker|kafka\."
"""Clients say a good deal while no broker answers; none of it comes from the project's own loggers."""


def node(of: Cluster) -> Node:
    return of.nodes[0]


@case("broker", star=True)
def restart(room: Room) -> list[Report]:
    """The only broker ends in order and is killed, by turns; nothing is lost, workers wait."""
    count = room.times(4, 24)
    with cluster(1) as own, room.scene("", own) as it:
        it.load(logs.worlds(room.seed, room.times(20, 80)), seconds=count * 8)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for number in range(count):
            time.sleep(room.pick.uniform(0.5, 3))
            if number % 2:
                it.fault("kill -9 of the broker")
                node(own).kill()
            else:
                it.fault("SIGTERM of the broker")
                node(own).stop(30)
            time.sleep(room.pick.uniform(0, 2))
            node(own).start()
            time.sleep(2)
        return [it.conclude(passed=[AWAY], exits=(0,))]


@case("broker")
def long_away(room: Room) -> list[Report]:
    """No broker for 70 s: longer than sessions, requests and metadata live."""
    with cluster(1) as own, room.scene("", own) as it:
        it.load(logs.worlds(room.seed, 40), seconds=20)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        time.sleep(5)
        it.fault("broker away for 70 s")
        node(own).kill()
        time.sleep(70)
        live = [worker.page("live")[0] for worker in it.workers.all]
        ready = [worker.page("ready")[0] for worker in it.workers.all]
        node(own).start()
        report: Report = it.conclude(passed=[AWAY], exits=(0,))
        report.notes = {"live": live, "ready": ready}
        assert ready == [503, 503], ready
        assert live == [200, 200], live
        return [report]


@case("broker", star=True)
def down_at_start(room: Room) -> list[Report]:
    """Workers start before any broker does, one of them is told to go meanwhile: exit 0 in time."""
    with cluster(1) as own, room.scene("", own) as it:
        it.fault("broker down before the workers start")
        node(own).stop(30)
        try:
            for _ in range(3):
                it.workers.add()
            time.sleep(6)
            assert [worker.page("ready")[0] for worker in it.workers.all] == [503] * 3
            it.fault("SIGTERM without a broker")
            assert it.workers.remove(it.workers.all[2]) < 10
            assert it.workers.exits[-1].code == 0, it.workers.exits
        finally:
            node(own).start()
        it.load(logs.worlds(room.seed, 20), seconds=3)
        return [it.conclude(copies=False, passed=[AWAY])]


@case("broker", star=True)
def frozen(room: Room) -> list[Report]:
    """SIGSTOP of the broker for 20 s: its sockets are open and nothing answers."""
    count = room.times(1, 5)
    with cluster(1) as own, room.scene("", own) as it:
        it.load(logs.worlds(room.seed, room.times(30, 60)), seconds=count * 30)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for _ in range(count):
            time.sleep(room.pick.uniform(1, 4))
            it.fault("SIGSTOP of the broker for 20 s")
            node(own).freeze()
            try:
                time.sleep(20)
            finally:
                node(own).thaw()
            time.sleep(5)
        return [it.conclude(passed=[AWAY], exits=(0,))]


@case("broker")
def three(room: Room) -> list[Report]:
    """Three brokers, killed in turn (leaders, coordinator and controller are among them), and two at
    once: below the least of in-sync replicas nothing is acknowledged, and nothing lost."""
    count = room.times(3, 12)
    with cluster(3) as own, room.scene("", own) as it:
        it.load(logs.worlds(room.seed, 60), seconds=count * 14)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for number in range(count):
            time.sleep(room.pick.uniform(1, 4))
            away = room.pick.sample(own.nodes, 2 if number % 4 == 3 else 1)
            it.fault(f"kill -9 of broker {[n.number for n in away]}")
            for each in away:
                each.kill()
            time.sleep(room.pick.uniform(3, 8))
            for each in away:
                each.start()
        return [it.conclude(passed=[AWAY], exits=(0, 1))]


@case("broker")
def rolling_brokers(room: Room) -> list[Report]:
    """Three brokers restarted in order, one after another: workers go on."""
    with cluster(3) as own, room.scene("", own) as it:
        it.load(logs.worlds(room.seed, 60), seconds=70)
        for _ in range(2):
            it.workers.add()
        it.workers.until_ready()
        for each in own.nodes * room.times(1, 2):
            it.fault(f"restart of broker {each.number}")
            each.stop(30)
            each.start()
            time.sleep(3)
        return [it.conclude(passed=[AWAY], exits=(0,))]
