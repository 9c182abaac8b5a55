"""Runs the people stage with and without its compiled part, so that both can be compared."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.durations import DAY
from stream.events.records import Block
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages.people import People
from stream.stages.watermark import watermark_record
from stream.state import facts
from tests.properties.odd_facts import OddFacts


def block(values: list[bytes], base: int) -> Block:
    """The values as records of one batch. Watermark records have no key."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 24)
    for offset, value in enumerate(values):
        builder.append(offset, 0, None if b'"mark"' in value else b"k", value, [])
    return base, 0, 0, len(values), memoryview(bytes(builder.build()))[61:]


def batches(seed: int, size: int) -> list[list[bytes]]:
    """A log of facts with watermark records among them."""
    made, chance, found = OddFacts(seed), random.Random(seed), list[list[bytes]]()
    for fact in islice(made, size):
        if not found or chance.random() < 0.1:
            found.append([])
        found[-1].append(facts.encode(fact))
        if chance.random() < 0.5:
            found[-1].append(watermark_record({0: made.now + chance.randrange(2)}, 1))
    return [*found, [watermark_record({0: made.now + 90 * DAY}, 1)]]


def told(stage: People, out: Outputs) -> tuple[Any, ...]:
    given = (out.triggers, out.decisions, out.shadow, out.audiences, out.outcomes)
    return (*given, dict(out.counts), stage.position, stage.clock, stage.next_deadline)


def decided(
    rules: Recipes | History, log: list[list[bytes]], compiled: Iterator[bool], most: int | None
) -> list[Any]:
    """The outputs and the changelog by batch. Between batches the stage may be restored, or pack states ahead."""
    chance, changelog, found = random.Random(len(log)), list[Any](), list[Any]()
    stage, offset = People(rules, 1, compiled=next(compiled)), 0
    for number, values in enumerate(log):
        stage.most, out = most, Outputs()
        if stage._compiled is not None and number % 2:
            stage.add([block(values, offset)])
        else:
            stage.add(enumerate(values, offset))
        offset += len(values)
        stage.advance(out)
        while stage.owes:
            stage.catch_up(out)
        found.append(told(stage, out))
        if chance.random() < 0.3:
            stage.pack_ahead(2)
        if chance.random() < 0.5:
            found.append(stage.changes())
            changelog += found[-1]
            stage.committed(stage.committable)
            if chance.random() < 0.4 and not stage.waits:
                stage = People(rules, 1, compiled=next(compiled))
                stage.restore(changelog)
                stage.restored()
                stage.position = offset
    return [*found, stage.changes()]


def in_turns(seed: int) -> Iterator[bool]:
    chance = random.Random(seed)
    while True:
        yield chance.random() < 0.5
