"""A simulated shop with a known effect of reminders: lift finds that effect, and no other.

The shop is decided twice. The first time says who was watched and in which group. Then some of them are made to order,
by a chance that is known, and the second time is what a shop would have seen.
"""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from agents.simulator import traffic

START = 1_767_571_200_000
HOUR = 3_600_000
SHOPPERS = 1_500
RECIPES = """
policy: {caps: []}
recipes:
  - name: browse-abandonment
    holdout: 40
    attribution: 3d
    reach: any
    consent: not_withdrawn
"""


@pytest.fixture(scope="module")
def shop() -> list[dict[str, Any]]:
    """The shop's events, without faults and orders. The test adds the orders."""
    crowd = traffic.crowd(3, SHOPPERS, START, 20 * HOUR)
    found = [event | {"t": t} for t, event in crowd]
    return [event for event in found if not event["type"].startswith("order.")]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, shop: list[dict[str, Any]]) -> Path:
    """The folder of the first time's decisions."""
    return decided(tmp_path_factory.mktemp("shop") / "first", shop)


def decided(folder: Path, events: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    recipes, file = folder / "recipes.yaml", folder / "events.jsonl"
    recipes.write_text(RECIPES)
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    assert main(["backtest", str(file), "--recipes", str(recipes), "--out", str(folder)]) == 0
    return folder


def read(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def ordering(
    first: Path, events: list[dict[str, Any]], chances: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The events, and orders of 50 of persons who were watched, two hours later, by the chance of their group."""
    chance = random.Random(11)
    visitors = {each["person"]: each["visitor"] for each in read(first / "decisions.jsonl")}
    orders = [
        {
            "t": watch["at"] + 2 * HOUR,
            "id": f"order-{number}",
            "type": "order.placed",
            "visitor": visitors[watch["person"]],
            "order": {"id": f"o-{number}", "value": 50, "currency": "EUR"},
        }
        for number, watch in enumerate(read(first / "outcomes.jsonl"))
        if chance.random() < chances[watch["group"]]
    ]
    return sorted([*events, *orders], key=lambda event: event["t"])


def lift(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert main(["lift", "--from", str(folder), "--json"]) == 0
    (arm,) = json.loads(capsys.readouterr().out)["recipes"]
    assert arm["held"]["persons"] >= 100
    return arm


def test_a_known_effect_of_a_reminder_is_found(
    tmp_path: Path, first: Path, shop: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    events = ordering(first, shop, {"treated": 0.25, "held": 0.05})
    arm = lift(decided(tmp_path / "second", events), capsys)
    assert 0 < arm["orders"]["low"] <= 0.2 <= arm["orders"]["high"]
    assert 0 < arm["value"]["low"] <= 10 <= arm["value"]["high"]


def test_a_reminder_without_effect_has_none(
    tmp_path: Path, first: Path, shop: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    events = ordering(first, shop, {"treated": 0.15, "held": 0.15})
    arm = lift(decided(tmp_path / "second", events), capsys)
    assert arm["treated"]["ordered"] > 20
    assert arm["orders"]["low"] <= 0 <= arm["orders"]["high"]
    assert arm["value"]["low"] <= 0 <= arm["value"]["high"]
