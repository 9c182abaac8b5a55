"""(k) What 20 audiences in force cost, for each event of the input, against none: the stages in one process.

`growth` measures the cost of a worker with a broker (`--cases audiences-0 audiences-20`). The audiences are those of
deploy/recipes.yaml and some more about products, spending and visits; no recipe uses them. The first visit of
each visitor, which enters several audiences, is not measured. Both sides alternate, so that a
change of the machine's speed affects both; the share is that of each pair.
"""

import argparse
import gc
import json
from statistics import median
from typing import Any, Final

import yaml

from agents.commands.worker import COLLECT
from stream import recipes_file as files
from tests.bench.customers import RECIPES
from tests.bench.room import Room
from tests.bench.stages import IN_A_BATCH, Stopwatch, one_round, slices, stored
from tests.bench.table import show, spread
from tests.bench.traffic import JOURNEY, rows

SMOKE: Final = "--visitors 2500 --events 30000 --rounds 1"
SHOES: Final = {"category": ["shoes"], "product": ["p1", "p2"], "within": "14d"}
MORE: Final = (
    {"viewed": SHOES},
    {"bought": SHOES},
    {"spent": {"min": 100}},
    {"visits": {"min": 3}, "orders": {"max": 0}},
    {"reachable": False, "since_visit": {"max": "7d"}},
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, nargs="+", default=[2_500, 50_000])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--checkpoint", type=int, default=25_000, help="events between checkpoints")
    parser.add_argument("--rounds", type=int, default=7)


def document(count: int) -> dict[str, Any]:
    """The contents of a recipe file: the shipped recipes with `count` audiences."""
    shop: list[dict[str, Any]] = yaml.safe_load(RECIPES.read_text())["audiences"]
    more = [{"name": f"more-{number}", "members": each} for number, each in enumerate(MORE)]
    found = [*shop, *more][:count]
    assert len(found) == count, f"there are {len(shop) + len(more)} only"
    return {"audiences": found} if found else {}


def run(args: argparse.Namespace, room: Room) -> None:
    counts = {"none": 0, "20 audiences": 20}
    sides = {name: files.load(json.dumps(document(count))) for name, count in counts.items()}
    for visitors in args.visitors:
        warm = visitors * (1 + JOURNEY)
        events = list(rows(warm + args.events, visitors, "visits", each_first=True))
        parts = slices(events, IN_A_BATCH)
        batches = [stored(part, number * IN_A_BATCH) for number, part in enumerate(parts)]
        found: dict[str, list[float]] = {name: [] for name in sides}
        gc.set_threshold(*COLLECT)
        gc.collect()
        gc.freeze()  # what the measurement itself holds costs no collection anything
        for number in range(args.rounds):
            for name in list(sides)[:: 1 if number % 2 else -1]:
                watch = Stopwatch()
                one_round(watch, batches, warm, args.checkpoint, sides[name])
                found[name].append(sum(watch.spent.values()) / args.events * 1e6)
        pairs = list(zip(*found.values(), strict=True))
        more = [100 * (other / one - 1) for one, other in pairs]
        show(
            f"20 audiences against none, {visitors:,} visitors of one partition",
            ("", "CPU µs/event", "more, %"),
            [
                ("none", spread(found["none"], ".2f"), ""),
                ("20 audiences", spread(found["20 audiences"], ".2f"), spread(more, ".1f")),
            ],
        )
        print(f"in pairs: {median(more):.1f} % more in the median")
