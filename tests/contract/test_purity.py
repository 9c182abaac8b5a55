"""stream/ only decides: it uses no clock, socket, thread, environment or randomness."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sources import parsed

FILES = sorted((Path(__file__).parents[2] / "stream").rglob("*.py"))

PURE = {
    *(
        "abc",
        "bisect",
        "collections",
        "copy",
        "datetime",
        "decimal",
        "difflib",
        "fractions",
        "functools",
        "hashlib",
        "_sha256",
        "heapq",
        "importlib.resources",
    ),
    *("base64", "binascii", "difflib", "itertools", "json", "math", "re", "struct", "typing"),
    *("sys.maxsize", "urllib.parse", "zlib", "zoneinfo"),
    *("fastjsonschema", "msgspec", "schemas", "stream", "yaml"),
}
"""Allowed imports: `datetime` for its calendar, `importlib.resources` for the pinned tzdata."""

IMPURE = {"now", "today", "utcnow", "time", "environ", "getenv", "urandom", "uuid1", "uuid4"}
"""Attributes and calls that read the machine's clock, environment or randomness."""


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]


def is_pure(name: str) -> bool:
    return any(name == pure or name.startswith(f"{pure}.") for pure in PURE)


def test_every_file_of_the_core_is_checked() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_a_file_of_the_core_imports_only_what_is_pure(file: Path) -> None:
    assert [name for name in imports(parsed(file)) if not is_pure(name)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_a_file_of_the_core_asks_no_clock_no_environment_and_no_chance(file: Path) -> None:
    assert IMPURE.isdisjoint(calls(parsed(file)))


def test_an_import_of_the_carriers_would_be_found() -> None:
    tree = ast.parse(
        "from agents.kafka.raw_batches import x\nimport random\nfrom time import sleep"
    )
    assert not any(map(is_pure, imports(tree)))


def test_a_use_of_the_clock_would_be_found() -> None:
    assert not IMPURE.isdisjoint(calls(ast.parse("datetime.now(UTC)")))
