"""The demo's results of a year: one trigger of each kind, sizes of audiences, and a drifting customer."""

import json

from agents.demo.results import Results, member, of_each_kind, sizes
from agents.demo.terminal import fired
from agents.simulator import publish, traffic
from stream import backtest, recipes_file
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs

T = 1_767_607_200_000
DAY = 86_400_000


def changes(*moves: tuple[str, int, bool]) -> list[bytes]:
    """(person, time, whether it entered) of the audience fans."""
    out = Outputs()
    for number, (person, at, entered) in enumerate(moves):
        kind = audience_changes.ENTERED if entered else audience_changes.LEFT
        audience_changes.publish(kind, ["fans"], person, T + at, number, out)
    return [value for *_, value in out.audiences if value is not None]


MOVES = (("a", 1, True), ("b", 2, True), ("b", 5, False), ("c", 3, True), ("a", 0, False))


def test_the_size_counts_those_who_entered_and_did_not_leave() -> None:
    assert sizes(changes(("a", 1, True), ("b", 2, True), ("b", 5, False))) == {"fans": 1}


def test_the_member_is_the_person_who_entered_last_and_is_still_in() -> None:
    assert member(changes(*MOVES), "fans") == "c"
    assert member(changes(*MOVES), "others") is None


def test_each_kind_is_shown_by_its_first_trigger_in_words() -> None:
    lives = [line.rstrip() for line in publish.lines(traffic.years(1, 12, T, 300 * DAY))]
    rules = recipes_file.load(json.dumps({
        "recipes": [
            {"name": "welcome"}, {"name": "post-purchase"}, {"name": "cart-abandonment"},
            {"name": "replenishment", "life": {"*": "30d"}},
            {"name": "fans", "kind": "audience", "audience": "recent"},
        ],
        "audiences": [{"name": "recent", "members": {"since_order": {"max": "20d"}}}],
    }))  # fmt: skip
    triggers = [value for out in backtest.run(lives, rules) for *_, value in out.triggers]
    found = of_each_kind(triggers, rules)
    assert found.keys() >= {"welcome", "post-purchase", "replenishment", "audience"}
    for data in found.values():
        same = [json.loads(value)["data"] for value in triggers]
        of_kind = [each for each in same if each["recipe"] == data["recipe"] and "cart" in each]
        assert data["not_before"] == min(each["not_before"] for each in of_kind)
    assert "belongs to recent" in fired(found["audience"])
    assert "no product" in fired(found["welcome"])


def test_results_hold_others_if_they_have_all_of_each() -> None:
    some = Results(frozenset({b"t"}), frozenset({b"d"}), frozenset({b"c"}))
    assert some.holds(Results(frozenset(), frozenset({b"d"})))
    assert not Results(frozenset({b"t"}), frozenset({b"d"})).holds(some)
