"""Brokers whose clocks do not agree: what the margin of the evidence is for."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agents import topics
from agents.local.kafka import Cluster, cluster
from agents.local.node import Node
from agents.topic_list import EVENTS, FACTS
from tests.faults import live
from tests.faults.cases import Room, Skipped, case
from tests.faults.clocks import FAKETIME, hasty_scene, last
from tests.faults.report import Report
from tests.faults.scene import Scene

AHEAD_S = 4
"""Less than the recipes' first step: so much too early it comes at the most."""

WITHIN_S = 25.0
PREFERRED = 0


@case("clock")
def skewed_brokers(room: Room) -> list[Report]:
    """One of three brokers is 4 s ahead, and it stamps the marks: without a margin triggers are false, for
    orders still come with a time that was said to be over; with a margin above the skew none is."""
    if not FAKETIME.exists():
        raise Skipped("libfaketime is not installed (apt-get install faketime)")
    found = []
    for name, margin_ms in (("margin", (AHEAD_S + 2) * 1000), ("none", 0)):
        environ = {"TRIGGERS_MARGIN_MS": str(margin_ms)}
        with cluster(3) as own, hasty_scene(room, name, cluster=own, environ=environ) as it:
            _set_ahead(it, own)
            for _ in range(2):
                it.workers.add("hasty")
            it.workers.until_ready()
            _shop(it, room)
            report = it.conclude(copies=False, until=last(it), within=WITHIN_S)
            report.expected = "" if margin_ms else "sound"
            found.append(report)
    return found


def _shop(it: Scene, room: Room) -> None:
    """Orders come some seconds after their carts, most of them sooner than the first step is due."""
    carts, orders = live.shoppers(room.pick, [f"v{n}" for n in range(160)], it.inputs)
    it.write(carts, 2).finish()
    time.sleep(2.5)
    it.write(orders, 1.5).finish()


def _set_ahead(it: Scene, own: Cluster) -> None:
    """The broker that stamps the marks (it leads the first partition of the facts) starts again, ahead."""
    number = _leaders(it, FACTS)[0]
    (node,) = [node for node in own.nodes if node.number == number]
    node.stop()
    with _ahead():
        node.launch()
    node.wait_ready()
    it.fault(f"the clock of broker {number}: {AHEAD_S} s ahead")
    _lead_again(it, node)
    others = [leader for leader in _leaders(it, EVENTS).values() if leader != number]
    assert others, "partitions of the input are stamped by the right clock"


@contextmanager
def _ahead() -> Iterator[None]:
    """What is started meanwhile has the wrong clock: the monotonic one too, for with that left alone
    libfaketime lets Java's timed waits return at once."""
    threads = FAKETIME.with_name("libfaketimeMT.so.1")
    wrong = {"LD_PRELOAD": str(threads), "FAKETIME": f"+{AHEAD_S}s"}
    os.environ.update(wrong)
    try:
        yield
    finally:
        for name in wrong:
            del os.environ[name]


def _lead_again(it: Scene, node: Node, within: float = 60) -> None:
    """It is preferred for its partitions, and leads them again once it is in sync."""
    limit = time.monotonic() + within
    while _leaders(it, FACTS)[0] != node.number:
        assert time.monotonic() < limit, f"broker {node.number} does not lead again"
        time.sleep(0.5)
        with topics.connected(it.settings) as admin:
            admin.elect_leaders(PREFERRED, raise_errors=False)


def _leaders(it: Scene, topic: str) -> dict[int, int]:
    """The leading broker by partition."""
    with topics.connected(it.settings) as admin:
        (told,) = admin.describe_topics([it.settings.topic(topic)])
    parts: list[dict[str, Any]] = told["partitions"]
    return {part["partition_index"]: part["leader_id"] for part in parts}
