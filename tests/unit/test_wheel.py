"""The timer wheel: keys come up at their armed time, once."""

from collections.abc import Callable

from stream.wheel import TICK, Wheel


def armed_at(times: dict[str, int]) -> Callable[[str], int]:
    return lambda key: times.get(key, -1)


def wheel(*entries: tuple[str, int]) -> Wheel:
    made = Wheel()
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


def test_a_key_armed_twice_in_one_tick_comes_up_once() -> None:
    made = wheel(("a", TICK + 50), ("a", TICK + 20))
    assert made.due(10 * TICK, armed_at({"a": TICK + 20})) == ["a"]


def test_a_key_armed_twice_in_one_tick_waits_once_for_the_rest_of_it() -> None:
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


def test_the_next_deadline_is_never_said_to_be_later_than_it_is() -> None:
    assert wheel().next is None
    assert wheel(("a", 1_050), ("b", 2_000)).next == 1_000
