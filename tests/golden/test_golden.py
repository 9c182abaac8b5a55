"""State across releases: restored changelogs continue like a fresh run over the same log."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.durations import DAY
from stream.recipes_file import DEFAULT
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.state.in_time import PersonInTime
from stream.state.key import Key
from stream.state.life_record import Course, Interest, Life, Purchase, Purchases
from stream.state.person import Person
from stream.state.visitor import Visitor
from stream.store import packing
from stream.store.changelog import FORMAT, HEADER, UnreadableState
from tests.golden import Golden, files, unpacked

ADD = """The code writes other changelogs than the newest file has.
If the states look the way they did and only their contents differ (a rule changed), or a part was added at
the end of a state, with a default: `python -m tests.golden` adds a file. If a part was moved, taken away or
got another meaning: raise FORMAT in stream/store/changelog.py, let `restore` read the old one too, keep its file, and
add one. If no release has the newest file's format yet: `python -m tests.golden --again`."""

READ = """The code does not go on from what an older release wrote: after an update reminders would be lost
or sent again. Mend the reading (stream/store/keyed.py, stream/state/visitor.py, stream/state/person.py); the file stays."""

READABLE = [file for file in files() if file.stem.startswith(f"format-{FORMAT}.")]
REFUSED = [file for file in files() if file not in READABLE]
each = pytest.mark.parametrize("file", READABLE, ids=lambda file: file.stem)


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.stem)
def test_state_of_an_older_format_is_refused_with_the_fix(file: Path) -> None:
    golden = Golden.of(file)
    for stage, records in ((Visitors, golden.visitors), (People, golden.people)):
        made: Any = stage(DEFAULT) if stage is Visitors else People(DEFAULT, 1, 1)
        with pytest.raises(UnreadableState, match=r"expected format 2, got 1: delete the topics"):
            made.restore(unpacked(records))


@each
def test_states_of_a_release_continue_like_a_fresh_run_over_its_log(file: Path) -> None:
    golden = Golden.of(file)
    fresh = golden.fresh()
    fresh.take(golden.read)
    triggers, decisions = set(fresh.triggers), set(fresh.decisions)
    fresh.finish()
    restored = golden.restored()
    restored.finish()
    assert fresh.triggers - triggers <= restored.triggers <= fresh.triggers, READ
    assert fresh.decisions - decisions <= restored.decisions <= fresh.decisions, READ
    assert len(restored.triggers) > 10


@each
def test_the_clock_record_says_where_a_file_continues(file: Path) -> None:
    golden = Golden.of(file)
    for records in (golden.visitors, golden.keys, golden.people):
        assert records[-1][0] == "", "it is the last of a checkpoint"
    restored, fresh = golden.restored(), golden.fresh()
    fresh.take(golden.read)
    assert restored.visitors.position == golden.read
    assert restored.visitors.clock == fresh.visitors.clock
    assert restored.people.advanced == fresh.people.advanced
    assert restored.visitors.keys > 30
    assert restored.keys.advanced == fresh.keys.advanced
    assert restored.people.keys > 30
    assert restored.keys.keys > 10


@each
def test_a_state_of_a_newer_version_is_refused_anywhere_in_the_log(file: Path) -> None:
    golden = Golden.of(file)
    rules = golden.rules
    for stage, records in ((Visitors, golden.visitors), (People, golden.people)):
        for key, value in unpacked(records):
            if value is None:
                continue
            made: Any = stage(rules) if stage is Visitors else People(rules, 1, 1)
            with pytest.raises(
                UnreadableState, match=f"expected format {FORMAT}, got {FORMAT + 1}: start"
            ):
                made.restore([(key, bytes([FORMAT + 1]) + value[1:])])


def test_the_newest_file_is_what_the_code_writes() -> None:
    newest = files()[-1]
    golden = Golden.of(newest)
    made = Golden.made(golden.release, golden.recipes, golden.lines, golden.read)
    assert newest.stem.startswith(f"format-{FORMAT}."), ADD
    assert made.text() == golden.text(), ADD


def test_in_the_newest_file_every_part_of_a_state_is_in_use() -> None:
    golden = Golden.of(files()[-1])
    for kind, records in ((Visitor, golden.visitors), (Key, golden.keys), (Person, golden.people)):
        values = [value for key, value in unpacked(records) if key]
        decode = packing.decode if kind is Person else msgspec.msgpack.Decoder(kind).decode
        whole = [value for value in values if value is not None and _whole(value)]
        states = [decode(memoryview(value)[HEADER.size :]) for value in whole]
        for field in msgspec.structs.fields(kind):
            default = _default(field)
            assert any(getattr(state, field.name) != default for state in states), field.name
        assert None in values, "a tombstone"
        assert any(value and not _whole(value) for value in values), "one only just forgotten"


RARE = {"Life.spent"}
"""Parts of the state of people with more than a thousand orders."""


def test_in_the_newest_file_every_part_of_a_life_is_in_use() -> None:
    """A year's state outlives releases: the file has each part of it, also during long waits."""
    golden = Golden.of(files()[-1])
    values = [value for key, value in unpacked(golden.people) if key and _whole(value)]
    people = [_person(value) for value in values if value]
    found: list[Any] = []
    for person in people:
        found += [each for each in (person.life, person.in_time) if each is not None]
        found += [each.course for each in person.episodes if each.course is not None]
        if person.life is not None:
            kept = [*person.life.purchases.values()]
            found += [
                *kept,
                *person.life.interests.values(),
                *(one for each in kept for one in each.all),
            ]
    used = {
        f"{kind.__name__}.{field.name}"
        for kind in (Life, Course, Purchases, Purchase, Interest, PersonInTime)
        for field in msgspec.structs.fields(kind)
        for each in found
        if type(each) is kind and getattr(each, field.name) != _default(field)
    }
    every = {
        f"{kind.__name__}.{field.name}"
        for kind in (Life, Course, Purchases, Purchase, Interest, PersonInTime)
        for field in msgspec.structs.fields(kind)
    }
    assert every - used - RARE == set()
    waiting = [
        each.due - person.applied
        for person in people
        for each in person.episodes
        if each.course and each.open
    ]
    assert max(waiting) > 10 * DAY, "somebody is in the middle of a long wait"
    assert any(
        value and value[HEADER.size] == packing.LIVES and value[HEADER.size + 1] for value in values
    ), "one who rests is deflated"
    assert any(
        value and value[HEADER.size] == packing.LIVES and _person(value).life is None
        for value in values
    ), "one without a life record is in a life episode"


def _person(value: bytes) -> Person:
    return packing.decode(memoryview(value)[HEADER.size :])


def _default(field: msgspec.structs.FieldInfo) -> Any:
    made = field.default_factory is not msgspec.NODEFAULT
    return field.default_factory() if made else field.default


def _whole(value: bytes | None) -> bool:
    """Whether a value is more than the header that a forgotten state leaves."""
    return value is not None and len(value) > HEADER.size
