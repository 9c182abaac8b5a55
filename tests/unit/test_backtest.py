"""A backtest: lines that advance time, lines that are events, and the order of outputs."""

import json
from typing import Any

import pytest

from stream import backtest, recipes_file
from stream.backtest import BeforeYear2000, OutOfOrder, in_ms
from stream.durations import DAY, HOUR, MINUTE
from stream.store import keyed
from tests.driver import LAMP
from tests.reference import generate

T = 1_767_571_200_000


def line(t: Any, type: str = "page.viewed", visitor: Any = "v", **body: Any) -> bytes:
    return json.dumps({"t": t, "id": f"{t}", "type": type, "visitor": visitor, **body}).encode()


def cart(t: Any, **body: Any) -> bytes:
    return line(t, "cart.item_added", item=LAMP, customer="anna", **body)


def decisions(*lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(value) for value in backtest.decide(lines, recipes_file.DEFAULT)[1]]


def counts(*lines: bytes) -> dict[str, int]:
    found: dict[str, int] = {}
    for out in backtest.run(lines, recipes_file.DEFAULT):
        for count, number in out.counts.items():
            if count[0] == "events":
                found[count[1]] = found.get(count[1], 0) + number
    return found


def test_time_moves_on_8_days_after_the_last_line() -> None:
    """Three steps of a cart: the last is due 72 hours after the activity."""
    assert [each["at"] - T for each in decisions(cart(T))][-1] == 3 * DAY


def test_outputs_of_many_persons_come_in_the_order_of_time() -> None:
    live = {"name": "live", "kind": "cart-abandonment", "steps": ["1h"], "attribution": "10h"}
    dark = {**live, "name": "dark", "mode": "shadow"}
    left = {"name": "left", "members": {"open": ["cart-abandonment"]}}
    rules = recipes_file.load(json.dumps({"recipes": [live, dark], "audiences": [left]}))
    shoppers = range(12)
    lines = [
        line(T + n * MINUTE, "cart.item_added", f"v{n}", item=LAMP, customer=f"c{n}")
        for n in shoppers
    ]
    outs = list(backtest.run(lines, rules))
    outcomes = [at for out in outs for _, at, _ in out.outcomes]
    shadow = [at for out in outs for _, _, at, _ in out.shadow]
    audiences = [at for out in outs for _, _, at, *_ in out.audiences]
    decided = [json.loads(value)["at"] for out in outs for _, value in out.decisions]
    fired = [json.loads(value)["data"]["not_before"] for o in outs for *_, value in o.triggers]
    minute = [T + n * MINUTE for n in shoppers]
    assert outcomes == [at + 11 * HOUR for at in minute]
    assert shadow == fired == [at + HOUR for at in minute]
    assert decided == sorted(decided)
    assert audiences == [at + 5 * MINUTE for at in minute] + [at + HOUR for at in minute]


def test_nothing_is_decided_after_the_end() -> None:
    rules = recipes_file.load("recipes: [{name: cart-abandonment, steps: [8d], expires: 9d}]")
    assert len(backtest.decide([cart(T)], rules)[1]) == 1
    rules = recipes_file.load("recipes: [{name: cart-abandonment, steps: [193h], expires: 9d}]")
    assert backtest.decide([cart(T)], rules)[1] == []


@pytest.mark.parametrize(
    "mover",
    [
        line(T + 30 * DAY, "clock.advanced"),
        b'{"t":%d,"type":"clock.advanced"}' % (T + 30 * DAY),
        line(T + 30 * DAY, "no.such.type"),
        line(T + 30 * DAY, visitor=7),
        line(T + 30 * DAY, visitor="guest"),
        line(float(T + 30 * DAY), "search.performed", query="\ud800"),
        line(T + 30 * DAY, x="y" * 70_000),
    ],
)
def test_any_line_with_a_time_moves_time(mover: bytes) -> None:
    rules = recipes_file.load("recipes: [{name: cart-abandonment, steps: [20d], expires: 21d}]")
    assert backtest.decide([cart(T)], rules)[1] == []
    assert len(backtest.decide([cart(T), mover], rules)[1]) == 1


@pytest.mark.parametrize(
    "broken",
    [b"", b"null", b"[]", b"5", b"{", b"\xff", b"{}", line(-1), line("x"), line(None), line(True),
     line(1.5), line(1e300), line(10**15 + 1), b'{"t":NaN}', b"[" * 5_000, line(T) + b"x"],
)  # fmt: skip
def test_a_line_that_is_not_json_or_has_no_time_is_rejected_at_the_time_reached(
    broken: bytes,
) -> None:
    assert counts(cart(T), broken, cart(T, id="2")) == {"applied": 2, "rejected": 1}
    assert decisions(cart(T), broken) == decisions(cart(T))


def test_a_line_at_the_time_0_that_is_no_event_keeps_its_bytes() -> None:
    """0 is a valid time, so the line is rejected with its bytes, not as an empty line."""
    value = b'{"t": 0, "visitor": "v"}'
    assert backtest.record(7, value + b"\n", 0) == (7, 0, None, value)
    (out, *_) = backtest.run([value], recipes_file.DEFAULT)
    assert [(number, reason) for number, reason, _ in out.rejected] == [(0, "missing")]


def test_a_line_that_goes_back_is_an_error_with_its_number() -> None:
    with pytest.raises(OutOfOrder, match="t goes back") as caught:
        decisions(cart(T), b"broken", cart(T - 1))
    assert caught.value.line == 3


def test_a_time_may_be_written_1_0() -> None:
    assert decisions(cart(float(T))) == [
        {**each, "evidence": [f"{float(T)}"]} for each in decisions(cart(T))
    ]


def test_no_lines_give_no_decisions() -> None:
    assert backtest.decide([], recipes_file.DEFAULT) == ([], [])


def test_lines_of_one_time_are_applied_in_their_order() -> None:
    removal = line(T, "cart.item_removed", item=LAMP, customer="anna", id="2")
    assert decisions(cart(T), removal) == []
    assert len(decisions(removal, cart(T))) == 3


def test_outputs_are_ordered_by_time_across_chunks() -> None:
    lines = [cart(T + n * MINUTE, id=f"{n}") for n in range(3_000)]
    times = [each["at"] for each in decisions(*lines, line(T + 3_000 * MINUTE))]
    assert times == sorted(times)


def test_a_chunk_of_any_length_decides_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = recipes_file.load(json.dumps(generate.recipes(7)))
    log = generate.log(7, 200)
    whole = backtest.decide(log, rules)
    for chunk in (1, 7, 200):
        monkeypatch.setattr(backtest, "CHUNK", chunk)
        triggers, made = backtest.decide(log, rules)
        assert (set(triggers), set(made)) == (set(whole[0]), set(whole[1]))


def test_states_that_are_put_aside_and_come_back_decide_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = recipes_file.load(json.dumps(generate.recipes(7)))
    log = generate.log(7, 400)
    monkeypatch.setattr(backtest, "CHUNK", 5)
    whole = backtest.decide(log, rules)
    monkeypatch.setattr(keyed, "DECODED", 1)
    assert backtest.decide(log, rules) == whole


def test_a_file_in_seconds_is_refused_at_its_first_time() -> None:
    """The first line has no time, so the second one decides."""
    seconds = [b"{}", line(T // 1000), line(T)]
    with pytest.raises(BeforeYear2000) as caught:
        list(in_ms(seconds))
    assert (
        str(caught.value)
        == f"t {T // 1000} is before the year 2000: ms are meant (--any-time accepts it)"
    )
    assert list(in_ms([*seconds[:1], line(T), line(T // 1000)]))[2] == line(T // 1000)
