"""The command explain on the files of a backtest: stories with an order that a key of identity forwarded."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main

T = 1_767_607_200_000
MINUTE = 60_000
OFFICE = "of-an-office"


def event(minute: int, type: str, **body: Any) -> dict[str, Any]:
    return {"t": T + minute * MINUTE, "id": f"{type}-{minute}", "type": type, **body}


def desk(minute: int, name: str) -> dict[str, Any]:
    """Somebody fills a cart, in a checkout."""
    item = {"product_id": "lamp", "quantity": 1, "price": 40}
    keys = {"checkout": OFFICE}
    return event(minute, "cart.item_added", visitor=name, keys=keys, item=item)


def order(minute: int) -> dict[str, Any]:
    """An order of a server that knows only the checkout."""
    placed = {"id": f"o{minute}"}
    return event(minute, "order.placed", keys={"checkout": OFFICE}, order=placed)


def files(folder: Path, *events: dict[str, Any]) -> tuple[str, ...]:
    file = folder / "events.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in events))
    main(["backtest", str(file), "--out", str(folder)])
    return "--from", str(folder), "--events", str(file)


def heard(capsys: pytest.CaptureFixture[str], name: str, options: tuple[str, ...]) -> list[str]:
    """The orders of others in somebody's story."""
    capsys.readouterr()
    assert main(["explain", name, *options]) == 0
    by_others = re.escape(f"somebody (known by the checkout {OFFICE}) ordered (") + r"(\w+)"
    return re.findall(by_others, capsys.readouterr().out)


def test_all_seven_owners_of_a_key_get_an_order_that_names_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = files(tmp_path, *(desk(n, f"desk{n}") for n in range(7)), order(7))
    assert [heard(capsys, f"desk{n}", options) for n in range(7)] == [["o7"]] * 7


def test_only_the_last_owner_of_a_shared_key_gets_the_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = files(tmp_path, *(desk(n, f"desk{n}") for n in range(9)), order(9))
    assert [heard(capsys, f"desk{n}", options) for n in range(9)] == [[]] * 8 + [["o9"]]


def test_a_later_owner_gets_earlier_orders_unless_the_key_is_shared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = files(tmp_path, desk(0, "desk0"), order(1), desk(2, "later"))
    assert heard(capsys, "later", options) == ["o1"]
    crowd = (desk(n, f"desk{n}") for n in range(9))
    options = files(tmp_path, *crowd, order(9), desk(10, "later"))
    assert heard(capsys, "later", options) == []


def test_events_that_are_not_in_order_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = files(tmp_path, desk(0, "desk0"), order(1))
    file = Path(options[-1])
    file.write_text("".join(reversed(file.read_text().splitlines(keepends=True))))
    assert main(["explain", "desk0", *options]) == 2
    assert f"{file}:2: t goes back" in capsys.readouterr().err


def test_a_pause_below_a_minute_is_told_in_seconds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes.yaml"
    recipes.write_text("recipes: [{name: cart-abandonment, steps: [20s]}]")
    cart = {"id": "c-1", "items": [{"product_id": "lamp", "quantity": 1, "price": 40}]}
    keys = {"email": "nZ3x0bqkR7Jt2c8Yw4mLfQ"}
    file = tmp_path / "events.jsonl"
    added = event(0, "cart.updated", keys=keys, cart=cart)
    later = event(5, "page.viewed", visitor="v-2", page={"kind": "home"})
    file.write_text("".join(f"{json.dumps(each)}\n" for each in (added, later)))
    main(["backtest", str(file), "--recipes", str(recipes), "--out", str(tmp_path)])
    capsys.readouterr()
    assert main(["explain", keys["email"], "--from", str(tmp_path), "--events", str(file)]) == 0
    assert "Because they were inactive for 20 seconds" in capsys.readouterr().out


WIN_BACK = {
    "recipes": [{"name": "win-back", "kind": "audience", "audience": "drifting"}],
    "audiences": [{"name": "drifting", "members": {"since_order": {"min": "1h", "max": "2d"}}}],
}


def won_back(folder: Path) -> tuple[str, ...]:
    """Anna orders, and drifts away. Another visitor keeps time going."""
    (folder / "recipes.json").write_text(json.dumps(WIN_BACK))
    placed = {"id": "o1"}
    given = (
        event(0, "order.placed", visitor="v", customer="anna", order=placed),
        event(3000, "page.viewed", visitor="w"),
    )
    file = folder / "events.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in given))
    main(["backtest", str(file), "--recipes", str(folder / "recipes.json"), "--out", str(folder)])
    return "customer:anna", "--from", str(folder), "--events", str(file)


def test_the_recipes_of_the_backtest_are_given(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = won_back(tmp_path)
    capsys.readouterr()
    assert main(["explain", *asked, "--recipes", str(tmp_path / "recipes.json")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Because they belong to the audience drifting" in printed.out
    assert "In short: 1 sent, 1 audience entered, 1 audience left." in printed.out


def test_a_recipe_that_the_given_recipes_lack_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = won_back(tmp_path)
    capsys.readouterr()
    assert main(["explain", *asked]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("no recipe here is called win-back: ")
    assert "Because nothing held it back." in printed.out


def test_recipes_without_a_backtest_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["explain", "anna", "--recipes", str(tmp_path / "recipes.json")]) == 2
    assert "give its output with --from, too" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("step", "pause"), [("90m", "1 hour 30 minutes"), ("2h", "2 hours"), ("49h", "2 days 1 hour")]
)
def test_a_pause_is_told_in_its_two_largest_units(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, step: str, pause: str
) -> None:
    (tmp_path / "recipes.json").write_text(
        json.dumps({"recipes": [{"name": "cart-abandonment", "reach": "any", "steps": [step]}]})
    )
    given = (desk(0, "desk0"), event(3000, "page.viewed", visitor="w"))
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in given))
    recipes = ("--recipes", str(tmp_path / "recipes.json"))
    main(["backtest", str(file), *recipes, "--out", str(tmp_path)])
    asked = ("desk0", "--from", str(tmp_path), "--events", str(file), *recipes)
    assert main(["explain", *asked]) == 0
    assert f"Because they were inactive for {pause}, and" in capsys.readouterr().out
