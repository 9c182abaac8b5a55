"""(h) A million deadlines at one moment: how long the loop blocks at most, and the CPU of each.

One partition of the visitors stage and one of the people stage, as a worker fires them: a few at a time, with
their decisions packed, and a checkpoint every two seconds. Between two slices, and between two parts of a checkpoint, other
tasks run. The garbage collector has a worker's thresholds. Only CPU counts: other processes of the machine do not block
the loop.
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from agents.commands.worker import COLLECT
from agents.config.recipes import read
from agents.kafka.partitioner import partition_of
from agents.worker.deadlines import MOST
from agents.worker.packing import COMPRESSED, Packer
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from tests.bench.room import Room
from tests.bench.table import share, show
from tests.bench.traffic import START

SMOKE: Final = "--visitors 20000"
AT_A_TIME: Final = 1_000
DAY: Final = 86_400_000
CHECKPOINT_US: Final = 2_000_000
"""From checkpoint to checkpoint, as TRIGGERS_CHECKPOINT_MS has it by default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=4)


def run(args: argparse.Namespace, room: Room) -> None:
    gc.set_threshold(*COLLECT)
    recipes = read(None)
    visitors, people = Visitors(recipes), People(recipes, 1)
    for first in range(0, args.visitors, AT_A_TIME):
        visitors.process(_carts(first, min(first + AT_A_TIME, args.visitors)), Outputs())
        visitors.changes()
    visitors.most = people.most = MOST
    facts: list[bytes] = []

    def sent(out: Outputs) -> None:
        packer = Packer(COMPRESSED)
        for person, value in out.facts:
            key = person.encode()
            packer.add("facts", partition_of(key, args.partitions), key, value)
        facts.extend(value for _, value in out.facts)
        packer.batches()

    def idle(out: Outputs) -> None:
        visitors.advance(START + DAY, out)

    took = {"visitors fall idle": _stretches(visitors, idle, sent)}
    people.add((offset, value) for offset, value in enumerate(facts))
    people.add([(len(facts), watermark_record({0: START + 300_001}, 1))])
    took["facts are applied"] = _stretches(people, people.advance, lambda out: None)
    people.add([(len(facts) + 1, watermark_record({0: START + 2 * DAY}, 1))])
    took["reminders fire"] = _stretches(people, people.advance, lambda out: None)

    def forgotten(out: Outputs) -> None:
        visitors.advance(START + 32 * DAY, out)

    took["visitors are forgotten"] = _stretches(visitors, forgotten, sent)
    took["what changed is packed"] = list(_parts(visitors))
    show(
        f"{args.visitors:,} at one moment, {MOST} at a stretch: CPU of a stretch, ms",
        ("", "p50", "p99", "longest", "all of them, s"),
        [
            (
                what,
                *(f"{share(each, part) / 1000:.1f}" for part in (0.5, 0.99, 1)),
                f"{sum(each) / 1e6:.1f}",
            )
            for what, each in took.items()
        ],
    )


def _carts(first: int, last: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yields a cart of each visitor from `first` to `last`, all within a millisecond."""
    for number in range(first, last):
        visitor = f"v{number}"
        item = {"product_id": "lamp", "quantity": 1, "price": 40}
        event = {"id": "1", "type": "cart.item_added", "visitor": visitor, "item": item}
        yield number, START, visitor.encode(), msgspec.json.encode(event)


def _stretches(
    stage: Visitors | People, begin: Callable[[Outputs], None], sent: Callable[[Outputs], None]
) -> list[int]:
    """Microseconds of CPU of each slice and of each part of a checkpoint, until nothing is due."""
    took, act, since = list[int](), begin, 0
    while act is begin or stage.owes:
        began, out = time.thread_time_ns(), Outputs()
        act(out)
        sent(out)
        took.append((time.thread_time_ns() - began) // 1000)
        act, since = stage.catch_up, since + took[-1]
        if since >= CHECKPOINT_US:
            took += _parts(stage)
            stage.committed(stage.committable if isinstance(stage, People) else stage.position)
            since = 0
    return took


def _parts(stage: Visitors | People) -> Iterator[int]:
    """Yields the microseconds of CPU of each part of a checkpoint."""
    parts, began = stage.parts(), time.thread_time_ns()
    for _ in parts:
        yield (time.thread_time_ns() - began) // 1000
        began = time.thread_time_ns()
