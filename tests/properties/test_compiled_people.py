"""The compiled part of the people stage equals its Python: same outputs, same bytes of state."""

import random
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.stages import people_backend
from stream.stages.people import People
from stream.stages.people_backend import COMPILED
from stream.stages.watermark import watermark_record
from stream.state import facts
from stream.state.facts import Active, AnyFact, Idle, Moved, Ordered
from stream.state.whole_order import WholeOrder
from tests import checked, effort
from tests.properties import oddities
from tests.properties.odd_facts import START
from tests.properties.people_rules import RULES, TURNED
from tests.properties.people_twins import batches, block, decided, in_turns
from tests.properties.service import Service
from tests.reference import generate, generate_years

needed = pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
SEEDS = st.integers(0, 1_000_000)
FEW = st.none() | st.integers(1, 5)


@needed
@settings(max_examples=effort.of(300), deadline=None)
@given(SEEDS, st.sampled_from([*RULES, TURNED]), st.sampled_from((40, 200)), FEW)
def test_odd_facts_decide_the_same_and_leave_the_same_states(
    seed: int, rules: Recipes | History, size: int, most: int | None
) -> None:
    log = batches(seed, size)
    pure = decided(rules, log, repeat(False), most)
    assert decided(rules, log, repeat(True), most) == pure
    assert decided(rules, log, in_turns(seed), most) == pure


def served(rules: Recipes | History, lines: list[bytes], seed: int, compiled: Any) -> Service:
    service, chance = Service(rules, lines, (None, 3)[seed % 2], compiled), random.Random(seed)
    for _ in range(6):
        for _ in range(chance.randrange(1, 4)):
            service.take(chance.randrange(1, 30))
        service.flush()
        if chance.random() < 0.3:
            service.crash(chance)
    service.finish()
    service.flush()
    return service


@needed
@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, st.sampled_from(("log", "years", "odd")))
def test_logs_of_events_decide_the_same_and_leave_the_same_states(seed: int, kind: str) -> None:
    rules: Recipes | History
    if kind == "years":
        rules = checked.history(generate_years.recipes(seed))
        lines = generate_years.log(seed, 60)
    else:
        rules = checked.recipes(generate.recipes(seed))
        lines = generate.log(seed, 120) if kind == "log" else oddities.log(seed, 200)
    pure = served(rules, lines, seed, repeat(False))
    for compiled in (repeat(True), in_turns(seed)):
        mine = served(rules, lines, seed, compiled)
        assert mine.changelogs == pure.changelogs
        assert (mine.triggers, mine.decisions) == (pure.triggers, pure.decisions)
        assert mine.others == pure.others


@needed
def test_the_compiled_part_applies_most_idle_and_active_facts_by_itself() -> None:
    """A comparison in which Python took every fact would prove nothing."""
    frequent = left = 0
    for seed in range(30):
        log, seen = batches(seed, 200), list[Any]()
        stage = People(RULES[seed % len(RULES)], 1)
        note(stage, seen)
        for number, values in enumerate(log):
            stage.add([block(values, number * 10_000)])
            stage.advance(Outputs())
        given = [facts.decode(value) for values in log for value in values]
        frequent += sum(isinstance(fact, Idle | Active) for fact in given)
        left += sum(isinstance(fact, Idle | Active) for fact in seen)
    assert left < 0.6 * frequent


def note(stage: People, seen: list[Any]) -> None:
    """Adds each fact that Python applies to `seen`."""
    apply = stage._apply

    def noted(record: AnyFact, out: Outputs) -> None:
        seen.append(record)
        apply(record, out)

    stage._apply = noted  # type: ignore[method-assign]


class Configured:
    """Replaces the module; records its configuration."""

    given: dict[str, Any]

    def configure(self, **given: Any) -> None:
        self.given = given


@needed
def test_constants_and_types_of_another_release_are_refused() -> None:
    from stream.native import _people  # noqa: PLC0415 - only where it was built

    configured = Configured()
    people_backend._configure(configured)
    given = configured.given
    for name, value in given["constants"].items():
        with pytest.raises(ValueError, match=f"another release.*{name}"):
            _people.configure(**given | {"constants": given["constants"] | {name: value + 1}})
    with pytest.raises(ValueError, match="another release"):
        _people.configure(**given | {"constants": given["constants"] | {"MORE": 1}})
    with pytest.raises(ValueError, match="expected other types or functions"):
        _people.configure(**given | {"kinds": given["kinds"][1:]})
    with pytest.raises(AttributeError):
        _people.configure(**given | {"types": tuple(reversed(given["types"]))})
    with pytest.raises(ValueError, match="no slot"):
        _people.configure(
            **given | {"types": (type("Person", (), {"applied": 1}), *given["types"][1:])}
        )
    _people.configure(**given)


@needed
def test_what_is_no_fact_is_refused() -> None:
    stage = People(RULES[0], 1)
    for record in ((1,), (0, b"{}"), (0, 0, 0, 1, b"\xff")):
        with pytest.raises((TypeError, ValueError)):
            stage.add([record])  # type: ignore[list-item]
    assert stage.position == 0


@needed
def test_watermark_records_of_a_block_are_found_by_their_missing_key() -> None:
    assert COMPILED is not None
    values = [value for values in batches(3, 30) for value in values]
    marks = [value for value in values if b'"mark"' in value]
    assert marks
    assert COMPILED.unkeyed(block(values, 7)) == marks
    assert COMPILED.unkeyed((0, 0, 0, 0, b"")) == []
    with pytest.raises(ValueError, match="no record"):
        COMPILED.unkeyed((0, 0, 0, 1, b"\xff"))


@needed
@pytest.mark.parametrize("withheld", [False, True])
@pytest.mark.parametrize("visitor", ["~~mail", "b"])
def test_an_order_of_a_person_whose_last_visitor_has_left_is_marked_the_same(
    visitor: str, withheld: bool
) -> None:
    person = "customer:c"
    whole = WholeOrder(value=9.0, whose=person, withheld=withheld)
    log = [
        Active(at=START, visitor="a", n=0, person=person, last_active=START),
        Moved(at=START + 1, visitor="a", n=1, person=person),
        Ordered(at=START + 2, visitor=visitor, n=2, person=person, order_id="o", whole=whole),
    ]
    told = [facts.encode(fact) for fact in log] + [watermark_record({0: START + DAY}, 1)]
    pure, mine = (decided(RULES[0], [told], repeat(compiled), None) for compiled in (False, True))
    assert mine == pure
