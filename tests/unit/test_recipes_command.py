"""The command recipes check: its output for a recipes file."""

from pathlib import Path

import pytest

from agents.__main__ import main

GOOD = """
recipes:
  - name: exit-intent
  - name: cart-abandonment
    version: 3
    steps: [90m, 48h]
    channels: [email]
  - name: browse-abandonment
    enabled: false
"""


def checked(folder: Path, text: str) -> tuple[int, Path]:
    file = folder / "recipes.yaml"
    file.write_text(text)
    return main(["recipes", "check", str(file)]), file


def test_a_valid_file_is_described_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, file = checked(tmp_path, GOOD)
    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "exit-intent (exit-intent, version 1): at once, to onsite",
        "cart-abandonment (cart-abandonment, version 3): after 90m, 2d, to email",
        "browse-abandonment: disabled",
        f"{file}: 3 recipes, no faults",
    ]


def test_audiences_and_shadows_are_named_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """
recipes: [{name: cart-abandonment, mode: shadow}]
audiences: [{name: loyal, members: {orders: {min: 4}}}, {name: new, members: {orders: {max: 0}}}]
"""
    status, file = checked(tmp_path, text)
    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "cart-abandonment (cart-abandonment, shadow, version 1): after 1h, 1d, 3d, "
        "to email, sms, push, messenger",
        "audience loyal",
        "audience new",
        f"{file}: 1 recipe, 2 audiences, no faults",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recipes:\n  - name: a\n    kind: cart\n", ":3: recipes[0].kind"),
        ("recipes:\n  - name: cart-abandonment\n    steps: [soon]\n", ":3: recipes[0].steps[0]"),
        ("policy:\n  caps:\n    - {max: 0, per: 1h, then: drop}\n", ":3: policy.caps[0].max"),
        ("policy: {zone: Nowhere/City}\n", ":1: policy.zone"),
        ("recipes:\n  - name: exit-intent\n  - name: exit-intent\n", ":3: recipes[1].name"),
        ("recipes:\n  - name: exit-intent\n    color: red\n", ":3: recipes[0].color: is no field"),
        ("recipes: [\n", ":2: "),
        ("- 1\n", ":1: file"),
    ],
)
def test_a_wrong_file_is_reported_by_line_and_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    status, file = checked(tmp_path, text)
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{file}{expected}")


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none.yaml"
    assert main(["recipes", "check", str(file)]) == 2
    assert capsys.readouterr().err == f"{file}: No such file or directory\n"


def test_a_file_that_is_not_text_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    assert main(["recipes", "check", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}: expected a text file in UTF-8\n"


def test_a_wrong_file_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No broker is asked. All faults are told, as `check` tells them."""
    monkeypatch.setenv("TRIGGERS_KAFKA", "127.0.0.1:1")
    text = "recipes:\n  - name: exit-intent\n    color: red\n  - {kind: exit-intent}\n  - name: x\n"
    status, file = checked(tmp_path, text)
    told = capsys.readouterr().err
    assert main(["recipes", "publish", str(file)]) == status == 1
    assert capsys.readouterr().err == told
    places = [": ".join(line.split(": ")[:2]) for line in told.splitlines()]
    assert places == [
        f"{file}:3: recipes[0].color",
        f"{file}:4: recipes[1]",
        f"{file}:5: recipes[2].name",
    ]


def test_without_a_broker_nothing_can_be_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRIGGERS_KAFKA", raising=False)
    assert main(["recipes", "list"]) == 2
    assert "TRIGGERS_KAFKA is not set" in capsys.readouterr().err


def test_number_0_is_compared_without_a_broker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the file in TRIGGERS_RECIPES."""
    monkeypatch.delenv("TRIGGERS_KAFKA", raising=False)
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text("recipes: [{name: cart-abandonment}]")
    after.write_text("recipes: [{name: cart-abandonment, steps: [45m, 24h, 72h]}]")
    monkeypatch.setenv("TRIGGERS_RECIPES", str(before))
    assert main(["recipes", "diff", "0", str(after)]) == 0
    assert capsys.readouterr().out == "cart-abandonment: step 1 moves from 1h to 45m\n"
