"""Imports go from agents to stream to schemas and never back, and files stay small."""

import ast
from pathlib import Path

import pytest

from tests.contract.sources import parsed

HOME = Path(__file__).parents[2]
MAY_IMPORT = {"schemas": set(), "stream": {"schemas"}, "agents": {"schemas", "stream"}}
"""Of each other: `schemas/` promises, `stream/` decides, `agents/` carries. None knows the tests."""

LONGEST = 250
FILES = sorted(file for room in MAY_IMPORT for file in (HOME / room).rglob("*.py"))


def imported(tree: ast.Module) -> set[str]:
    """The top-level packages that a file imports from."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found & {*MAY_IMPORT, "tests", "deploy"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOME)))
def test_a_file_imports_only_from_rooms_below_its_own(file: Path) -> None:
    room = file.relative_to(HOME).parts[0]
    assert imported(parsed(file)) - MAY_IMPORT[room] - {room} == set()


def test_an_arrow_back_would_be_found() -> None:
    tree = ast.parse(
        "def late():\n    import agents.kafka.raw_batches\n    from tests.driver import drive"
    )
    assert imported(tree) == {"agents", "tests"}


def test_no_file_is_longer_than_one_subject_needs() -> None:
    lines = {str(file.relative_to(HOME)): len(file.read_text().splitlines()) for file in FILES}
    assert {n: count for n, count in lines.items() if count > LONGEST} == {}


FLOORS = (
    {"durations", "limits", "marked", "native"},
    {"events", "recipes"},
    {"state"},
    {"outputs", "store"},
    {"episodes"},
    {"kinds"},
    {"audiences_file", "history_file", "recipes_limits"},
    {"recipes_faults"},
    {"recipes_lines"},
    {"recipes_file", "stages"},
    {"backtest"},
)
"""The packages and single files of stream/, lowest layer first. `connect` is separate."""


def packages(tree: ast.Module) -> set[str]:
    """The packages and single files of stream/ that a file imports from."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "stream":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stream."):
            found.add(str(node.module).split(".")[1])
    return found


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.relative_to(HOME).parts[0] == "stream"],
    ids=lambda file: str(file.relative_to(HOME)),
)
def test_a_package_of_stream_imports_only_from_floors_below(file: Path) -> None:
    own = file.relative_to(HOME / "stream").with_suffix("").parts[0]
    floor = next((n for n, names in enumerate(FLOORS) if own in names), len(FLOORS))
    below = set().union(*FLOORS[:floor])
    assert packages(parsed(file)) - below - {own} == set()


def test_an_import_from_a_floor_above_would_be_found() -> None:
    tree = ast.parse("from stream import backtest\nfrom stream.kinds.funnel import look")
    assert packages(tree) == {"backtest", "kinds"}
