"""Life records in the view: steps that wait for months stay, and changes of audiences are counted by day."""

import json
from typing import Any

import pytest

from agents.view.projection import entries, is_followed
from agents.view.redis_keys import RedisKeys
from agents.worker.producer import AUDIENCES, DECISIONS, ERASED
from stream import recipes_file
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.outputs.triggers import CANCELLED, FIRED
from stream.state.life_record import Course
from stream.state.person import Episode, Person
from stream.store import packing
from stream.store.changelog import FORMAT, HEADER

T = 1_767_607_200_000
DAY = 86_400_000
KEYS = RedisKeys("t.")
DECISION = {
    "trigger_id": "1",
    "person": "customer:anna",
    "at": T - 7,
    "recipe": "r",
    "outcome": "refused",
}


def state(person: Person) -> bytes:
    return HEADER.pack(FORMAT, person.applied, -1, 1) + packing.encode(person)


def lives(person: Person) -> int:
    """Ms for which the person's pending steps are kept."""
    row = T, person.id.encode(), state(person)
    ((sort, _, _, _, _, life, _),) = entries("state.people", [row], KEYS, recipes_file.DEFAULT)
    assert sort == "NEWER"
    return int(life)


def waiting(due: int, ends: int = -1) -> Person:
    course = Course(base=T if ends == -1 else -1, ends=ends, order_id="o1", order_at=T)
    episode = Episode("again", "replenishment", "p1", T, T, "v", T, due=due, course=course)
    return Person("customer:anna", applied=T, episodes=[episode])


def test_a_step_that_waits_for_months_is_kept_until_a_day_after_it() -> None:
    assert lives(waiting(T + 90 * DAY)) == 91 * DAY
    assert lives(waiting(-1, ends=T + 60 * DAY)) == 61 * DAY


def test_a_near_step_is_kept_for_a_month_and_nothing_for_an_hour() -> None:
    assert lives(waiting(T + DAY)) == lives(waiting(T + 29 * DAY)) == 30 * DAY
    assert lives(waiting(T + 29 * DAY + 1)) == 30 * DAY + 1
    assert lives(Person("customer:anna", applied=T)) == 3_600_000


def test_changes_of_audiences_are_counted_by_day() -> None:
    out = Outputs()
    for number, kind in enumerate((audience_changes.ENTERED, audience_changes.LEFT)):
        audience_changes.publish(kind, ["fans"], "customer:anna", T, number, out)
    rows = [(T, b"fans|customer:anna", value) for *_, value in out.audiences]
    found = list(entries(AUDIENCES, [*rows, (T, b"fans|x", None)], KEYS, recipes_file.DEFAULT))
    assert is_followed(AUDIENCES)
    assert found == [
        ("HINCRBY", KEYS.counts, "2026-01-05|fans|audience|entered", "1"),
        ("HINCRBY", KEYS.counts, "2026-01-05|fans|audience|left", "1"),
    ]


def test_a_waiting_step_names_what_it_waits_for() -> None:
    row = T, b"customer:anna", state(waiting(-1, ends=T + 60 * DAY))
    ((_, _, _, _, steps, _, _),) = entries("state.people", [row], KEYS, recipes_file.DEFAULT)
    (step,) = json.loads(steps)
    assert (step["kind"], step["order"], step["until"]) == ("replenishment", "o1", T + 60 * DAY)


def row(event: Any, key: bytes | None = b"customer:anna") -> tuple[int, bytes | None, bytes]:
    return T, key, json.dumps(event).encode()


def test_a_decision_is_kept_for_its_person_and_counted_by_day() -> None:
    given = [row(DECISION | {"reason": "quiet", "steps_left": 3}), row(DECISION)]
    found = list(entries("triggers.decisions", given, KEYS, recipes_file.DEFAULT))
    mine, unless = KEYS.decisions("customer:anna"), KEYS.erased("customer:anna")
    assert found == [
        ("UNLESS", unless, str(T - 7), "ZADD", mine, str(T), given[0][2].decode()),
        ("ZREMRANGEBYRANK", mine, "0", "-21"),
        ("PEXPIRE", mine, str(7 * DAY)),
        ("HINCRBY", KEYS.counts, "2026-01-05|r|refused|quiet", "3"),
        ("UNLESS", unless, str(T - 7), "ZADD", mine, str(T), given[1][2].decode()),
        ("ZREMRANGEBYRANK", mine, "0", "-21"),
        ("PEXPIRE", mine, str(7 * DAY)),
        ("HINCRBY", KEYS.counts, "2026-01-05|r|refused|", "1"),
    ]


def test_decisions_of_shadows_and_tombstones_are_left_out() -> None:
    shadow = row(DECISION | {"shadow": True})
    given = [shadow, (T, b"customer:anna", None), (T, None, b"{}"), (T, b"", b"{}")]
    assert list(entries("triggers.decisions", given, KEYS, recipes_file.DEFAULT)) == []


def test_a_trigger_and_its_cancel_are_found_by_their_id() -> None:
    data = {"trigger_id": "t1", "person": "customer:anna", "recipe": "r", "step": 2}
    fired = {"type": FIRED, "data": data | {"not_before": T + 1, "valid_until": T + 9}}
    ended = {"type": CANCELLED, "data": data | {"at": T + 3, "reason": "ordered"}}
    found = list(entries("triggers.r", [row(fired), row(ended)], KEYS, recipes_file.DEFAULT))
    unless = KEYS.erased("customer:anna")
    assert found[0] == ("UNLESS", unless, str(T + 1), "ZADD", KEYS.fired, str(T), "t1")
    assert found[1][:6] == ("UNLESS", unless, str(T + 1), "HSET", KEYS.triggers, "t1")
    brief = {"person": "customer:anna", "recipe": "r", "step": 2}
    assert json.loads(found[1][6]) == brief | {"valid_until": T + 9}
    assert found[2] == ("HINCRBY", KEYS.counts, "2026-01-05|r|cancelled|ordered", "1")
    assert found[3][2] == found[4][2] == str(T + 3)
    assert json.loads(found[4][6]) == brief | {"cancelled": "ordered"}
    assert found[5:] == [("TRIM", KEYS.fired, KEYS.triggers, "20000")]


def test_an_erasure_names_all_places_of_a_person() -> None:
    event = {"data": {"person": "customer:anna", "at": T - 3}}
    (found,) = entries("people.erased", [row(event)], KEYS, recipes_file.DEFAULT)
    assert found == (
        "ERASE",
        KEYS.erased("customer:anna"),
        KEYS.decisions("customer:anna"),
        KEYS.waiting("customer:anna"),
        KEYS.fired,
        KEYS.triggers,
        '"person":"customer:anna"',
        str(T - 3),
        str(30 * DAY),
    )
    assert "anna" not in KEYS.erased("customer:anna"), "the note outlives the person"


def test_the_topics_of_people_triggers_audiences_and_erasures_are_followed() -> None:
    for topic in ("state.people", "people.erased", "triggers.decisions", "triggers.x"):
        assert is_followed(topic)
    for topic in ("triggers.shadow", "triggers.outcomes", "storefront.events", "state.visitors"):
        assert not is_followed(topic)


@pytest.mark.parametrize("topic", ["triggers.cart-abandonment", DECISIONS, AUDIENCES, ERASED])
@pytest.mark.parametrize("value", [b"rubbish", b"\xff", b"[]", b"{}", b'{"type":"t","data":{}}'])
def test_a_record_that_no_worker_has_written_has_no_entry(topic: str, value: bytes) -> None:
    found = entries(topic, [(T, b"k", value)], KEYS, recipes_file.DEFAULT)
    assert [entry for entry in found if entry[0] != "TRIM"] == []
