"""Logs with erasures decide the same in any batches, and leave no data of the erased."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import backtest
from stream.recipes.recipe import Recipes
from stream.stages.backend import COMPILED, PURE
from tests import checked, effort
from tests.properties.service import Changelog, Service
from tests.reference import generate
from tests.reference.generate_erasures import document, with_erasures

SEEDS = st.integers(0, 100_000)
SIZE = 120


def made(seed: int, life: bool) -> tuple[Recipes, list[bytes]]:
    rules = generate.life_recipes(seed) if life else generate.recipes(seed)
    lines = generate.life_log(seed, SIZE) if life else generate.log(seed, SIZE)
    return checked.recipes(rules), with_erasures(lines, seed)


def decided(rules: Recipes, lines: list[bytes]) -> tuple[set[bytes], set[bytes]]:
    triggers, decisions = backtest.decide(lines, rules)
    assert len(set(triggers)) == len(triggers), "each trigger and each cancel once"
    return set(triggers), set(decisions)


@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 12), st.none() | st.integers(1, 5), st.booleans())
def test_crashes_anywhere_decide_the_same(
    seed: int, luck: int, most: int, few: int | None, life: bool
) -> None:
    rules, lines = made(seed, life)
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
@given(SEEDS, st.booleans())
def test_the_compiled_part_decides_the_same(seed: int, life: bool) -> None:
    if COMPILED is None:
        pytest.skip("there was no compiler")
    rules, lines = made(seed, life)
    one, other = (list(backtest.run(lines, rules, make)) for make in (PURE, COMPILED))
    assert [(a.triggers, a.decisions, a.audiences) for a in one] == [
        (b.triggers, b.decisions, b.audiences) for b in other
    ]


def compacted(log: Changelog) -> dict[bytes, bytes]:
    last = dict(log)
    return {key: value for key, value in last.items() if value is not None and key}


@settings(max_examples=effort.of(40), deadline=None)
@given(SEEDS, st.booleans())
def test_the_only_visitor_of_a_log_leaves_nothing_in_the_changelogs(seed: int, life: bool) -> None:
    """Everything in the log belongs to one visitor, which is erased."""
    rules, lines = made(seed, life)
    visitor = "only-one"
    found = []
    for line in lines:
        event = document(line)
        if type(event.get("t")) is int:
            found.append(json.dumps(event | {"visitor": visitor}).encode())
    if not found:
        return
    t = json.loads(found[-1])["t"]
    end = {"t": t, "id": "the-end", "type": "person.erased", "visitor": visitor}
    moves_on = {"t": t + 1, "type": "clock.advanced"}
    service = Service(rules, [*found, *(json.dumps(each).encode() for each in (end, moves_on))])
    while service.read < len(service.events):
        service.take(20)
        service.flush()
    for _ in range(3):
        service.flush()
    kept = [compacted(log) for log in service.changelogs]
    assert visitor.encode() not in kept[0]
    assert f"visitor:{visitor}".encode() not in kept[2]
