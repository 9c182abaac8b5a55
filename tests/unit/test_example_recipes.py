"""deploy/recipes.yaml, a start for a shop: the members of its audiences."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.config.recipes import read
from stream import backtest
from stream.kinds.registry import KINDS

FILE = Path(__file__).parents[2] / "deploy" / "recipes.yaml"
START = 1_767_571_200_000
DAY = 86_400_000


def order(day: float, number: int) -> dict[str, Any]:
    return at(day, type="order.placed", order={"id": f"o{number}", "value": 20, "currency": "EUR"})


def at(day: float, **event: Any) -> dict[str, Any]:
    return {"t": START + round(day * DAY), "visitor": "v", "customer": "anna", **event}


def looked(day: float) -> dict[str, Any]:
    return at(day, type="page.viewed", page={"path": "/"})


def members(*events: dict[str, Any], day: float) -> set[str]:
    """The audiences that Anna belongs to on this day."""
    clock: dict[str, Any] = {"t": START + round(day * DAY), "type": "clock.advanced"}
    lines = [
        json.dumps({"id": f"e{number}", **event}).encode() for number, event in enumerate(events)
    ]
    found: dict[str, int] = {}
    for out in backtest.run([*lines, json.dumps({"id": "c", **clock}).encode()], read(FILE)):
        for audience, _, t, entered, _ in out.audiences:
            if t <= clock["t"]:
                found[audience] = found.get(audience, 0) + (1 if entered else -1)
    return {audience for audience, number in found.items() if number}


def test_the_registry_has_every_kind() -> None:
    recipes = read(FILE)
    assert {recipe.kind for recipe in recipes.by_name.values()} == set(KINDS)


@pytest.mark.parametrize(
    ("events", "day", "expected"),
    [
        ([looked(0)], 1, {"leads", "retargeting-2d", "retargeting-7d", "retargeting-14d"}),
        ([looked(0)], 5, {"leads", "retargeting-7d", "retargeting-14d"}),
        ([looked(0)], 20, {"leads", "at-risk-leads"}),
        ([looked(0)], 40, {"leads"}),
        ([looked(0), order(0.01, 1)], 1, {"first-time", "recent"}),
        ([looked(0), order(0.01, 1)], 40, {"at-risk-first-time"}),
        ([looked(0), order(0.01, 1), order(1, 2)], 70, {"at-risk-regulars"}),
        ([looked(0), *(order(0.1 * n, n) for n in range(1, 5))], 100, {"loyal", "at-risk-loyal"}),
        ([looked(0), *(order(0.1 * n, n) for n in range(1, 5))], 200, {"loyal", "lapsed"}),
        (
            [looked(0), order(0.01, 1), looked(20)],
            21,
            {"first-time", "recent", "retargeting-2d", "retargeting-7d", "retargeting-14d"},
        ),
    ],
)
def test_each_audience_holds_the_expected_persons(
    events: list[dict[str, Any]], day: float, expected: set[str]
) -> None:
    assert members(*events, day=day) == expected
