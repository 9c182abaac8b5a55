"""Brokers that are down, restarted, killed or frozen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agents.local.cluster import Cluster, cluster
from tests.faults import faults, logs
from tests.faults.cases import Room, case
from tests.faults.report import Report
from tests.faults.scene import SESSION_MS, Scene

AWAY = r"aiokafka|faust|mode\.|Connection|no_broker|kafka\."
"""Clients log many lines while no broker answers. None comes from the project's own loggers."""


@contextmanager
def own_brokers(
    room: Room, worlds: int, seconds: float, count: int = 1, **options: Any
) -> Iterator[tuple[Scene, Cluster]]:
    """A running scene: two ready workers, and a log that is being written. `count` 1: the room's broker, which no other
    case uses; else this many brokers of its own."""
    with several(room, count) as own, room.scene("", own, **options) as it:
        it.load(logs.worlds(room.seed, worlds), seconds)
        it.workers.add_two()
        yield it, own


@contextmanager
def several(room: Room, count: int) -> Iterator[Cluster]:
    if count == len(room.cluster.nodes):
        yield room.cluster
    else:
        with cluster(count) as own:
            yield own


@case("broker")
def restart(room: Room) -> list[Report]:
    """The only broker is stopped and killed in turn. Nothing is lost; workers wait."""
    count = room.times(2, 24)
    with own_brokers(room, room.times(12, 80), count * 6) as (it, own):
        for number in range(count):
            time.sleep(room.pick.uniform(0.5, 3))
            with faults.away(it, own.nodes, killed=bool(number % 2)):
                time.sleep(room.pick.uniform(0, 2))
            time.sleep(2)
        return [it.conclude(passed=[AWAY])]


@case("broker")
def long_away(room: Room) -> list[Report]:
    """No broker for 70 s: longer than sessions, requests and metadata last. Workers are live, not ready."""
    with own_brokers(room, 40, 20) as (it, own):
        time.sleep(5)
        with faults.away(it, own.nodes, killed=True):
            time.sleep(70)
            live = [worker.page("live")[0] for worker in it.workers.all]
            ready = [worker.page("ready")[0] for worker in it.workers.all]
        report: Report = it.conclude(passed=[AWAY])
        assert ready == [503, 503], ready
        assert live == [200, 200], live
        return [report]


@case("broker")
def down_at_start(room: Room) -> list[Report]:
    """Workers start before any broker does. One of them gets SIGTERM meanwhile, and exits with 0 in time."""
    with room.scene() as it:
        with faults.away(it, room.cluster.nodes, killed=False):
            for _ in range(3):
                it.workers.add()
            for worker in it.workers.all:
                it.workers.serving(worker)
            time.sleep(3)
            assert [worker.page("ready")[0] for worker in it.workers.all] == [503] * 3
            it.fault("SIGTERM without a broker")
            assert it.workers.remove(it.workers.all[2]) < 10
            assert it.workers.exits[-1].code == 0, it.workers.exits
        it.load(logs.worlds(room.seed, 10), seconds=3)
        return [it.conclude(copies=False, passed=[AWAY])]


@case("broker", star=True)
def frozen(room: Room) -> list[Report]:
    """SIGSTOP of the broker, for longer than a session. Its sockets stay open, and it does not answer."""
    count, cold = (5, 20.0) if room.full else (1, SESSION_MS / 1000 + 4)
    with own_brokers(room, room.times(20, 60), count * (cold + 8)) as (it, own):
        for _ in range(count):
            time.sleep(room.pick.uniform(1, 4))
            with faults.frozen(it, own.nodes[0]):
                time.sleep(cold)
            time.sleep(4)
        return [it.conclude(passed=[AWAY])]


@case("broker")
def three(room: Room) -> list[Report]:
    """Three brokers are killed in turn (including leaders, coordinator and controller), then two at
    once. Below the minimum of in-sync replicas nothing is acknowledged, and nothing is lost."""
    count = room.times(4, 12)
    with own_brokers(room, 60, count * 14, count=3) as (it, own):
        for number in range(count):
            time.sleep(room.pick.uniform(1, 4))
            nodes = room.pick.sample(own.nodes, 2 if number % 4 == 3 else 1)
            with faults.away(it, nodes, killed=True):
                time.sleep(room.pick.uniform(3, 8))
        return [it.conclude(passed=[AWAY], exits=(0, 1))]


@case("broker")
def rolling_brokers(room: Room) -> list[Report]:
    """Three brokers are restarted one after another. Workers continue."""
    with own_brokers(room, 60, 70, count=3) as (it, own):
        for each in own.nodes * room.times(1, 2):
            with faults.away(it, [each], killed=False):
                time.sleep(1)
            time.sleep(3)
        return [it.conclude(passed=[AWAY])]
