"""The command audience: who belongs now, from the files of a backtest."""

import json
from pathlib import Path

import pytest

from agents.__main__ import main

RECIPES = {
    "audiences": [
        {"name": "lookers", "members": {"visits": {"min": 1}}},
        {"name": "loyal", "members": {"orders": {"min": 4}}},
    ]
}
EVENTS = [
    {"t": 1_767_571_200_000, "id": "1", "type": "page.viewed", "visitor": "v", "customer": "anna"},
    {"t": 1_767_574_800_000, "id": "2", "type": "page.viewed", "visitor": "w"},
]


@pytest.fixture
def decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "recipes.json").write_text(json.dumps(RECIPES))
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, EVENTS)) + "\n")
    given = [str(tmp_path / "events.jsonl"), "--recipes", str(tmp_path / "recipes.json")]
    assert main(["backtest", *given, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.endswith(f", {tmp_path}/out/audiences.jsonl\n")
    return tmp_path / "out"


def test_members_are_listed_one_a_line(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audience", "lookers", "--from", str(decided)]) == 0
    printed = capsys.readouterr()
    assert "customer:anna" in printed.out.splitlines()
    assert printed.err.endswith(" belong to lookers\n")


def test_a_name_that_nobody_entered_is_shown_with_the_nearest(
    decided: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audience", "looker", "--from", str(decided)]) == 0
    assert capsys.readouterr() == (
        "",
        "0 belong to looker: nobody ever entered it. Did you mean lookers?\n",
    )


def test_an_empty_topic_has_no_nearest_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "audiences.jsonl").touch()
    assert main(["audience", "loyal", "--from", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "0 belong to loyal: nobody ever entered it, or any other\n"


def test_a_folder_without_audiences_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audience", "loyal", "--from", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/audiences.jsonl: No such file or directory\n"
