"""Records that are not replicated and so not readable yet; and lost leaders."""

import time
from collections.abc import Sequence

from kafka import TopicPartition

from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, Layout, required
from agents.local.cluster import Cluster, cluster
from agents.local.node import Node
from tests.faults import faults, live
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, case
from tests.faults.clocks import hasty_scene, last
from tests.faults.leaders import leaders, node_of, prefer, told
from tests.faults.report import Report
from tests.faults.scene import Scene
from tests.faults.skewed import LATER, LATER_S, QUIET_S, WITHIN_S

LAG_S = 10
"""Seconds between fetches of a replica: a record may wait this long to be readable."""

SLOW = f"""
replica.fetch.min.bytes=100000000
replica.fetch.wait.max.ms={LAG_S * 1000}
"""
ALONE = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.min.isr": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
"""Broker properties with which the group's commits do not wait for the slow replica."""


@case("clock")
def slow_replica(room: Room) -> list[Report]:
    """One replica of the input fetches every 10 s, so events are readable long after their time. Evidence that follows the
    high watermark has passed them by then, even with equal clocks, and the events are lost."""
    found = []
    for name, patch in (("leaders", "hasty"), ("consumers", "hasty,readable_ends")):
        own = cluster(3, properties=ALONE)
        options = {"document": LATER, "environ": {"TRIGGERS_MARGIN_MS": "0"}}
        with own as brokers, hasty_scene(room, name, cluster=brokers, **options) as it:
            slow = _lay_out(it, brokers)
            it.workers.add_two(patch)
            carts, orders = live.shoppers(room.pick, [f"v{n}" for n in range(160)], it.inputs)
            it.write(live.live([live.event("first", "page.viewed")], it.inputs), 0).finish()
            fetched = time.monotonic()  # the next fetches end LAG_S later, and so on
            it.fault(f"broker {slow.number} fetches every {LAG_S} s")
            it.write(carts, 1, waits=False)
            time.sleep(max(0.0, fetched + LATER_S - 1.5 - time.monotonic()))
            it.write(orders, 1, waits=False)  # before the step is due, readable behind it
            time.sleep(LAG_S + QUIET_S)
            report = it.conclude(copies=False, until=last(it), passed=[AWAY], within=WITHIN_S)
            report.expected = "" if patch == "hasty" else "complete"
            found.append(report)
    return found


@case("broker")
def leaders_lost(room: Room) -> list[Report]:
    """Leaders of the input are killed under live traffic, and the next leaders stamp the records."""
    count = room.times(2, 10)
    with cluster(3) as own, hasty_scene(room, cluster=own) as it:
        it.workers.add_two("hasty")
        for number in range(count):
            names = [f"v{number}-{n}" for n in range(40)]
            carts, orders = live.shoppers(room.pick, names, it.inputs)
            it.write(carts, 4)
            time.sleep(room.pick.uniform(0.5, 3))
            lead = leaders(it, EVENTS)[room.pick.randrange(it.inputs)]
            with faults.away(it, [node_of(own, lead)], killed=True):
                it.write(orders, 4)
                time.sleep(room.pick.uniform(1, 6))
        return [it.conclude(until=last(it), passed=[AWAY], exits=(0, 1))]


def _lay_out(it: Scene, brokers: Cluster) -> Node:
    """One broker leads the input, another has the rest with it, and the third, which is returned, has the input only, late."""
    (lead, *others) = [node.number for node in brokers.nodes]
    fast, slow = others
    layout = Layout(it.inputs, *[len(told(it, "visitor.facts"))] * 2)
    names = [spec.name for spec in required(it.settings, it.recipes.names, layout)]
    events = it.settings.topic(EVENTS)
    _place(it, [name for name in names if name != events], [fast, lead])
    _place(it, [events], [lead, fast, slow])
    node = node_of(brokers, slow)
    prefer(it, EVENTS, list(range(it.inputs)), node_of(brokers, lead))
    node.stop()
    with (node.folder / "server.properties").open("a") as file:
        file.write(SLOW)
    node.launch()
    node.wait_ready()
    _until_in_sync(it, slow)
    return node


def _place(it: Scene, names: Sequence[str], replicas: list[int], within: float = 60) -> None:
    """Moves partitions to these brokers, the first of which is preferred."""
    with cluster_admin.connected(it.settings) as admin:
        found = admin.describe_topics(list(names))
        parts = [
            TopicPartition(topic["name"], part["partition_index"])
            for topic in found
            for part in topic["partitions"]
        ]
        answers = admin.alter_partition_reassignments(dict.fromkeys(parts, replicas))
        assert not any(answers.values()), answers
        limit = time.monotonic() + within
        while admin.list_partition_reassignments():
            assert time.monotonic() < limit, "partitions are still on their way"
            time.sleep(0.2)


def _until_in_sync(it: Scene, number: int, within: float = 60) -> None:
    limit = time.monotonic() + within
    while not all(number in part["isr_nodes"] for part in told(it, EVENTS)):
        assert time.monotonic() < limit, f"broker {number} is not in sync"
        time.sleep(0.5)
