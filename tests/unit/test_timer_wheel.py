"""The timer wheel: keys come up at their armed time, once. All holds of the compiled wheel, too."""

import random
from types import SimpleNamespace
from typing import Any

import pytest

from stream.store.changelog import HEADER
from stream.store.timer_wheel import COMPILED, SPAN, TICK, Held, Wheel

BOTH = [Wheel] + ([COMPILED] if COMPILED else [])
"""The wheel in Python, and the compiled one where it was built."""


CHOSEN = [Wheel]
"""The wheel that `wheel` makes."""


@pytest.fixture(autouse=True, params=BOTH, ids=lambda kind: kind.__module__)
def choose(request: pytest.FixtureRequest) -> None:
    CHOSEN[0] = request.param


def armed_at(times: dict[str, int]) -> Held:
    """States in each of the three places where a wheel looks."""
    live: dict[str, Any] = {}
    older: dict[str, Any] = {}
    packed: dict[str, bytes] = {}
    for number, (key, time) in enumerate(times.items()):
        if number % 3 == 2:
            packed[key] = HEADER.pack(2, 0, time, 0)
        else:
            (live, older)[number % 3][key] = SimpleNamespace(armed=time)
    return live, older, packed


def wheel(*entries: tuple[str, int]) -> Wheel:
    made = CHOSEN[0]()
    for key, time in entries:
        made.arm(key, time)
    return made


def test_a_key_comes_up_at_its_time_and_not_a_millisecond_sooner() -> None:
    made = wheel(("a", 1_050))
    assert made.due(1_049, armed_at({"a": 1_050})) == []
    assert made.due(1_050, armed_at({"a": 1_050})) == ["a"]


def test_a_key_that_has_come_up_does_not_come_up_again() -> None:
    made = wheel(("a", 1_050))
    made.due(1_050, armed_at({"a": 1_050}))
    assert made.due(9_999, armed_at({"a": 1_050})) == []


def test_a_key_armed_twice_in_one_tick_is_due_once() -> None:
    made = wheel(("a", TICK + 50), ("a", TICK + 20))
    assert made.due(10 * TICK, armed_at({"a": TICK + 20})) == ["a"]


def test_a_key_armed_twice_in_one_tick_is_queued_once() -> None:
    made = wheel(("a", TICK + 50), ("a", TICK + 20), ("b", TICK))
    times = {"a": TICK + 50, "b": TICK}
    assert made.due(TICK, armed_at(times)) == ["b"]
    assert made.due(TICK + 50, armed_at(times)) == ["a"]


def test_an_entry_left_behind_by_an_earlier_arming_is_skipped() -> None:
    made = wheel(("a", 5 * TICK), ("a", 2 * TICK))
    assert made.due(2 * TICK, armed_at({"a": 2 * TICK})) == ["a"]
    assert made.due(5 * TICK, armed_at({})) == []


def test_keys_come_up_in_the_order_of_their_ticks() -> None:
    made = wheel(("late", 900), ("early", 100))
    assert made.due(1_000, armed_at({"late": 900, "early": 100})) == ["early", "late"]


def test_the_next_deadline_is_never_reported_too_late() -> None:
    assert wheel().next is None
    assert wheel(("a", 1_050), ("b", 2_000)).next == 1_000


FAR = 30 * 24 * SPAN


def test_a_key_of_a_later_span_comes_up_at_its_time_and_not_a_millisecond_sooner() -> None:
    made, times = wheel(("a", FAR + 1_050)), {"a": FAR + 1_050}
    for time in (1_050, FAR - 2 * SPAN, FAR, FAR + 1_049):
        assert made.due(time, armed_at(times)) == []
    assert made.due(FAR + 1_050, armed_at(times)) == ["a"]
    assert made.due(2 * FAR, armed_at(times)) == []
    assert made.next is None


def test_keys_of_many_spans_come_up_in_the_order_of_their_times() -> None:
    times = {str(n): n * SPAN // 3 for n in range(1, 40)}
    made = wheel(*reversed(times.items()))
    assert made.due(20 * SPAN, armed_at(times)) == [key for key in times if times[key] <= 20 * SPAN]
    assert made.due(FAR, armed_at(times)) == [key for key in times if times[key] > 20 * SPAN]


def test_an_entry_left_behind_in_a_later_span_is_skipped() -> None:
    made = wheel(("a", FAR), ("a", FAR + 2 * SPAN))
    assert made.due(FAR + SPAN, armed_at({"a": FAR + 2 * SPAN})) == []
    assert made.due(FAR + 2 * SPAN, armed_at({"a": FAR + 2 * SPAN})) == ["a"]


def test_keys_that_are_due_much_later_share_their_buckets() -> None:
    made = Wheel()
    for n in range(10_000):
        made.arm(str(n), FAR + n * TICK)
    assert len(made._later.buckets) == 1
    assert made._soon.buckets == {}


def test_all_keys_of_a_restore_are_taken_by_their_spans() -> None:
    times = {"a": 500, "b": SPAN + 500, "c": FAR}
    made = wheel()
    made.take({0: ["a"], 1: ["b"], FAR // SPAN: ["c"]}, armed_at(times))
    assert made.next == 500
    made.reach(SPAN, armed_at(times))
    assert made.due(FAR, armed_at(times)) == ["a", "b", "c"]


def test_the_next_deadline_of_a_later_span_is_not_reported_before_that_span() -> None:
    made = wheel(("a", FAR + 500))
    assert made.next == FAR
    made.reach(FAR - SPAN, armed_at({"a": FAR + 500}))
    assert made.next == FAR + 500


def drawn(made: Wheel, time: int, times: dict[str, int], most: int) -> list[list[str]]:
    """The due keys, `most` at a time, until none is left."""
    found: list[list[str]] = []
    while not found or made.behind:
        some = made.due(time, armed_at(times), most)
        times.update(dict.fromkeys(some, -1))
        found.append(some)
    return found


def test_however_many_are_due_at_once_they_come_up_a_few_at_a_time() -> None:
    times = {str(n): TICK + 7 for n in range(1_000)}
    parts = drawn(wheel(*times.items()), 10 * TICK, dict(times), 10)
    assert max(map(len, parts)) == 10
    assert [key for part in parts for key in part] == list(times)


def test_a_few_at_a_time_is_the_same_order_as_all_at_once() -> None:
    times = {str(n): (n * 37) % 501 * TICK // 3 for n in range(3_000)}
    times |= {f"far {n}": SPAN + n * 1_000 for n in range(3_000)}
    for time in (0, TICK, 77 * TICK + 50, SPAN - 1, SPAN + 1_000_123, 3 * SPAN):
        whole = wheel(*times.items()).due(time, armed_at(times))
        parts = drawn(wheel(*times.items()), time, dict(times), 7)
        assert [key for part in parts for key in part] == whole


def test_each_key_of_an_unfinished_tick_is_checked_once() -> None:
    times = {str(n): TICK + n % TICK for n in range(20 * TICK)}
    made, looked = Wheel(), list[str]()
    for key, time in times.items():
        made.arm(key, time)

    class Counted(dict[str, Any]):
        def get(self, key: str, other: Any = None) -> Any:
            looked.append(key)
            return SimpleNamespace(armed=times.get(key, -1))

    for time in (TICK + 30, TICK + 30, TICK + 31, 2 * TICK):
        left, found = len(times), list[str]()
        made.behind = True
        while made.behind:
            found += (some := made.due(time, (Counted(), {}, {}), 10))
            times = {key: at for key, at in times.items() if key not in some} if some else times
        assert len(looked) <= left
        assert all(at > time for at in times.values())
        looked.clear()
    assert made.next is None


def test_old_entries_are_skipped_and_delay_no_key() -> None:
    times = {str(n): TICK for n in range(10_000)}
    made = wheel(*times.items())
    assert made.due(5 * TICK, armed_at({}), 10) == []
    assert made.behind
    assert [key for part in drawn(made, 5 * TICK, {}, 10) for key in part] == []


def test_keys_of_a_later_span_are_spread_a_few_at_a_time() -> None:
    times = {str(n): FAR + n for n in range(10_000)}
    made = wheel(*times.items())
    assert made.due(FAR - SPAN, armed_at(times), 10) == []
    assert made.behind
    assert made.next == FAR
    assert drawn(made, FAR - SPAN, dict(times), 10)[-1] == []
    assert made.due(FAR + 20_000, armed_at(times), 10_000) == list(times)


def test_the_next_deadline_may_be_in_a_span_of_which_only_old_entries_are_spread_yet() -> None:
    last = FAR + 9_999
    made = wheel(*((str(n), FAR + n) for n in range(9_999)), ("last", last), ("later", 2 * FAR))
    assert made.due(FAR - SPAN, armed_at({"last": last}), 10) == []
    assert made.next == FAR


@pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
@pytest.mark.parametrize("seed", range(40))
def test_the_compiled_wheel_gives_the_same_keys_in_the_same_order(seed: int) -> None:
    """Keys are armed anew, come up and are armed again, a few at a time, over ticks and spans."""
    chance, now, times = random.Random(seed), 0, dict[str, int]()
    assert COMPILED is not None
    wheels = Wheel(), COMPILED()
    for _ in range(600):
        for _ in range(chance.randrange(4)):
            key, far = str(chance.randrange(60)), chance.choice((50, 400, 5_000, SPAN, 40 * SPAN))
            times[key] = now + chance.randrange(1, far)
            for each in wheels:
                each.arm(key, times[key])
        if chance.random() < 0.05:
            times.pop(str(chance.randrange(60)), None)
        now += chance.choice((0, 1, 30, TICK, TICK, 5_000, SPAN // 3))
        most = chance.choice((None, 1, 3, 50))
        found = [each.due(now, armed_at(times), most) for each in wheels]
        assert found[0] == found[1]
        assert wheels[0].behind == wheels[1].behind
        assert wheels[0].next == wheels[1].next
        assert len(wheels[0]) == len(wheels[1])
        times.update(dict.fromkeys(found[0], -1))


@pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
def test_what_is_no_state_is_refused() -> None:
    assert COMPILED is not None
    made = COMPILED()
    made.arm("a", 100)
    wrong: list[Any] = [(), ({}, {}), ({}, {}, []), None]
    for held in wrong:
        with pytest.raises(TypeError):
            made.due(100, held)
    with pytest.raises(AttributeError):
        made.due(100, ({"a": object()}, {}, {}))  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        made.take({0: ("a",)}, ({}, {}, {}))  # type: ignore[dict-item]
