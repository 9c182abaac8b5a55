"""The command line: its output before any command runs, and when nobody reads it."""

import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize(
    "command", [["recipes", "check", "deploy/recipes.yaml"], ["recipes", "diff", "0", "0"]]
)
def test_a_reader_that_has_read_enough_ends_a_command_in_silence(command: list[str]) -> None:
    """As `storefront-triggers recipes check FILE | head -1` does."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "agents", *command],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
