"""`make soak MINUTES=60`: a worker under steady live traffic, sampled every few seconds.

Prints resident memory, file descriptors, threads and the stages' keys and bytes; fails when memory grows
steadily after the first third (its slope, over an hour, is more than a tenth of what it is), or file
descriptors grow.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from agents.local.cluster import cluster
from tests.faults import live
from tests.faults.cases import Room
from tests.faults.clocks import hasty_scene
from tests.faults.scene import Scene

LOOK_S = 5.0
RATE = 200
PEOPLE = 2_000
SLOPE = 0.10
SPARE = 20 * 1024 * 1024

Look = tuple[float, int, int, int]
"""(s, RSS bytes, file descriptors, threads)."""


def main() -> int:
    """The exit status. 0: nothing grows without bound, and all decisions are right."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    seconds = parser.parse_args().minutes * 60
    folder = Path(".cache/faults/soak")
    with cluster(1) as own, hasty_scene(Room("soak", 1, own, folder, True)) as it:
        worker = it.workers.add("hasty")
        it.workers.until_ready()
        looks = _watch(it, seconds)
        _, text = worker.page("metrics")
        sizes = _sizes(text)
    print(f"sizes at the end: {sizes}")
    return _judged(looks)


def _watch(it: Scene, seconds: float) -> list[Look]:
    began, looks, number = time.monotonic(), list[Look](), 0
    while (at := time.monotonic() - began) < seconds:
        events = [_event(number + n) for n in range(RATE * 5)]
        number += len(events)
        it.write(live.live(events, it.inputs), LOOK_S).finish()
        it.loaders.clear()
        process = psutil.Process(it.workers.all[0].pid)
        rss = process.memory_info().rss
        looks.append((at, rss, process.num_fds(), process.num_threads()))
        print(
            f"{at:7.0f} s  {number:9d} events  {rss / 1e6:7.1f} MB  {looks[-1][2]} descriptors  "
            f"{looks[-1][3]} threads",
            flush=True,
        )
    return looks


def _event(number: int) -> live.Event:
    """Each visitor has a cart and returns to look. An episode for each new cart, which is remembered, would be
    growth that the rules demand."""
    who = f"s{number % PEOPLE}"
    if number < PEOPLE:
        return live.cart(who, f"p{number % 50}")
    return live.event(who, "product.viewed", product={"id": f"p{number % 70}"})


def _sizes(text: str) -> dict[str, float]:
    """Sums over partitions of the worker's gauges of states."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if "state" in family.name:
            found[family.name] = sum(sample.value for sample in family.samples)
    return found


def _judged(looks: list[Look]) -> int:
    later = looks[len(looks) // 3 :]
    if len(later) < 3:
        print("too short to judge")
        return 0
    slope = statistics.linear_regression([at for at, *_ in later], [rss for _, rss, *_ in later])
    hourly = slope.slope * 3600
    span = (later[-1][0] - later[0][0]) / 3600
    allowed = SLOPE * later[0][1] + SPARE / span
    print(
        f"memory: {later[0][1] / 1e6:.1f} MB to {later[-1][1] / 1e6:.1f} MB, "
        f"{hourly / 1e6:+.1f} MB an hour ({allowed / 1e6:.1f} allowed); "
        f"descriptors {later[0][2]} to {later[-1][2]}"
    )
    return int(hourly > allowed or later[-1][2] > later[0][2] + 5)


if __name__ == "__main__":
    sys.exit(main())
