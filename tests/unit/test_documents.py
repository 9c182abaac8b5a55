"""The effect of a new document on persons when it comes into force. Source: docs/semantics-life.md, 14."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.commands import load
from agents.config.recipes import documents
from agents.published import published_document
from agents.published.published_document import value_of
from stream import backtest, recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.outputs.outputs import Outputs
from stream.stages.core import Core, Handed
from stream.stages.documents import turn
from stream.state.person import Episode, Person

START = 1_772_452_800_000
IDLE = START + 5 * MINUTE
Document = dict[str, Any]


def event(type: str, after: int = 0, visitor: str = "v1", **body: Any) -> Document:
    return {"t": START + after, "id": f"{type}-{after}", "type": type, "visitor": visitor, **body}


def cart(after: int = 0, visitor: str = "v1", product: str = "p1") -> Document:
    item = {"product_id": product, "price": 10}
    return event("cart.item_added", after, visitor, customer="c1", item=item)


def order(after: int = 0, **body: Any) -> Document:
    return event("order.placed", after, customer="c1", order={"id": "o1", **body})


def carts(*steps: str, **fields: Any) -> Document:
    return {"name": "carts", "kind": "cart-abandonment", "steps": list(steps), **fields}


def document(*recipes: Document, after: int | None = None, **fields: Any) -> Document:
    """A document of a history, in force from START + `after`."""
    made = {"recipes": list(recipes), "policy": {"caps": []}, **fields}
    return made if after is None else {**made, "from": START + after}


def run(events: list[Document], *documents: Document) -> list[Outputs]:
    history = recipes_file.load_history(json.dumps({"history": documents}))
    return list(backtest.run([json.dumps(each).encode() for each in events], history))


def story(events: list[Document], *documents: Document) -> list[str]:
    """`outcome recipe step` and reason of each decision, `~` before a shadow's, with the hours since START."""
    found = [json.loads(value) for out in run(events, *documents) for _, value in out.decisions]
    return [
        f"{'~' * each.get('shadow', False)}{each['outcome']} {each['recipe']} {each['step']}"
        f"{' ' + each['reason'] if 'reason' in each else ''} {(each['at'] - START) / HOUR:g}h"
        for each in found
    ]


def changes(events: list[Document], *documents: Document) -> list[str]:
    """`entered audience` and `left audience`, with the days since START."""
    found = [
        json.loads(value) for out in run(events, *documents) for *_, value in out.audiences if value
    ]
    return [
        f"{each['type'].split('.')[2]} {each['data']['audience']} "
        f"{(each['data']['at'] - START) / DAY:g}d"
        for each in found
    ]


BUYERS = [{"name": "buyers", "members": {"orders": {"min": 1}}}]


def test_the_episodes_of_a_removed_recipe_close_at_that_time() -> None:
    found = story([cart()], document(carts("1h")), document(after=30 * MINUTE))
    assert found == ["closed carts 1 disabled 0.5h"]


@pytest.mark.parametrize(
    ("late", "told"), [(0, "closed carts 1 disabled 1h"), (1, "fired carts 1 1h")]
)
def test_a_step_at_the_time_of_a_document_is_decided_by_it(late: int, told: str) -> None:
    assert story([cart()], document(carts("1h")), document(after=HOUR + late)) == [told]


def test_steps_left_of_a_closed_episode_follow_the_former_document() -> None:
    outs = run([cart()], document(carts("1h", "2h", "3h")), document(after=90 * MINUTE))
    closed = [json.loads(value) for out in outs for _, value in out.decisions][-1]
    assert (closed["step"], closed["steps_left"]) == (2, 2)


def test_an_episode_with_no_step_left_closes() -> None:
    found = story([cart()], document(carts("1h", "5h")), document(carts("30m"), after=2 * HOUR))
    assert found == ["fired carts 1 1h", "closed carts 2 disabled 2h"]


def test_steps_continue_above_the_last_decided_one_with_its_numbers() -> None:
    documents = document(carts("1h", "5h")), document(carts("30m", "3h", "4h"), after=2 * HOUR)
    assert story([cart()], *documents) == [
        "fired carts 1 1h", "fired carts 2 3h", "fired carts 3 4h"
    ]  # fmt: skip
    triggers = [
        json.loads(v)["data"] for out in run([cart()], *documents) for *_, v in out.triggers
    ]
    assert [each["steps"] for each in triggers] == [2, 3, 3]


def test_a_step_keeps_its_distance_from_one_fired_under_another_document() -> None:
    cap = {"caps": [{"max": 1, "per": "3h", "then": "defer"}]}
    documents = (
        document(
            carts("1h", "2h"),
            {"name": "other", "kind": "cart-abandonment", "steps": ["30m"], "priority": 1},
            policy=cap,
        ),
        document(carts("90m", "100m", "2h"), after=4 * HOUR),
    )
    found = story([cart()], *documents)
    assert found[-3:] == ["fired carts 2 4h", "fired carts 3 4.16667h", "fired carts 4 4.5h"]


def test_three_documents_continue_the_numbers_of_one_another() -> None:
    documents = (
        document(carts("1h", "9h")),
        document(carts("2h", "9h"), after=90 * MINUTE),
        document(carts("3h", "4h"), after=150 * MINUTE),
        document(carts("3h", "4h"), after=160 * MINUTE),
    )
    assert story([cart()], *documents) == [f"fired carts {n} {n}h" for n in (1, 2, 3, 4)]


def test_nothing_is_planned_while_a_visitor_is_active() -> None:
    events = [cart(), event("page.viewed", 28 * MINUTE)]
    documents = document(carts("1h")), document(carts("10m"), after=30 * MINUTE)
    assert story(events, *documents) == ["fired carts 1 0.633333h"]


def test_a_step_that_is_due_under_a_new_document_comes_not_before_it() -> None:
    documents = document(carts("5h")), document(carts("1h"), after=3 * HOUR)
    assert story([cart()], *documents) == ["fired carts 1 3h"]


def test_a_step_of_a_recipe_that_is_not_enabled_is_refused_and_the_next_is_planned() -> None:
    documents = (
        document(carts("1h", "5h")),
        document(carts("1h", "5h", enabled=False), after=30 * MINUTE),
    )
    found = story([cart()], *documents, document(carts("1h", "5h"), after=2 * HOUR))
    assert found == ["refused carts 1 disabled 1h", "fired carts 2 5h"]


def test_a_life_step_is_planned_again_from_its_base() -> None:
    thanks = {"name": "thanks", "kind": "post-purchase", "steps": ["10h"]}
    documents = document(thanks), document({**thanks, "steps": ["2h", "3h"]}, after=HOUR)
    assert story([order()], *documents) == ["fired thanks 1 2h", "fired thanks 2 3h"]


def test_an_episode_that_waits_for_a_delivery_ends_by_the_new_document() -> None:
    review = {"name": "review", "kind": "post-purchase", "from": "delivered", "steps": ["1h"]}
    documents = (
        document({**review, "expires": "50d"}),
        document({**review, "expires": "3d"}, after=DAY),
        document({**review, "expires": "1d"}, after=2 * DAY),
    )
    assert story([order()], *documents[:2]) == ["closed review 1 expired 72h"]
    assert story([order()], *documents) == ["closed review 1 expired 48h"]


def test_a_recipe_of_another_audience_closes_what_it_had() -> None:
    two = [*BUYERS, {"name": "all", "members": {"orders": {"min": 1}}}]
    win = {
        "name": "win",
        "kind": "audience",
        "audience": "buyers",
        "ordered_within": 0,
        "steps": ["2d"],
    }
    documents = (
        document(win, audiences=two),
        document({**win, "audience": "all"}, audiences=two, after=DAY),
    )
    assert story([order()], *documents) == ["closed win 1 disabled 24h"]


def test_a_document_lets_persons_enter_audiences_at_its_time() -> None:
    win = {"name": "win", "kind": "audience", "audience": "buyers", "ordered_within": 0}
    keep = {"keep": "400d"}
    documents = document(policy=keep), document(win, audiences=BUYERS, policy=keep, after=3 * DAY)
    assert changes([order()], *documents) == ["entered buyers 3d"]
    assert story([order()], *documents) == ["fired win 1 72h"]


def test_existing_opens_for_those_who_are_in_the_audience_when_the_recipe_comes() -> None:
    win = {"name": "win", "kind": "audience", "audience": "buyers", "ordered_within": 0}
    documents = (
        document(audiences=BUYERS),
        document({**win, "existing": True}, audiences=BUYERS, after=3 * DAY),
        document({**win, "existing": True}, audiences=BUYERS, after=4 * DAY),
    )
    assert story([order()], *documents) == ["fired win 1 72h"]
    assert story([order()], documents[0], document(win, audiences=BUYERS, after=DAY)) == []


def test_a_shorter_keep_forgets_at_once_before_a_step_that_is_due() -> None:
    documents = (
        document(carts("1h", "35d", expires="90d"), policy={"keep": "60d"}),
        document(carts("1h", "29d", expires="90d"), policy={"keep": "30d"}, after=32 * DAY),
    )
    events = [cart(), event("page.viewed", 70 * DAY, "z")]
    assert story(events, *documents) == ["fired carts 1 1h", "closed carts 2 forgotten 768h"]


@pytest.mark.parametrize(("early", "told"), [(0, "closed carts 2 forgotten"), (1, "fired carts 2")])
def test_a_shorter_keep_forgets_who_ends_at_that_very_time(early: int, told: str) -> None:
    after = 30 * DAY + 5 * MINUTE - early
    documents = (
        document(carts("1h", "35d", expires="90d"), policy={"keep": "60d"}),
        document(carts("1h", "29d", expires="90d"), policy={"keep": "30d"}, after=after),
    )
    found = story([cart(), event("page.viewed", 70 * DAY, "z")], *documents)
    assert [each.rpartition(" ")[0] for each in found] == ["fired carts 1", told]


def test_purchases_are_kept_while_a_replenishment_recipe_is_in_force() -> None:
    again: dict[str, Any] = {
        "name": "again",
        "kind": "replenishment",
        "life": {"*": "10d"},
        "lead": "1d",
        "steps": [0],
    }
    again |= {"ordered_within": 0, "cooldown": 0}
    off = {**again, "enabled": False}
    items = [{"product_id": "a", "price": 1}]
    first, second = (order(at, id=f"o{at}", items=items) for at in (0, 8 * DAY))
    events = [first, second, event("page.viewed", 40 * DAY, "z")]
    keep = {"keep": "400d"}
    with_pace = story(events, document(off), document(again, after=DAY))
    without = story(
        events, document(off), document(policy=keep, after=1), document(again, after=DAY)
    )
    assert with_pace != without
    assert [len(with_pace), len(without)] == [1, 1]


def test_a_name_that_no_audience_has_any_more_is_forgotten() -> None:
    owners = [{"name": "owners", "members": {"bought": {"product": ["a"], "within": "30d"}}}]
    items = [{"product_id": "a", "price": 1}]
    documents = (
        document(audiences=owners),
        document(audiences=BUYERS, after=DAY),
        document(audiences=owners, after=2 * DAY),
    )
    found = changes([order(items=items)], *documents)
    assert found == ["entered owners 0d", "left owners 1d", "entered buyers 1d", "left buyers 2d"]


def test_steps_of_a_removed_recipe_still_count() -> None:
    caps = {"caps": [{"max": 1, "per": "1d", "then": "drop"}]}
    for capped, result in ((True, "refused two 1 cap 2h"), (False, "fired two 1 2h")):
        one = {**carts("1h", capped=capped), "name": "one"}
        two = {**carts("2h"), "name": "two"}
        documents = document(one, two, policy=caps), document(two, policy=caps, after=90 * MINUTE)
        assert story([cart()], *documents) == ["fired one 1 1h", result]


def test_a_person_among_many_is_checked_in_many_rounds() -> None:
    history = recipes_file.load_history(
        json.dumps({"history": [document(carts("1h")), document(after=30 * MINUTE)]})
    )
    core = Core(history)
    core.people.most = 3
    first = Handed()
    events = [
        json.dumps(
            {**cart(place, f"v{place}"), "customer": f"c{place}", "id": f"e{place}"}
        ).encode()
        for place in range(20)
    ]
    core.visitors.process(list(backtest.records(events)), first, backtest.event, backtest.record)
    core.visitors.advance(START + HOUR, first)
    outs = [core.decided(first)]
    while core.people.owes:
        out = Outputs()
        core.people.catch_up(out)
        outs.append(out)
    reasons = [json.loads(value).get("reason") for out in outs for _, value in out.decisions]
    assert reasons == ["disabled"] * 20
    assert len(outs) > 20 / 3


FAULTS = {
    "history.0.from must not be given": [{"recipes": [], "from": 1}],
    "history.1.from must be a time in ms": [{"recipes": []}, {"recipes": []}],
    "history.2.from must be later": [{}, {"from": 5}, {"from": 5}],
    "history must be a list": [],
    "history.0 must be a recipes file": [3],
    "history.1.note must be a text": [{}, {"from": 5, "note": 3}],
    "history.1.recipes.0.name: expected a name": [{}, {"from": 5, "recipes": [{"name": "A"}]}],
    "history.1.recipes.0.attribution must not be longer": [
        {},
        {"from": 5, "recipes": [{"name": "cart-abandonment", "attribution": "30d"}]},
    ],
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_history_with_a_fault_is_refused_with_its_place(said: str) -> None:
    with pytest.raises(recipes_file.RecipesError) as found:
        recipes_file.load_history(json.dumps({"history": FAULTS[said]}), "file")
    path, _, why = said.partition(" ")
    for place in "0123":
        path = path.replace(f".{place}", f"[{place}]")
    assert f"{path} {why}".strip() in str(found.value)


def test_a_history_file_holds_nothing_else() -> None:
    with pytest.raises(recipes_file.RecipesError, match="recipes must not stand beside history"):
        recipes_file.load_history(json.dumps({"history": [{}], "recipes": []}))
    with pytest.raises(recipes_file.RecipesError, match="expected one document"):
        recipes_file.load(json.dumps({"history": [{}]}))


def test_a_document_names_its_author_and_note() -> None:
    text = json.dumps({"history": [{}, {"from": 5.0, "by": "anna", "note": "spring"}]})
    document = recipes_file.load_history(text).document_at(5)
    assert (document.since, document.by, document.note) == (5, "anna", "spring")
    assert recipes_file.load_history("{}").documents[0].recipes.names


def test_documents_that_load_publishes_are_in_force_as_in_a_backtest(tmp_path: Path) -> None:
    document = {"history": [{}, {"recipes": [carts("1h")], "from": 3 * DAY, "note": "spring"}]}
    (tmp_path / "recipes.json").write_text(json.dumps(document))
    given = [load._published(each) for each in documents(tmp_path / "recipes.json")]
    read = [
        published_document.read(n, 10**12, value_of(*each), False) for n, each in enumerate(given)
    ]
    assert [(each.since, each.note) for each in read] == [(-1, ""), (3 * DAY, "spring")]
    assert [each.recipes and each.recipes.names for each in read][1] == ("carts",)


def test_two_documents_between_two_steps_renumber_once() -> None:
    found = story(
        [cart()],
        document(carts("1h", "24h")),
        document(carts("1h", "30h"), after=2 * HOUR),
        document(carts("1h", "40h"), after=3 * HOUR),
    )
    assert found == ["fired carts 1 1h", "fired carts 2 40h"]


def test_an_episode_of_a_recipe_that_is_in_the_newer_document_only_goes_on() -> None:
    """As after a restart with another file: the state is older than both documents."""
    person = Person("customer:c1")
    person.episodes = [Episode("carts", "cart-abandonment", "k", 1, 1, "v1", 1)]
    older, newer = (
        recipes_file.load(json.dumps(document(*each))) for each in ([], [carts("9h", "12h")])
    )
    assert turn(person, HOUR, older, newer, Outputs())
    assert [each.open for each in person.episodes] == [True]
    assert turn(person, 2 * HOUR, newer, older, Outputs())
    assert [each.open for each in person.episodes] == [False]


@pytest.mark.parametrize("done", ["applied", "looked"])
def test_a_document_that_was_applied_before_a_crash_is_not_applied_again(done: str) -> None:
    person, out = Person("customer:c1"), Outputs()
    person.episodes = [Episode("carts", "cart-abandonment", "k", 1, 1, "v1", 1)]
    setattr(person if done == "applied" else person.of_time(), done, HOUR)
    before, now = (recipes_file.load(json.dumps(document(*each))) for each in ([carts("9h")], []))
    assert turn(person, HOUR, before, now, out)
    assert [each.open for each in person.episodes] == [True]
    assert turn(person, HOUR + 1, before, now, out)
    assert [each.open for each in person.episodes] == [False]
