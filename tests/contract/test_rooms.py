"""The packages of agents/ have no import cycle, and generated files are committed."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agents.generate import asyncapi, asyncapi_html, closing_table, prometheus_rules
from tests.contract.sources import nodes

HOME = Path(__file__).parents[2]


def imported(file: Path) -> Iterator[str]:
    """Yields the packages of agents/ that a file imports from."""
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom) and node.module == "agents":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agents."):
            yield str(node.module).split(".")[1]


@cache
def arrows() -> dict[str, set[str]]:
    """The packages that each package of agents/ imports from."""
    found = defaultdict[str, set[str]](set)
    for file in (HOME / "agents").glob("*/**/*.py"):
        own = file.relative_to(HOME / "agents").parts[0]
        found[own] |= {*imported(file)} - {own}
    return found


def circle(arrows: dict[str, set[str]]) -> set[str]:
    """The packages left after repeatedly removing those that import from no remaining one."""
    left = dict(arrows)
    while ground := {name for name, to in left.items() if not to & left.keys()}:
        left = {name: to for name, to in left.items() if name not in ground}
    return set(left)


def test_the_packages_of_agents_have_no_circle() -> None:
    assert len(arrows()) > 12
    assert circle(arrows()) == set()


def test_a_circle_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}


def test_no_package_imports_a_command() -> None:
    assert [name for name, to in arrows().items() if "commands" in to] == []


GENERATED = {
    asyncapi.PAGE: asyncapi.text,
    asyncapi_html.PAGE: asyncapi_html.text,
    HOME / prometheus_rules.OUT: prometheus_rules.text,
    HOME / closing_table.PAGE: lambda: closing_table.text(HOME),
}


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_a_generated_file_is_committed_as_it_is_made(file: Path) -> None:
    """`make generate` renews it."""
    assert file.read_text(encoding="utf-8") == GENERATED[file]()
