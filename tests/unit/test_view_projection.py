"""Life records in the view: steps that wait for months stay, and changes of audiences are counted by day."""

import json

from agents.view.projection import entries, is_followed
from agents.view.redis_keys import SETTLED_LIVE, WAITING_LIVE, RedisKeys
from agents.worker.producer import AUDIENCES
from stream import recipes_file
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.state.life_record import Course
from stream.state.person import Episode, Person
from stream.store import packing
from stream.store.changelog import FORMAT, HEADER

T = 1_767_607_200_000
DAY = 86_400_000
KEYS = RedisKeys("t.")


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
    assert lives(waiting(T + DAY)) == WAITING_LIVE
    assert lives(Person("customer:anna", applied=T)) == SETTLED_LIVE


def test_changes_of_audiences_are_counted_by_day() -> None:
    out = Outputs()
    for number, kind in enumerate((audience_changes.ENTERED, audience_changes.LEFT)):
        audience_changes.publish(kind, "fans", "customer:anna", T, number, out)
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
