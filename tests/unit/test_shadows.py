"""A shadow recipe is decided like any other, and affects only itself. Source: docs/semantics-life.md, 14."""

import json
from typing import Any

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.episodes import life
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import alias_of, is_shadow, name_of
from stream.stages.documents import turn
from stream.state.life_record import Course, mark_of, remember
from stream.state.person import Episode, FiredStep, Person
from tests.unit.test_documents import START, carts, document, event, order, run, story
from tests.unit.test_documents import cart as filled

Document = dict[str, Any]
SHADOW: Document = {"mode": "shadow"}


def shadow(events: list[Document], *documents: Document) -> list[str]:
    """The records of triggers.shadow: kind, recipe, offer, with the hours since START."""
    found = []
    for out in run(events, *documents):
        for recipe, _, at, value in out.shadow:
            made = json.loads(value)
            kind, offer = made["type"].split(".")[2], made["data"].get("offer")
            found.append(f"{kind} {recipe} {offer or '-'} {(at - START) / HOUR:g}h")
    return found


def signal(after: int, visitor: str = "v1") -> Document:
    return event("exit.signal", after, visitor, signal="close_shortcut")


def test_an_alias_is_never_the_name_of_a_recipe() -> None:
    assert (alias_of("x", False), alias_of("x", True)) == ("x", "~x")
    assert (is_shadow("~x"), is_shadow("x"), name_of("~x"), name_of("x")) == (True, False, "x", "x")


def test_an_order_cancels_a_shadow_s_trigger_in_the_shadow() -> None:
    events = [filled(), order(2 * HOUR)]
    documents = document(carts("1h", **SHADOW))
    assert story(events, documents) == ["~fired carts 1 1h"]
    assert shadow(events, documents) == ["fired carts - 1h", "cancelled carts - 2h"]
    assert [out.triggers for out in run(events, documents) if out.triggers] == []


def test_an_order_after_it_went_live_cancels_what_the_shadow_sent_in_the_shadow() -> None:
    events = [filled(), order(3 * HOUR)]
    documents = document(carts("1h", **SHADOW)), document(carts("1h"), after=2 * HOUR)
    assert shadow(events, *documents) == ["fired carts - 1h", "cancelled carts - 3h"]


@pytest.mark.parametrize(
    ("hidden", "live"),
    [
        ({"priority": 1}, {"priority": 2}),
        ({"cooldown": "5d"}, {"cooldown": "5d"}),
        ({}, {}),
    ],
)
def test_no_live_recipe_sees_what_a_shadow_sent_just_before(
    hidden: Document, live: Document
) -> None:
    caps = {"caps": [{"max": 1, "per": "1d", "then": "drop"}]}
    first = {**carts("1h"), "name": "first", **hidden, **SHADOW}
    found = story([filled()], document(first, carts("61m", **live), policy=caps))
    assert found == ["~fired first 1 1h", "fired carts 1 1.01667h"]


def test_a_shadow_sees_the_live_ones() -> None:
    caps = {"caps": [{"max": 1, "per": "1d", "then": "drop"}]}
    second = {**carts("61m"), "name": "second", **SHADOW}
    found = story([filled()], document(carts("1h"), second, policy=caps))
    assert found == ["fired carts 1 1h", "~refused second 1 cap 1.01667h"]


def test_a_shadow_sees_its_own_offers_and_those_of_live_ones() -> None:
    offers = {"offers": [{"offer": "any"}]}
    documents = document(carts("1h", "2h", **SHADOW, **offers))
    assert shadow([filled()], documents) == ["fired carts any 1h", "fired carts - 2h"]
    live = {**carts("30m"), "name": "live", **offers}
    assert shadow([filled()], document(live, carts("1h", **SHADOW, **offers))) == [
        "fired carts - 1h"
    ]


def test_a_shadow_remembers_its_live_past_and_not_the_reverse() -> None:
    events = [filled(), event("page.viewed", 3 * HOUR), event("page.viewed", 6 * HOUR)]
    live, hidden = carts("1h"), carts("1h", **SHADOW)
    documents = document(live), document(hidden, after=2 * HOUR), document(live, after=5 * HOUR)
    assert story(events, *documents) == ["fired carts 1 1h"]
    documents = document(hidden), document(live, after=2 * HOUR), document(hidden, after=5 * HOUR)
    assert story(events, *documents) == ["~fired carts 1 1h", "fired carts 1 4h"]


@pytest.mark.parametrize(
    ("before", "now", "episodes"),
    [({}, {}, 0), ({}, SHADOW, 0), (SHADOW, {}, 1), (SHADOW, SHADOW, 0)],
)
def test_an_order_that_comes_again_opens_what_is_not_remembered(
    before: Document, now: Document, episodes: int
) -> None:
    rules = (
        {"name": "thanks", "kind": "post-purchase", "steps": ["1h"], **mode}
        for mode in (before, now)
    )
    was, recipe = (
        recipes_file.load(json.dumps(document(each))).by_name["thanks"] for each in rules
    )
    person, course = Person("customer:c1"), Course(base=START, order_id="o1", order_at=START)
    remember(person.of_life(), mark_of(was.alias, "o1", START))
    again = life.Occurrence(START + 5 * HOUR, "v1", ["e1"])
    life.begin(person, recipe, "o1", START, course, again, Outputs())
    assert len(person.episodes) == episodes


def test_a_shadow_that_was_live_in_between_forgets_what_came_before() -> None:
    thanks = {"name": "thanks", "kind": "post-purchase", "steps": ["1h"]}
    hello = {"name": "hello", "kind": "welcome", "steps": ["1h"], "ordered_within": 0}
    offers = {"offers": [{"offer": "any"}]}
    joins = [
        event("visitor.subscribed", after, customer="c1", channels=["email"])
        for after in (0, 30 * HOUR)
    ]
    documents = (
        document(thanks, {**hello, **SHADOW, **offers}),
        document(thanks, {**hello, "when": {"orders": {"min": 9}}}, after=10 * HOUR),
        document(thanks, {**hello, **SHADOW, **offers}, after=20 * HOUR),
    )
    assert story(joins, *documents) == ["~fired hello 1 1h", "~fired hello 1 31h"]
    assert shadow(joins, *documents) == ["fired hello any 1h", "fired hello any 31h"]


def test_a_shadow_that_comes_again_has_no_past() -> None:
    """Of the live recipe and of other shadows all stays."""
    person, names = Person("customer:c1"), ("~hello", "hello", "~other")
    person.episodes = [Episode(name, "welcome", "o", 1, 1, "v1", 1, open=False) for name in names]
    person.fired = [FiredStep(1, name, "o", 1) for name in names]
    person.of_life().welcomed = [*names]
    person.of_time().offered = dict.fromkeys(names, 1)
    hello = {"name": "hello", "kind": "welcome"}
    live, again = (
        recipes_file.load(json.dumps(document(each))) for each in (hello, {**hello, **SHADOW})
    )
    assert turn(person, HOUR, live, again, Outputs())
    left = ["hello", "~other"]
    assert [each.recipe for each in person.episodes] == left
    assert [each.recipe for each in person.fired] == left
    assert person.of_life().welcomed == [*person.of_time().offered] == left


def test_a_shadow_welcome_does_not_prevent_a_live_one() -> None:
    hello = {"name": "hello", "kind": "welcome", "steps": ["1h"], "ordered_within": 0}
    joins = [
        event("visitor.subscribed", after, customer="c1", channels=["email"])
        for after in (0, 30 * HOUR, 40 * HOUR)
    ]
    documents = document({**hello, **SHADOW}), document(hello, after=10 * HOUR)
    assert story(joins, *documents) == ["~fired hello 1 1h", "fired hello 1 31h"]
    assert story(joins, document({**hello, **SHADOW})) == ["~fired hello 1 1h"]


def test_a_life_step_of_a_shadow_does_not_keep_a_person() -> None:
    thanks = {"name": "thanks", "kind": "post-purchase", "steps": ["35d"]}
    keep = {"caps": [], "keep": "36d"}
    events = [order(), event("page.viewed", 50 * DAY, "z")]
    found = story(events, document({**thanks, "steps": ["1d", "30d"], **SHADOW}, policy=keep))
    assert found == ["~fired thanks 1 24h", "~fired thanks 2 720h"]
    long = {**carts(), "steps": ["35d"], "expires": "90d"}
    del long["kind"], long["name"]
    kept = document({**thanks, "cooldown": 0}, policy=keep)
    assert story(events, kept) == ["fired thanks 1 840h"]


def test_an_audience_does_not_see_the_open_episode_of_a_shadow() -> None:
    waiting = [{"name": "waiting", "members": {"open": ["cart-abandonment"]}}]
    outs = run([filled()], document(carts("1h", **SHADOW), audiences=waiting))
    assert [each for out in outs for each in out.audiences] == []


def test_no_live_candidate_on_the_page_sees_a_shadow() -> None:
    looks = [event("page.viewed", after) for after in (0, 20_000)]
    documents = document({"name": "welcome-popup", **SHADOW}, {"name": "exit-intent"})
    found = story([*looks, signal(40_000)], documents)
    assert [each.split(" ")[:2] for each in found] == [["~fired", "welcome-popup"], ["fired", "exit-intent"]]  # fmt: skip


def test_a_shadow_on_the_page_sees_itself_and_the_live_ones() -> None:
    exits = {"name": "exit", "kind": "exit-intent"}
    documents = document({**exits, **SHADOW})
    events = [event("page.viewed"), signal(12_000), signal(20_000)]
    assert [each.split(" ")[3] for each in story(events, documents)[1:]] == ["already"]
    again = [*events, event("page.viewed", HOUR), signal(HOUR + 12_000)]
    assert [each.split(" ")[3] for each in story(again, documents)[2:]] == ["cooldown"]
    free = document({**exits, **SHADOW, "cooldown": 0})
    assert [each.split(" ")[2] for each in shadow(again, free)] == ["free-shipping", "-"]
    popup = document({"name": "welcome-popup"}, {**exits, **SHADOW})
    looks = [event("page.viewed", after) for after in (0, 20_000)]
    assert story([*looks, signal(40_000)], popup)[1].startswith("~refused exit 1 already")
    hidden = document(
        {"name": "welcome-popup", **SHADOW}, {"name": "zz-popup", "kind": "welcome-popup"}
    )
    assert len(story([*looks], hidden)) == 2


def test_a_live_exit_that_becomes_a_shadow_knows_that_it_was_shown() -> None:
    exits = {"name": "exit", "kind": "exit-intent"}
    events = [
        event("page.viewed"),
        signal(12_000),
        event("page.viewed", HOUR),
        signal(HOUR + 12_000),
    ]
    documents = document(exits), document({**exits, **SHADOW}, after=30 * MINUTE)
    found = story(events, *documents)
    assert found[1].startswith("~refused exit 1 cooldown")


def test_a_shadow_does_not_refuse_again_what_it_refused_as_a_live_recipe() -> None:
    exits = {"name": "exit", "kind": "exit-intent", "holdout": 100}
    events = [event("page.viewed"), signal(12_000), signal(20_000)]
    hidden = {**exits, **SHADOW}
    documents = document(exits), document(hidden, after=15_000)
    assert [each[:23] for each in story(events, *documents)] == ["refused exit 1 holdout "]
    documents = document(hidden), document(exits, after=15_000)
    assert [each[:8] for each in story(events, *documents)] == ["~refused", "refused "]
