"""The leaders and replicas of partitions."""

import time
from typing import Any

from agents.kafka import cluster_admin
from agents.local.cluster import Cluster
from agents.local.node import Node
from tests.faults.scene import Scene

PREFERRED = 0


def node_of(own: Cluster, number: int) -> Node:
    (node,) = [node for node in own.nodes if node.number == number]
    return node


def prefer(it: Scene, topic: str, partitions: list[int], node: Node, within: float = 60) -> None:
    """Lets the preferred leaders of these partitions lead them, and waits until that is `node`."""
    chosen = {it.settings.topic(topic): partitions}
    limit = time.monotonic() + within
    while {leaders(it, topic)[number] for number in partitions} != {node.number}:
        assert time.monotonic() < limit, f"broker {node.number} does not lead"
        time.sleep(0.5)
        with cluster_admin.connected(it.settings) as admin:
            admin.elect_leaders(PREFERRED, chosen, raise_errors=False)


def leaders(it: Scene, topic: str) -> dict[int, int]:
    """The leading broker by partition."""
    return {part["partition_index"]: part["leader_id"] for part in told(it, topic)}


def preferred(it: Scene, topic: str) -> dict[int, int]:
    """The preferred leader by partition."""
    return {part["partition_index"]: part["replica_nodes"][0] for part in told(it, topic)}


def told(it: Scene, topic: str) -> list[dict[str, Any]]:
    """The metadata of each partition: its leader, its replicas, those in sync."""
    with cluster_admin.connected(it.settings) as admin:
        (found,) = admin.describe_topics([it.settings.topic(topic)])
    parts: list[dict[str, Any]] = found["partitions"]
    return parts
