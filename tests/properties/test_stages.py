"""Decisions do not depend on batches, crashes, or the order between partitions."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from stream import backtest
from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS, watermark_record
from stream.state import facts
from tests import checked, effort
from tests.properties.service import Service
from tests.reference import generate

SEEDS = st.integers(0, 100_000)
FEW = st.none() | st.integers(1, 5)
"""Deadlines fired in one call of a stage, None: all."""

SIZE = 120


def made(seed: int) -> tuple[Recipes, list[bytes]]:
    rules = checked.recipes(generate.recipes(seed))
    return rules, generate.log(seed, SIZE)


def decided(rules: Recipes, lines: list[bytes]) -> tuple[set[bytes], set[bytes]]:
    triggers, decisions = backtest.decide(lines, rules)
    assert len(set(triggers)) == len(triggers), "each trigger once"
    return set(triggers), set(decisions)


@settings(max_examples=effort.of(40), deadline=None)
@given(SEEDS, st.lists(st.integers(1, 50), min_size=1))
def test_batches_of_any_sizes_decide_the_same(seed: int, sizes: list[int]) -> None:
    rules, lines = made(seed)
    service = Service(rules, lines)
    for size in sizes:
        service.take(size)
        if size % 2:
            service.flush()
    service.finish()
    assert (service.triggers, service.decisions) == decided(rules, lines)


@settings(max_examples=effort.of(100), deadline=None)
@given(SEEDS, st.lists(st.integers(1, 50), min_size=1), st.integers(1, 5))
def test_deadlines_a_few_at_a_time_decide_the_same(seed: int, sizes: list[int], most: int) -> None:
    """With any records and checkpoints between two calls."""
    rules, lines = made(seed)
    service = Service(rules, lines, most)
    for size in sizes:
        service.take(size)
        if size % 2:
            service.flush()
    service.finish()
    assert (service.triggers, service.decisions) == decided(rules, lines)


@settings(max_examples=effort.of(100), deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 12), FEW)
def test_crashes_anywhere_decide_the_same(seed: int, luck: int, most: int, few: int | None) -> None:
    """Duplicates, an old owner's late records, a partial checkpoint and re-read input change nothing."""
    rules, lines = made(seed)
    service, chance = Service(rules, lines, few), random.Random(luck)
    for _ in range(most):
        for _ in range(chance.randrange(6)):
            service.take(chance.randrange(1, 20))
            if chance.random() < 0.7:
                service.flush()
        service.crash(chance)
    service.finish()
    assert (service.triggers, service.decisions) == decided(rules, lines)


@settings(max_examples=effort.of(40), deadline=None)
@given(SEEDS, SEEDS)
def test_facts_between_marks_may_come_in_any_order_and_twice(seed: int, luck: int) -> None:
    rules, lines = made(seed)
    service, chance = Service(rules, lines), random.Random(luck)
    service.finish()
    rows = [
        value
        for value in service.topic
        if not isinstance(facts.decode(value), facts.WatermarkRecord)
    ]
    end = service.events[-1][1] + 8 * DAY
    people, out, offset = People(rules, 1, 1), Outputs(), 0
    chance.shuffle(rows)
    for time in [*sorted(chance.choices(range(service.events[0][1], end), k=9)), end]:
        due = [value for value in rows if json.loads(value)["at"] < time]
        early = [value for value in rows if chance.random() < 0.2]
        batch = [*due, *early, *chance.sample(due, len(due) // 3)]
        chance.shuffle(batch)
        batch += [watermark_record({0: time}, 1), watermark_record({0: time}, 1, KEYS)]
        people.add(enumerate(batch, offset))
        offset += len(batch)
        people.advance(out)
        rows = [value for value in rows if value not in set(batch)]
    first = Outputs()
    stage = Visitors(rules)
    stage.process(service.events, first)
    stage.advance(end, first)
    assert {value for _, value in first.decisions + out.decisions} == service.decisions
    assert {value for *_, value in first.triggers + out.triggers} == service.triggers
