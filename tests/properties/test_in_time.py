"""Documents come into force at the same times with any batches and crashes: every person is evaluated once."""

import random

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stream import backtest, recipes_file
from stream.recipes.history import START, History
from stream.stages.backend import PURE, VisitorBackend
from tests import checked, effort
from tests.properties.service import Service
from tests.reference import generate
from tests.reference.generate_history import history

SEEDS = st.integers(0, 100_000)
FEW = st.none() | st.integers(1, 5)
SIZE = 100

Decided = tuple[set[bytes], set[bytes], set[bytes]]


def made(seed: int) -> tuple[History, list[bytes]]:
    lines = generate.life_log(seed, SIZE)
    try:
        return checked.history(history(seed, lines)), lines
    except recipes_file.RecipesError:
        assume(False)
        raise


def decided(rules: History, lines: list[bytes], make: VisitorBackend | None = None) -> Decided:
    found: Decided = set(), set(), set()
    for out in backtest.run(lines, rules, make):
        found[0].update(value for *_, value in out.triggers)
        found[1].update(value for _, value in out.decisions)
        found[2].update(
            row[-1]
            for rows in (out.shadow, out.outcomes, out.audiences)
            for row in rows
            if row[-1] is not None
        )
    return found


@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, st.lists(st.integers(1, 50), min_size=1), FEW)
def test_batches_of_any_sizes_decide_the_same(seed: int, sizes: list[int], few: int | None) -> None:
    rules, lines = made(seed)
    service = Service(rules, lines, few)
    for size in sizes:
        service.take(size)
        if size % 2:
            service.flush()
    service.finish()
    assert (service.triggers, service.decisions, service.others) == decided(rules, lines)


@settings(max_examples=effort.of(100), deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 12), FEW)
@example(
    1, 7, 5, 1
)  # an event that changed nothing, of a visitor that was forgotten before the crash
def test_crashes_anywhere_decide_the_same(seed: int, luck: int, most: int, few: int | None) -> None:
    rules, lines = made(seed)
    service, chance = Service(rules, lines, few), random.Random(luck)
    for _ in range(most):
        for _ in range(chance.randrange(6)):
            service.take(chance.randrange(1, 20))
            if chance.random() < 0.7:
                service.flush()
        service.crash(chance)
    service.finish()
    assert (service.triggers, service.decisions, service.others) == decided(rules, lines)


@settings(max_examples=effort.of(30), deadline=None)
@given(SEEDS, FEW)
def test_documents_that_become_known_in_time_decide_the_same(seed: int, few: int | None) -> None:
    """A worker reads a document shortly before it comes into force; a backtest has all from the beginning."""
    rules, lines = made(seed)
    first, *later = rules.documents
    known = History(checked.history(history(seed, lines)).at(START))
    service = Service(known, lines, few)
    for number, event in enumerate(service.events):
        while later and later[0].since <= event[1]:
            known.append(later.pop(0))
        if number >= service.read:
            service.take(1)
    for document in later:
        known.append(document)
    service.finish()
    assert first.since == START
    assert (service.triggers, service.decisions, service.others) == decided(rules, lines)


@settings(max_examples=effort.of(40), deadline=None)
@given(SEEDS)
def test_the_compiled_part_and_python_decide_the_same(seed: int) -> None:
    rules, lines = made(seed)
    assert decided(rules, lines) == decided(rules, lines, PURE)
