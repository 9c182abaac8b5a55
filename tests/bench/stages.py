"""(b) Each stage in one process without a broker, to see the effect of a change.

One partition's two shards: events come as fetched record batches, a thousand at a time; at every
checkpoint, changed states are packed into batches of the changelog. Times are
this thread's CPU in µs per input event.
"""

import argparse
import cProfile
import gc
import pstats
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final, TypeVar

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from agents.commands.worker import COLLECT
from agents.config.recipes import read
from agents.kafka.partitioner import partition_of
from agents.kafka.raw_batches import RawBatch, raw_batches
from agents.kafka.retained_batches import RetainedBatches
from agents.worker.packing import COMPRESSED, UNCOMPRESSED, Packer
from agents.worker.partition_processor import AT_A_TIME
from agents.worker.producer import Provenance
from stream.events.records import Block, Record
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import COMPILED
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from tests.bench.room import Room
from tests.bench.table import show, spread
from tests.bench.traffic import Row, rows

SMOKE: Final = "--visitors 2500 --events 30000 --rounds 1"
IN_A_BATCH: Final = 130
"""Events in a record batch of the input: 64 KiB."""

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, nargs="+", default=[2_500, 50_000])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument(
        "--checkpoint", type=int, default=25_000, help="events from checkpoint to checkpoint"
    )
    parser.add_argument("--keys", default="visits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="the functions of both stages")


class Stopwatch:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def __call__(self, stage: str, work: Callable[..., T], *given: Any) -> T:
        began = time.thread_time()
        result = work(*given)
        self.spent[stage] += time.thread_time() - began
        return result


def run(args: argparse.Namespace, room: Room) -> None:
    recipes = read(None)
    for visitors in args.visitors:
        events = list(rows(visitors + args.events, visitors, args.keys, each_first=True))
        parts = slices(events, IN_A_BATCH)
        batches = [stored(part, number * IN_A_BATCH) for number, part in enumerate(parts)]
        found: dict[str, list[float]] = defaultdict(list)
        gc.set_threshold(*COLLECT)
        gc.collect()
        gc.freeze()  # what the measurement itself holds costs no collection anything
        for _ in range(args.rounds):
            watch = Stopwatch()
            one_round(watch, batches, visitors, args.checkpoint, recipes)
            for stage, spent in watch.spent.items():
                found[stage].append(spent / args.events * 1e6)
        show(
            f"Stages, {visitors:,} visitors of one partition, {args.keys}",
            ("stage", "CPU µs/event"),
            [(stage, spread(spent, ".2f")) for stage, spent in found.items()]
            + [("all", f"{sum(map(median, found.values())):.2f}")],
        )
        if args.profile:
            profile(batches, visitors, args.checkpoint, recipes)


def slices(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def stored(events: Sequence[Row], base: int) -> bytes:
    """A fetched record batch with the first offset `base`."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 24)
    for offset, (at, key, value) in enumerate(events):
        builder.append(offset, at, key, value, [])
    data = builder.build()
    data[:8] = base.to_bytes(8, "big")
    return bytes(data)


def fetched(batch: bytes) -> list[RawBatch]:
    """The batches as aiokafka's fetcher returns them."""
    where, at = TopicPartition("events", 0), fetcher.READ_COMMITTED
    records = fetcher.PartitionRecords(where, RetainedBatches(batch), [], 0, None, None, True, at)
    return list(raw_batches(records, COMPILED is not None))


def one_round(
    watch: Stopwatch, batches: Sequence[bytes], warm: int, checkpoint: int, recipes: Recipes
) -> None:
    """Runs all batches through both stages; the first `warm` events are not counted."""
    visitors, people = Visitors(recipes), People(recipes, 1)
    offset = facts = since = 0
    quiet, timer = Stopwatch(), watch
    part: list[Record | Block] = []
    taken = 0
    for batch in batches:
        watch = timer if offset > warm else quiet
        for raw in watch("read: batches to records", fetched, batch):
            part += raw.rows()
            taken += raw.count
            offset = raw.next
        if taken < AT_A_TIME:
            continue
        since += taken
        out = Outputs()
        watch("apply: decode and fold", visitors.process, part, out)
        part, taken = [], 0
        watch("send: facts and triggers into batches", _send, out)
        values = [value for _, value in out.facts] + [watermark_record({0: visitors.clock}, 1)]
        second = Outputs()
        watch("people: decode and apply facts", _people, people, values, facts, second)
        facts += len(values)
        watch("send: facts and triggers into batches", _send, second)
        if since >= checkpoint:
            since = 0
            for stage in (visitors, people):
                name = type(stage).__name__.lower()
                changes = watch(f"pack: {name}", stage.changes)
                watch(f"changelog into batches: {name}", _changelog, changes)
                stage.committed(offset)


def _people(people: People, values: Sequence[bytes], offset: int, out: Outputs) -> None:
    people.add(enumerate(values, offset))
    people.advance(out)


def _send(out: Outputs) -> None:
    """Packs outputs as agents/worker/producer.py does, with the compression of the sender's loop."""
    facts, others = Packer(COMPRESSED), Packer(UNCOMPRESSED)
    headers = Provenance("storefront.events", 0).headers(1)
    for person, value in out.facts:
        key = person.encode()
        facts.add("facts", partition_of(key, 4), key, value)
    for recipe, person, value in out.triggers:
        key = person.encode()
        others.add(recipe, partition_of(key, 4), key, value, headers)
    for person, value in out.decisions:
        key = person.encode()
        others.add("decisions", partition_of(key, 4), key, value, headers)
    for audience, person, _, _, change in out.audiences:
        key = f"{audience}|{person}".encode()
        others.add("audiences", partition_of(key, 4), key, change, headers)
    build(facts)
    build(others)


def _changelog(changes: Sequence[tuple[bytes, bytes | None]]) -> None:
    packer = Packer(COMPRESSED)
    for key, value in changes:
        packer.add("state", 0, key, value)
    build(packer)


def build(packer: Packer) -> None:
    """Compresses the batches and adds checksums."""
    for _, _, batch in packer.batches():
        batch._build()


def profile(batches: Sequence[bytes], warm: int, checkpoint: int, recipes: Recipes) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    one_round(Stopwatch(), batches, warm, checkpoint, recipes)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
