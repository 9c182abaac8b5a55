"""An idle person with a year of history is packed small, and unpacked unchanged."""

import pytest
from msgspec import msgpack

from stream import recipes_file as files
from stream.recipes.history import Document, History
from stream.recipes.recipe import BROWSE
from stream.stages.people import People
from stream.state.bought import KnownCart
from stream.state.life_record import Course, Life
from stream.state.orders import OrderEntry
from stream.state.person import Episode, Person, PersonVisitor
from stream.state.trimming import trim
from stream.state.visitor import Published
from stream.store import packing
from stream.store.changelog import CLOCK, FORMAT, HEADER
from stream.store.last_field import packer
from tests.bench.customers import DAY, RECIPES, packed

_headless = packer(Person)
IN_FORCE = files.load(RECIPES.read_text())


def _again(person: Person) -> bytes:
    return msgpack.encode(packing.decode(memoryview(packing.encode(person))))


def test_a_customer_of_a_year_costs_400_bytes() -> None:
    for key, value in packed(3, IN_FORCE, rests=40 * DAY):
        if key.startswith(b"customer:"):
            assert value is not None
            assert len(value) <= 400


def test_a_packed_state_is_read_back_unchanged() -> None:
    person = Person("customer:c1", life=Life(audiences={"lapsed": 5}))
    person.consent = {f"channel {n}": True for n in range(50)}
    assert len(packing.encode(person)) < len(msgpack.encode(person))
    assert _again(person) == msgpack.encode(person)
    person.visitors["v1"] = PersonVisitor(True, 7)
    assert len(packing.encode(person)) > len(msgpack.encode(person))
    assert _again(person) == msgpack.encode(person)
    assert packing.head(packing.encode(Person("visitor:v1")), 0) is None


@pytest.mark.parametrize(("bound", "deflated"), [(2, False), (3, True), (None, True)])
def test_a_state_is_deflated_if_no_audience_changes_within_two_days(
    bound: int | None, deflated: bool
) -> None:
    changes = -1 if bound is None else 5 + bound * DAY
    person = Person("customer:c1", applied=5, life=Life(bound=changes))
    person.consent = {f"channel {n}": True for n in range(50)}
    assert (len(packing.encode(person)) < len(msgpack.encode(person))) is deflated
    assert _again(person) == msgpack.encode(person)


def test_the_names_in_a_deflated_state_show_in_its_plain_form() -> None:
    person = Person("customer:c1", life=Life(audiences={"lapsed": 5}))
    person.visitors = {f"visitor-{n}": PersonVisitor(False, n) for n in range(50)}
    value = packing.encode(person)
    assert b"visitor-49" not in value
    for each in (value, msgpack.encode(person)):
        assert b"visitor-49" in bytes(packing.plain(memoryview(each)))


def test_the_head_holds_what_a_restore_counts() -> None:
    person = Person("customer:c1", life=Life(audiences={"lapsed": 5, "loyal": 6}))
    person.episodes = [Episode("welcome", "welcome", "welcome", 1, 1, "v1", 1)]
    assert packing.head(packing.encode(person), 0) == (1, b"lapsed\nloyal")


@pytest.mark.parametrize("course", [None, Course(base=-1, ends=90 * DAY)])
@pytest.mark.parametrize("open", [True, False])
def test_without_a_life_record_only_an_open_life_episode_makes_a_head(
    course: Course | None, open: bool
) -> None:
    person = Person("customer:c1", episodes=[_episode(), _episode(open, course)])
    found, plain = packing.encode(person), _headless(person)
    if open and course:
        assert packing.head(found, 0) == (2, b"")
        assert packing.plain(memoryview(found)) == plain
        assert _again(person) == msgpack.encode(person)
    else:
        assert found == plain, "the bytes of earlier releases"


def _episode(open: bool = True, course: Course | None = None) -> Episode:
    return Episode("r", "post-purchase", "o1", 1, 1, "v1", 1, open=open, course=course)


def test_a_restore_counts_an_episode_that_waits_until_after_its_person_is_forgotten() -> None:
    ends = IN_FORCE.policy.keep + 90 * DAY
    person = Person("customer:c1", applied=1, episodes=[_episode(True, Course(ends=ends))])
    for each, counted in ((packing.encode(person), 1), (_headless(person), 0)):
        people = People(IN_FORCE, 1)
        header = HEADER.pack(2, 1, person.deadline(IN_FORCE.policy.keep), 1)
        people.restore([(b"customer:c1", header + each)])
        people.restored()
        assert people.open_episodes == counted


def test_a_restore_counts_by_the_document_that_was_in_force() -> None:
    """The first document forgets the person before its step is due."""
    first, later = (files.load(f"policy: {{keep: {days}d}}") for days in (30, 60))
    due, person = 20 + 40 * DAY, Person("customer:c1", applied=20, episodes=[_episode()])
    value = HEADER.pack(FORMAT, 20, due, 1) + packing.encode(person)
    for turned, counted in ((0, 0), (10, 1)):
        people = People(History(first, [Document(later, since=10)]), 1)
        people.restore([(b"customer:c1", value), (b"", CLOCK.pack(FORMAT, 20, turned, 0))])
        people.restored()
        assert people.open_episodes == counted


def test_a_restore_counts_members_and_open_episodes() -> None:
    person = Person("customer:c1", life=Life(audiences={"lapsed": 5, "loyal": 6}))
    person.episodes = [Episode("welcome", "welcome", "welcome", 1, 1, "v1", 1)]
    people = People(IN_FORCE, 1)
    records = [
        (f"customer:c{n}".encode(), HEADER.pack(2, 1, 9, 1) + packing.encode(person))
        for n in range(3)
    ]
    people.restore(records)
    people.restored()
    assert people.members == {"lapsed": 3, "loyal": 3}
    assert people.open_episodes == 3


def test_a_cart_empty_long_before_the_last_order_is_forgotten() -> None:
    person = Person("customer:c1", orders=[OrderEntry("o1", 20 * DAY)])
    empty, filled, later = KnownCart(5, ""), KnownCart(5, "x", [("p1", "", 1.0, 4)]), 20 * DAY + 1
    person.carts = {"a": empty, "b": filled, "c": KnownCart(later, "")}
    trim(person, 20 * DAY + 1)
    assert set(person.carts) == {"a", "b", "c"}
    trim(person, 100 * DAY)
    assert set(person.carts) == {"b", "c"}


def test_the_latest_visit_of_a_visitor_is_remembered() -> None:
    person = Person("customer:c1")
    person.episodes = [_browsed("v1", 1), _browsed("v2", 2), _browsed("v1", 3), _browsed("v1", 4)]
    person.episodes[2].published = [Published("id", "browse", "customer:c1", 1, [], 50)]
    trim(person, 49)
    assert [each.key_time for each in person.episodes] == [2, 3, 4]
    trim(person, 50)
    assert [each.key_time for each in person.episodes] == [2, 4]


def _browsed(visitor: str, start: int) -> Episode:
    return Episode("browse", BROWSE, visitor, start, start, visitor, start, open=False)


def test_a_record_of_the_changelog_is_shown_in_plain_form() -> None:
    """The search for an erased name looks into it."""
    person = Person("customer:c1", life=Life(audiences={"lapsed": 5}))
    header = bytes([FORMAT]) + bytes(HEADER.size - 1)
    plain = packing.plain_record(header + packing.encode(person))
    assert plain is not None
    assert plain.startswith(header)
    assert b"lapsed" in plain
    there = packing.decode(memoryview(plain)[HEADER.size :])
    assert msgpack.encode(there) == msgpack.encode(person)
    for value in (None, header, b"\xff" + header + b"later"):
        assert packing.plain_record(value) == value
