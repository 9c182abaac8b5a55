"""A network that drops, cuts, delays and loses data, through a proxy of our own. Packet loss needs nft and root."""

import time

from tests.faults import faults, logs
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, case
from tests.faults.proxy import proxied
from tests.faults.report import Report

CUT_S = 20.0


@case("network")
def black_hole(room: Room) -> list[Report]:
    """No data gets through for 20 s: to the broker, from it, and both ways."""
    ways = [(True, True), (True, False), (False, True)]
    ways = ways * 4 if room.full else ways
    cut = CUT_S if room.full else 7.0
    with proxied() as (own, proxy, near), room.scene("", own) as it:
        it.load(logs.worlds(room.seed, room.times(30, 80)), seconds=len(ways) * (cut + 5))
        it.workers.add_two(TRIGGERS_KAFKA=near)
        for way in ways:
            time.sleep(room.pick.uniform(1, 3))
            with faults.hole(it, proxy, *way):
                time.sleep(cut)
            time.sleep(3)
        return [it.conclude(passed=[AWAY], exits=(0, 1))]


@case("network")
def resets(room: Room) -> list[Report]:
    """Connections are reset at random bytes."""
    count = room.times(10, 60)
    with proxied() as (own, proxy, near), room.scene("", own) as it:
        it.load(logs.worlds(room.seed, 80), seconds=count * 1.5)
        it.workers.add_two(TRIGGERS_KAFKA=near)
        for _ in range(count):
            time.sleep(room.pick.uniform(0.3, 2.5))
            number = proxy.reset(room.pick.choice((0.2, 0.5, 1)), room.pick)
            it.fault(f"{number} connections reset")
        return [it.conclude(passed=[AWAY], exits=(0, 1))]


@case("network")
def slow(room: Room) -> list[Report]:
    """200 ms each way, and 64 kbit/s: everything comes late, but complete."""
    found = []
    for name, latency, rate in (("latency", 0.2, 0), ("64 kbit/s", 0, 8_000)):
        with proxied() as (own, proxy, near), room.scene(name.replace("/", "-"), own) as it:
            it.load(logs.worlds(room.seed, 10), seconds=20)
            it.workers.add_two(TRIGGERS_KAFKA=near)
            with faults.slowed(it, proxy, latency, rate):
                time.sleep(40)
            found.append(it.conclude(passed=[AWAY], exits=(0, 1)))
    return found


@case("network")
def loss(room: Room) -> list[Report]:
    """A third of the packets between workers and broker is dropped, then all of them, by nft."""
    with proxied() as (own, _, near), room.scene("", own) as it:
        it.load(logs.worlds(room.seed, 60), seconds=120)
        it.workers.add_two(TRIGGERS_KAFKA=near)
        for share in (10, 33, 100) * room.times(1, 3):
            with faults.dropped(it, int(near.partition(":")[2]), share):
                time.sleep(12)
            time.sleep(4)
        return [it.conclude(passed=[AWAY], exits=(0, 1))]
