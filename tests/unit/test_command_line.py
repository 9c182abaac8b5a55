"""The command line: its output before any command runs."""

import pytest

from agents.__main__ import COMMANDS, main


def test_without_a_command_the_program_lists_all_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"    {name}" not in shown] == []


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["wroker"])
    assert "invalid choice: 'wroker'" in capsys.readouterr().err
