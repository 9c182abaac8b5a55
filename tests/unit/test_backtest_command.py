"""The command backtest: its output, and its errors about a file."""

import gzip
import json
from pathlib import Path

import pytest

from agents.__main__ import main

T = 1_767_571_200_000
MINUTE = 60_000
LEFT = [
    {"t": T, "id": "1", "type": "product.viewed", "visitor": "v", "product": {"id": "lamp"}},
    {"t": T + MINUTE, "id": "2", "type": "visitor.identified", "visitor": "v", "customer": "anna"},
    {
        "t": T + 2 * MINUTE,
        "id": "3",
        "type": "cart.item_added",
        "visitor": "v",
        "item": {"product_id": "lamp", "quantity": 1, "price": 40},
    },
]
"""A cart that is filled and left."""

LINES = [json.dumps(event).encode() for event in LEFT]


def written(folder: Path, lines: list[bytes], name: str = "events.jsonl") -> Path:
    file = folder / name
    data = b"\n".join(lines) + b"\n"
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


def backtest(file: Path, out: Path, *more: str) -> int:
    return main(["backtest", str(file), "--out", str(out), *more])


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_triggers_and_decisions_are_written_one_a_line(tmp_path: Path, name: str) -> None:
    assert backtest(written(tmp_path, LINES, name), tmp_path / "out" / "new") == 0
    found = (tmp_path / "out" / "new" / "triggers.jsonl").read_bytes().splitlines()
    steps = [json.loads(line)["data"]["step"] for line in found]
    decided = (tmp_path / "out" / "new" / "decisions.jsonl").read_bytes().splitlines()
    assert steps == [1, 2, 3]
    assert [json.loads(line)["outcome"] for line in decided] == ["fired"] * 3


def test_the_summary_counts_input_and_outputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(written(tmp_path, LINES), tmp_path) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == [
        "events: 3 applied",
        "triggers: 3 fired:cart-abandonment",
        "decisions: 3 fired",
        f"written: {tmp_path}/triggers.jsonl, {tmp_path}/decisions.jsonl",
    ]


def test_a_rejected_line_is_named_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeless = LINES[0].replace(b'"t"', b'"time"')
    nobody = LINES[0].replace(b'"v"', b'"guest"')
    file = written(tmp_path, [b"{", timeless, nobody, *LINES])
    assert backtest(file, tmp_path) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"{file}:1: not JSON, or without a time `t`",
        f"{file}:2: not JSON, or without a time `t`",
        f"{file}:3: product.viewed: names_nobody at $.visitor "
        "(expected an id of 1 to 128 characters that names somebody, got text)",
    ]
    assert printed.out.splitlines()[:3] == [
        "events: 3 applied, 3 rejected",
        "rejected: 2 × without a type: not_json at $",
        "rejected: 1 × product.viewed: names_nobody at $.visitor",
    ]


def test_the_summary_counts_lost_input_by_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A developer sees at once that an order is not read and that a clock is in seconds."""
    completed = LINES[2].replace(b"cart.item_added", b"order.completed").replace(b'"3"', b'"4"')
    seconds = LINES[2].replace(b'"40"', b"40")[:-1] + b', "client_time": 1767571200}'
    again = [completed, completed.replace(b'"4"', b'"5"')]
    file = written(tmp_path, [*LINES[:2], seconds, seconds, *again])
    assert backtest(file, tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[:5] == [
        "events: 3 applied, 1 duplicate, 2 unknown",
        "ignored: 1 duplicate cart.item_added",
        "unknown type: 2 × order.completed: did you mean order.placed?",
        "left out: 2 × cart.item_added at $.client_time (out_of_range: expected a time in ms since 1970, "
        "not before the year 2000, got number), first in line 3",
        "triggers: 3 fired:cart-abandonment",
    ]


def test_a_rejected_line_is_named_with_all_its_faults_and_the_type_that_it_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = {"t": T, "type": "order.cancelled", "visitor": "v", "order": {}}
    file = written(tmp_path, [json.dumps(order).encode(), *LINES])
    assert backtest(file, tmp_path) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        f"{file}:1: order.cancelled: missing at $.id (expected an id of 1 to 128 characters, got nothing); "
        "missing at $.order.id (expected an id of 1 to 128 characters, got nothing)\n"
    )
    assert "rejected: 1 × order.cancelled: missing at $.id" in printed.out


def test_the_first_of_many_rejected_lines_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, [b"{"] * 50)
    assert backtest(file, tmp_path) == 0
    printed = capsys.readouterr().err.splitlines()
    assert printed[0].startswith(f"{file}:1: ")
    assert printed[-1] == "… and 30 more rejected lines"
    assert len(printed) == 21


def test_a_line_that_goes_back_in_time_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, [*LINES, LINES[0]])
    assert backtest(file, tmp_path) == 2
    assert capsys.readouterr().err == f"{file}:4: t goes back from {T + 2 * MINUTE} to {T}\n"


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(tmp_path / "none.jsonl", tmp_path) == 2
    assert capsys.readouterr().err == f"{tmp_path}/none.jsonl: No such file or directory\n"


@pytest.mark.parametrize("cut", ["short", "broken", "plain"])
def test_a_packed_file_that_is_torn_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: str
) -> None:
    file = written(tmp_path, LINES[:1] * 1000, "events.jsonl.gz")
    packed = file.read_bytes()
    torn = {
        "short": packed[: len(packed) // 2],
        "broken": packed[:30] + bytes(100) + packed[130:],
        "plain": LINES[0],
    }
    file.write_bytes(torn[cut])
    assert backtest(file, tmp_path) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{file}: ")


def test_wrong_recipes_are_named_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = tmp_path / "recipes.yaml"
    recipes.write_text("recipes:\n  - name: cart-abandonment\n    priority: high\n")
    assert backtest(written(tmp_path, LINES), tmp_path, "--recipes", str(recipes)) == 2
    assert capsys.readouterr().err.startswith(f"{recipes}:3: recipes[0].priority: ")


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    assert backtest(written(tmp_path, LINES), tmp_path / "taken") == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path}/taken: ")


def test_a_history_is_decided_with_shadows_and_outcomes_in_files_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carts = {"name": "carts", "kind": "cart-abandonment", "steps": ["1h"], "attribution": "2d"}
    first = {"recipes": [{**carts, "mode": "shadow"}]}
    later = {"recipes": [{**carts, "steps": ["2h"]}], "from": T + 90 * MINUTE, "note": "live"}
    recipes = tmp_path / "recipes.json"
    recipes.write_text(json.dumps({"history": [first, later]}))
    back = {"t": T + 100 * MINUTE, "id": "4", "type": "page.viewed", "visitor": "v"}
    lines = [*LINES, json.dumps(back).encode()]
    assert backtest(written(tmp_path, lines), tmp_path, "--recipes", str(recipes)) == 0
    assert capsys.readouterr().out.splitlines()[1:-1] == [
        "triggers: 1 fired:carts",
        "decisions: 1 fired",
        "shadow: 1 fired:carts",
        "shadow decisions: 1 fired",
        "outcomes: 1 treated:carts",
    ]
    for name in ("shadow", "outcomes"):
        (line,) = (tmp_path / f"{name}.jsonl").read_bytes().splitlines()
        assert json.loads(line)


def test_a_history_that_does_not_grow_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = tmp_path / "recipes.json"
    recipes.write_text(json.dumps({"history": [{}, {"from": 5}, {"from": 5}]}))
    assert backtest(written(tmp_path, LINES), tmp_path, "--recipes", str(recipes)) == 2
    assert "history[2].from must be later" in capsys.readouterr().err
