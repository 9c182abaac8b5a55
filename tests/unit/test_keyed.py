"""States by key: packed, restored, forgotten, and followed by a tombstone."""

import weakref
from itertools import chain

import msgspec
import pytest
from msgspec import Struct

from stream.state.cart import NEVER
from stream.store import keyed, stretches
from stream.store.changelog import UnreadableState
from stream.store.keyed import Keyed

Records = list[tuple[bytes, bytes | None]]


class Count(Struct):
    applied: int = NEVER
    version: int = 0
    armed: int = NEVER
    number: int = 0


def counts() -> Keyed[Count]:
    return Keyed(msgspec.msgpack.encode, msgspec.msgpack.Decoder(Count).decode)


def put(states: Keyed[Count], key: str, number: int, applied: int = 0) -> Count:
    state = states.get(key)
    if state is None:
        state = Count()
        states.add(key, state)
    states.dirty[key] = state
    state.number, state.applied = number, applied
    return state


def changes_of(states: Keyed[Count], clock: tuple[int, int, int], moved: bool) -> Records:
    return list(chain.from_iterable(states.parts(clock, moved)))


def written(states: Keyed[Count], clock: int = 0) -> Records:
    return changes_of(states, (clock, 0, 0), False)


def restored(records: Records) -> Keyed[Count]:
    states = counts()
    states.restore(records)
    states.restored()
    return states


def number(states: Keyed[Count], key: str) -> int | None:
    state = states.get(key)
    return None if state is None else state.number


def test_a_state_is_restored_from_the_changelog_with_its_deadline() -> None:
    states = counts()
    states.arm("a", put(states, "a", 7), 500)
    new = restored(written(states))
    assert number(new, "a") == 7
    assert [key for key, _ in new.due(500)] == ["a"]


def test_a_deadline_is_armed_without_decoding_the_state() -> None:
    states = counts()
    states.arm("a", put(states, "a", 7), 500)
    new = restored(written(states))
    assert (new.live, new.next_deadline) == ({}, 500)


def test_a_key_that_was_due_is_unarmed() -> None:
    states = counts()
    states.arm("a", put(states, "a", 7), 500)
    ((_, state),) = states.due(600)
    assert state.armed == NEVER
    assert states.due(600) == []


def test_a_deadline_is_only_moved_forward() -> None:
    states = counts()
    state = put(states, "a", 7)
    for deadline in (500, 900, 300):
        states.arm("a", state, deadline)
    assert state.armed == 300
    assert [key for key, _ in states.due(400)] == ["a"]
    assert states.due(1_000) == []


def test_a_clean_state_that_is_armed_keeps_its_deadline_when_it_is_packed_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyed, "DECODED", 0)
    states = counts()
    state = put(states, "a", 7)
    written(states)
    states.arm("a", state, 500)
    written(states)
    put(states, "b", 1)
    written(states)
    assert [key for key, _ in states.due(500)] == ["a"]


def test_states_beyond_the_cache_are_packed_and_restored_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyed, "DECODED", 1)
    states = counts()
    for key in "abc":
        put(states, key, ord(key))
        written(states)
    assert [number(states, key) for key in "abcd"] == [97, 98, 99, None]
    assert len(states) == 3


def test_only_changed_states_are_written_and_the_clock_comes_last() -> None:
    states = counts()
    put(states, "a", 1)
    put(states, "b", 2)
    written(states)
    put(states, "b", 3)
    assert [key for key, _ in written(states)] == [b"b", b""]
    assert written(states) == []
    assert [key for key, _ in changes_of(states, (9, 0, 0), True)] == [b""]
    assert states.clock == (9, 0, 0)


def changed(states: Keyed[Count]) -> list[bytes]:
    """The keys of the records of a change, after which nothing has changed."""
    assert states.changed
    keys = [key for key, _ in written(states)]
    assert not states.changed
    return keys


def test_each_sort_of_change_is_written_with_the_clock() -> None:
    """A state, one that was packed ahead, a key that was forgotten, and one whose header the commit has passed."""
    states = counts()
    assert not states.changed
    put(states, "a", 1, applied=10)
    assert changed(states) == [b"a", b""]
    state = put(states, "a", 2, applied=10)
    states.pack_ahead(1)
    assert changed(states) == [b"a", b""]
    states.forget("a", state)
    assert changed(states) == [b"a", b""]
    states.committed(11)
    assert changed(states) == [b"a", b""]


def test_the_highest_applied_and_version_wins_not_the_last_record() -> None:
    states = counts()
    put(states, "a", 1, applied=10)
    old = written(states)
    put(states, "a", 2, applied=20)
    assert number(restored([*old, *written(states), *old]), "a") == 2


def test_the_later_version_of_equally_far_states_wins() -> None:
    """A fired deadline changes the state but not `applied`."""
    states = counts()
    put(states, "a", 1, applied=10)
    old = written(states)
    put(states, "a", 2, applied=10)
    assert number(restored([*written(states), *old]), "a") == 2


def test_the_largest_clock_wins() -> None:
    states = counts()
    early = changes_of(states, (3, 4, 5), True)
    late = changes_of(states, (6, 7, 8), True)
    assert restored([*late, *early]).clock == (6, 7, 8)
    assert restored([*late, (b"", None)]).clock == (6, 7, 8)


def forgotten(applied: int = 10) -> tuple[Keyed[Count], Records]:
    states = counts()
    state = put(states, "a", 1, applied)
    alive = written(states)
    states.forget("a", state)
    return states, alive


def test_a_forgotten_key_leaves_its_header_until_the_commit_has_passed_it() -> None:
    states, alive = forgotten()
    assert states.deleted("a") == (10, 2)
    deleted = written(states)
    assert (number(states, "a"), states.deleted("a")) == (None, (10, 2))
    assert restored([*alive, *deleted]).deleted("a") == (10, 2)
    states.committed(10)
    assert written(states) == []
    states.committed(11)
    assert written(states)[0] == (b"a", None)
    assert (states.deleted("a"), len(states), states.size) == (None, 0, 0)


def test_a_restored_header_only_record_gets_its_tombstone() -> None:
    states, alive = forgotten()
    new = restored([*alive, *written(states)])
    new.committed(11)
    assert written(new)[0] == (b"a", None)


def test_a_returning_key_continues_from_its_header_only_record() -> None:
    states, _ = forgotten()
    state = put(states, "a", 5, applied=12)
    assert state.version == 2
    written(states)
    states.forget("a", state)
    written(states)
    state = Count()
    states.add("a", state)
    assert (state.applied, state.version) == (12, 4)
    states.committed(99)
    assert b"a" in dict(written(states))
    assert number(states, "a") == 0


def test_a_key_that_was_forgotten_twice_keeps_its_header_until_the_second_was_passed() -> None:
    states, _ = forgotten()
    written(states)
    states.forget("a", put(states, "a", 5, applied=12))
    written(states)
    states.committed(12)
    assert written(states) == []
    assert states.deleted("a") == (12, 3)
    states.committed(13)
    assert written(states)[0] == (b"a", None)
    assert (len(states), states.size) == (0, 0)


def test_header_only_records_become_tombstones_in_their_order() -> None:
    states = counts()
    for key, applied in (("a", 10), ("b", 30), ("c", 20)):
        states.forget(key, put(states, key, 1, applied))
    written(states)
    states.committed(25)
    assert [key for key, value in written(states) if value is None] == [b"a"]
    states.committed(31)
    assert [key for key, value in written(states) if value is None] == [b"b", b"c"]


def test_a_late_state_of_an_old_owner_does_not_revive_a_deleted_key() -> None:
    states, alive = forgotten()
    deleted = written(states)
    states.committed(11)
    burial = written(states)
    assert number(restored([*alive, *deleted, *alive, *burial, *alive]), "a") is None


def test_nothing_is_restored_of_a_key_with_a_tombstone() -> None:
    states, alive = forgotten()
    deleted = written(states)
    states.committed(11)
    new = restored([*alive, *deleted, *written(states), (b"", None)])
    assert (len(new), new.size, new.deleted("a")) == (0, 0, None)


def test_a_key_that_returns_after_its_tombstone_has_a_state() -> None:
    states, alive = forgotten()
    deleted = written(states)
    states.committed(11)
    burial = written(states)
    put(states, "a", 5, applied=20)
    assert number(restored([*alive, *deleted, *burial, *written(states)]), "a") == 5


def test_a_late_tombstone_leaves_a_living_state() -> None:
    _, alive = forgotten()
    assert number(restored([*alive, (b"a", None)]), "a") == 1


def test_a_tombstone_of_an_unknown_key_does_nothing() -> None:
    assert len(restored([(b"a", None)])) == 0


def test_a_state_of_a_later_release_is_refused() -> None:
    states = counts()
    put(states, "a", 1)
    key, value = written(states)[0]
    assert value is not None
    with pytest.raises(UnreadableState, match="expected format 2, got 3"):
        restored([(key, bytes([value[0] + 1]) + value[1:])])


def test_the_size_is_the_size_of_the_packed_states() -> None:
    states = counts()
    put(states, "a", 1)
    put(states, "b", 2)
    records = written(states)
    size = sum(len(value) for key, value in records if value and key)
    assert (states.size, restored(records).size) == (size, size)


def test_the_states_of_a_dropped_partition_are_freed_at_once() -> None:
    """A worker rarely collects garbage, so a reference cycle would stay for minutes."""
    states = counts()
    put(states, "a", 1)
    written(states)
    gone = weakref.ref(states)
    del states
    assert gone() is None


def test_states_packed_ahead_come_with_the_next_records_and_again_if_they_change() -> None:
    states = counts()
    for number in range(5):
        put(states, f"k{number}", number)
    assert list(states.pack_ahead(2)) == ["k0", "k1"]
    assert states.unwritten == 5
    put(states, "k0", 10)
    records = written(states)
    assert [key for key, _ in records] == [b"k0", b"k1", b"k2", b"k3", b"k4", b"k0", b""]
    assert states.unwritten == 0
    assert [key for key, _ in written(states)] == []
    again = restored(records)
    assert [again.get(f"k{number}").number for number in range(5)] == [10, 1, 2, 3, 4]  # type: ignore[union-attr]


def test_a_state_that_was_packed_ahead_and_forgotten_stays_forgotten() -> None:
    states = counts()
    state = put(states, "k", 1, applied=3)
    states.pack_ahead(1)
    states.forget("k", state)
    again = restored(written(states))
    assert again.get("k") is None
    assert again.deleted("k") == (3, state.version + 1)


def test_unused_states_are_let_go_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed, "DECODED", 0)
    monkeypatch.setattr(stretches, "AT_A_STRETCH", 2)
    states = counts()
    for key in "abcde":
        put(states, key, 7)
    written(states)
    put(states, "f", 8)
    *records, _, _, _ = states.parts((1, 0, 0), False)
    assert [len(each) for each in records] == [0, 1, 1], "tombstones, f, the clock"
    assert states.held[1].keys() == {"f"}
    assert [number(states, key) for key in "af"] == [7, 8]
