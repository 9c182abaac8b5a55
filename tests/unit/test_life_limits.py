"""The bounds of open life episodes: how many, and how many lines of orders they keep."""

import json

import pytest

from stream import backtest, limits, recipes_file
from stream.state.whole_order import OrderLine, size
from tests.unit.test_life_of_former_documents import COFFEE, THANKS, order

MINUTE = 60_000
THREE = [order(number * MINUTE, f"o{number}", COFFEE) for number in range(3)]
RULES = {"policy": {"caps": []}, "recipes": [{**THANKS, "cooldown": 0}]}


def thanked() -> list[tuple[str, int]]:
    """(order, number of its lines) of each message after three orders."""
    lines = [
        json.dumps({"id": f"e{n}", "visitor": "v", "customer": "anna", **event}).encode()
        for n, event in enumerate(THREE)
    ]
    triggers, _ = backtest.decide(lines, recipes_file.load(json.dumps(RULES)))
    placed = [json.loads(value)["data"]["order"] for value in triggers]
    return [(each["id"], len(each["items"])) for each in placed]


def test_an_order_beyond_the_bound_opens_no_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thanked() == [("o0", 1), ("o1", 1), ("o2", 1)]
    monkeypatch.setattr(limits, "MOST_LIFE", 2)
    assert thanked() == [("o0", 1), ("o1", 1)]


def test_an_order_for_whose_lines_there_is_no_room_opens_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = size([OrderLine("bean", "", 1.0, price=10.0)])
    monkeypatch.setattr(limits, "LARGEST_LIFE", 2 * one)
    assert thanked() == [("o0", 1), ("o1", 1), ("o2", 0)]
