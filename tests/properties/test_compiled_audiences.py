"""The compiled part publishes changes of audiences, and drops what need not be kept, as its Python does."""

from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import recipes_file
from stream.durations import DAY
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.people_backend import COMPILED
from stream.stages.watermark import watermark_record
from stream.state import facts
from stream.state.cart import NEVER
from stream.state.facts import CartSummary, Idle, Summary
from stream.state.life_record import Course, Life, Purchases
from stream.state.person import Episode, FiredStep, Person
from stream.state.visitor import Published
from tests import effort
from tests.properties.odd_facts import START
from tests.properties.people_rules import MEMBERS_ONLY, TURNED
from tests.properties.people_twins import decided, told

needed = pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
TEXTS = st.text(max_size=70) | st.sampled_from(('a"b', "back\\slash", "tab\t", "é" * 40, "x" * 300))
LAST = 253_402_300_799_999  # of the year 9999
TIMES = st.integers(1, LAST) | st.sampled_from((951_782_399_999, 951_782_400_000, LAST - 1, LAST))


def idles(person: str, at: int, n: int = 0) -> list[bytes]:
    """The fact that a visitor of the person is idle at `at` (ms), and the watermark behind it. Two make a visit."""
    summary = Summary(at, at, n // 2 + 1, 0, CartSummary("", NEVER, NEVER))
    idle = Idle(at=at, visitor="a", n=n, person=person, summary=summary)
    return [facts.encode(idle), watermark_record({0: at + 1}, 1)]


@needed
@settings(max_examples=effort.of(300), deadline=None)
@given(st.sampled_from(("visitor:", "customer:", "email:")), TEXTS, TIMES, st.integers(0, 3 * DAY))
def test_changes_of_audiences_are_written_the_same(kind: str, id: str, at: int, pause: int) -> None:
    """Their ids are hashes of texts of any length, and their times reach from 1970 beyond the year 9999."""
    person, rules, log = kind + id, recipes_file.load(MEMBERS_ONLY), []
    for n in range(6):
        log.append(idles(person, at + n * pause, n))
    pure, mine = (decided(rules, log, repeat(compiled), None) for compiled in (False, True))
    assert pure[0][3], "nobody enters"
    assert mine == pure


@needed
@pytest.mark.parametrize("later", [-1, 0, 1])
@pytest.mark.parametrize("what", ["published", "key_time", "fired", "purchases", "of_life"])
def test_what_need_not_be_kept_any_more_is_dropped_at_the_same_ms(what: str, later: int) -> None:
    rules, at, found = recipes_file.load(MEMBERS_ONLY), START + 100 * DAY, []
    if what == "purchases" and later:
        rules = recipes_file.load(MEMBERS_ONLY.replace("replenishment", "welcome"))
    for compiled in (False, True):
        stage, person = People(rules, 1, compiled=compiled), Person("customer:c", applied=START)
        ended = Episode("cart-abandonment", "cart-abandonment", "k", START, START, "a", START + 1)
        ended.open, ended.sub_kind, ended.looked_at = False, "product", "shoes"
        person.episodes, person.life = [ended], Life(audiences={"anybody": START})
        if what == "published":
            ended.published = [Published("id", "cart-abandonment", person.id, 1, [], at + later)]
        elif what == "key_time":
            ended.key_time = at + later
        elif what == "fired":
            person.fired = [FiredStep(at - rules.remembers + later, "x", "k", START)]
        elif what == "purchases":
            person.life.purchases = {"p": Purchases()}
        else:
            ended.course = Course()
        stage._states.add(person.id, person)
        stage.add(enumerate(idles(person.id, at)))
        stage.advance(out := Outputs())
        found.append((told(stage, out), stage.changes()))
    assert found[0] == found[1]


@needed
def test_leaving_an_audience_ends_the_episodes_of_a_recipe_that_was_switched_off() -> None:
    """Another person looks the same before: what was found for it is kept, and the compiled part works with that."""
    days = ("c", 9 * DAY, 3), ("d", 11 * DAY, 1), ("c", 12 * DAY, 1)  # a visit of c is taken back
    log = [idles(f"customer:{name}", START + later, n) for name, later, n in days]
    pure, mine = (decided(TURNED, log, repeat(compiled), None) for compiled in (False, True))
    decisions = [value for each in pure if isinstance(each, tuple) for _, value in each[1]]
    assert any(b'"left"' in value for value in decisions), "no episode ends"
    assert mine == pure
