"""Brokers with different clocks: the margin of the evidence covers them."""

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agents.kafka.topics import CLAIMS, EVENTS, FACTS
from agents.local.cluster import Cluster, cluster
from agents.local.node import Node
from tests.faults import live, raw
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, Skipped, case
from tests.faults.clocks import FAKETIME, hasty_scene, last
from tests.faults.leaders import leaders, node_of, prefer, preferred
from tests.faults.loader import Given
from tests.faults.report import Report
from tests.faults.scene import Scene

SKEW_S = 4
BEHIND_S = 8
"""Seconds of skew. Less than the recipes' first step, which fires this much too early at most. A slower leader is more apart:
on a busy machine a trigger comes seconds after its step is due, and an order that stops it no more must come after it."""

SPARE_S = 2
LATER_S = 15.0
LATER = {
    "policy": {"caps": []},
    "recipes": [{"name": "cart-abandonment", "steps": [f"{LATER_S:.0f}s"], "reach": "any"}],
}
"""Seconds: enough for another leader."""

VISITORS = 160
CARTS_S, ORDERS_S = 0.5, 0.5
MOST_S = BEHIND_S - CARTS_S - ORDERS_S - 0.5
"""Seconds after the last cart's step was due in which an order still gets a time before the first cart's, from the slower
leader. The half second is for the producer to connect."""

QUIET_S = 20.0
"""Seconds until the last visitors are idle, and evidence has passed that."""

WITHIN_S = 25.0


@case("clock")
def skewed_brokers(room: Room) -> list[Report]:
    """One of three brokers is 4 s ahead, and it stamps the marks: without a margin triggers are false, for
    orders still come with a time that was said to be over; with a margin above the skew none is."""
    _require_faketime()
    found = []
    for name, margin_ms in _margins(SKEW_S):
        with _skewed(room, name, margin_ms) as (it, own):
            _set_ahead(it, own)
            it.workers.add_two("hasty")
            carts, orders = _shoppers(it, room)
            it.write(carts, 2).finish()
            time.sleep(2.5)  # most of the orders come sooner than the first step is due
            it.write(orders, 1.5).finish()
            found.append(_concluded(it, margin_ms))
    return found


@case("clock")
def slower_leader(room: Room) -> list[Report]:
    """Partitions of the input get a leader whose clock is 8 s behind: their time steps back. Without a margin
    triggers are false, for orders still come with a time that was said to be over; with one none is."""
    _require_faketime()
    found = []
    for name, margin_ms in _margins(BEHIND_S):
        with _skewed(room, name, margin_ms, document=LATER) as (it, own):
            behind = _set_behind(it, own)
            it.workers.add_two("hasty")
            carts, orders = _shoppers(it, room)
            it.write(carts, CARTS_S).finish()
            due = time.monotonic() + LATER_S  # of the last carts
            views = [
                live.event(f"w{n}", "product.viewed", product={"id": "p1"}) for n in range(600)
            ]
            it.write(live.live(views, it.inputs), LATER_S)
            _lead(it, behind)
            assert time.monotonic() < due, "the leaders changed too late to show anything"
            if margin_ms:
                time.sleep(due + MOST_S - time.monotonic())
            else:
                _until_sent(it, VISITORS // 2, due + MOST_S)
            it.write(orders, ORDERS_S).finish()  # once the step was due, with a time before it
            time.sleep(QUIET_S)
            noticed = sum(worker.told("behind_evidence_records_total") for worker in it.workers.all)
            assert (noticed > 0) == (margin_ms == 0), f"{noticed} records of a time that was over"
            report = _concluded(it, margin_ms)
            assert _steps_back(it) > 0, "the time of no partition stepped back"
            found.append(report)
    return found


def _margins(skew_s: int) -> tuple[tuple[str, int], ...]:
    """The scenes of a case, with their margins (ms): above the skew, and none."""
    return ("margin", (skew_s + SPARE_S) * 1000), ("none", 0)


def _require_faketime() -> None:
    if not FAKETIME.exists():
        raise Skipped("libfaketime is not installed (apt-get install faketime)")


@contextmanager
def _skewed(
    room: Room, name: str, margin_ms: int, **options: object
) -> Iterator[tuple[Scene, Cluster]]:
    options["environ"] = {"TRIGGERS_MARGIN_MS": str(margin_ms)}
    with cluster(3) as own, hasty_scene(room, name, cluster=own, **options) as it:
        yield it, own


def _shoppers(it: Scene, room: Room) -> tuple[list[Given], list[Given]]:
    return live.shoppers(room.pick, [f"v{n}" for n in range(VISITORS)], it.inputs)


def _concluded(it: Scene, margin_ms: int) -> Report:
    report: Report = it.conclude(copies=False, until=last(it), passed=[AWAY], within=WITHIN_S)
    report.expected = "" if margin_ms else "sound"
    return report


def _set_ahead(it: Scene, own: Cluster) -> None:
    """The broker that stamps the marks (it leads the first partition of the facts) starts again, ahead."""
    node = node_of(own, leaders(it, FACTS)[0])
    _set_clock(it, node, SKEW_S)
    prefer(it, FACTS, [0], node)
    others = [leader for leader in leaders(it, EVENTS).values() if leader != node.number]
    assert others, "partitions of the input are stamped by the right clock"


def _set_behind(it: Scene, own: Cluster) -> Node:
    """A broker that does not stamp the marks starts again, behind, and leads nothing yet."""
    marks = leaders(it, FACTS)[0]
    behind = next(node for node in own.nodes if node.number != marks)
    _set_clock(it, behind, -BEHIND_S)
    leading = {topic: leaders(it, topic) for topic in (EVENTS, FACTS, CLAIMS)}
    assert all(behind.number not in each.values() for each in leading.values()), leading
    return behind


def _lead(it: Scene, node: Node) -> None:
    """`node` leads those partitions of the input for which it is preferred. It stamps no marks: they take the earliest
    clock of all partitions to which they go, and with the slower one nothing would be said to be over too early."""
    mine = [number for number, first in preferred(it, EVENTS).items() if first == node.number]
    assert mine, "preferred for none of the input's partitions"
    prefer(it, EVENTS, mine, node)
    it.fault(f"broker {node.number} leads input {mine}")
    stamping = {*leaders(it, FACTS).values(), *leaders(it, CLAIMS).values()}
    assert node.number not in stamping, f"broker {node.number} stamps marks"


def _until_sent(it: Scene, number: int, limit: float) -> None:
    """Waits until so many triggers are sent. `limit`: monotonic, s."""
    with raw.Tail(it.settings, [f"triggers.{name}" for name in it.recipes.names]) as tail:
        while (sent := len(tail.read())) < number:
            late = time.monotonic() - limit
            assert late < 0, f"expected {number} triggers in time for later orders, got {sent}"
            time.sleep(0.05)


def _steps_back(it: Scene) -> float:
    """The largest step back (s) of the time in a partition of the input, from one record to the next."""
    with raw.Tail(it.settings, [EVENTS]) as tail:
        rows = sorted(tail.read(), key=lambda row: (row.partition, row.offset))
    pairs = itertools.pairwise(rows)
    return max(a.time - b.time for a, b in pairs if a.partition == b.partition) / 1000


def _set_clock(it: Scene, node: Node, seconds: int) -> None:
    """It starts again with a wrong clock: the monotonic one too, for with that left alone libfaketime lets
    Java's timed waits return at once."""
    threads = FAKETIME.with_name("libfaketimeMT.so.1")
    wrong = {"LD_PRELOAD": str(threads), "FAKETIME": f"{seconds:+}s"}
    node.stop()
    os.environ.update(wrong)
    try:
        node.launch()
    finally:
        for name in wrong:
            del os.environ[name]
    node.wait_ready()
    it.fault(f"the clock of broker {node.number}: {seconds:+} s")
