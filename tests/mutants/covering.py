"""Which fast tests run which lines. Measured once per state of the code, and cached in .cache.

As a plugin of pytest (`-p tests.mutants.covering`) it names the running test to coverage.py.
"""

import ast
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import coverage
import pytest

from tests.mutants.tree import HOME, TREE

FAST: Final = ("tests/unit", "tests/contract", "tests/golden")
"""The folders of the tests that run first. None needs a broker."""

SLOWER: Final = {
    "stream": (
        "tests/reference",
        "tests/properties/test_compiled.py",
        *(
            f"tests/properties/test_compiled_{part}.py"
            for part in ("audiences", "orders", "people", "reading", "states")
        ),
    ),
    "agents": ("tests/properties/test_fetch_protocol.py",),
}
"""Tests for changes that survive the fast ones, by the change's first folder. None needs a broker.

In the fast tests of stream/ the C extension often decides in place of the Python that it repeats. Others compare the two.
"""

PROCESSORS: Final = len(os.sched_getaffinity(0))
"""As many processes measure, and ask."""

NEAREST: Final = 12
"""Tests that run first. Most changes fail one of them, and the files of all others need not be collected."""

Lines = dict[str, dict[int, set[str]]]
"""The tests that run a line, without their parameters, by file and line."""


class Coverage(NamedTuple):
    """What tests run. `sizes`: the number of lines that each test runs."""

    lines: Lines
    sizes: Counter[str]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(item.nodeid.partition("[")[0])


def measured(folders: tuple[str, ...], sources: list[str]) -> Coverage:
    """Runs the tests of the folders under coverage, unless the result for the same code is cached.

    Each process runs a part of the files. A part of the generated input shows which lines they run.
    """
    digest = hashlib.sha256(" ".join([*folders, *sources]).encode()).hexdigest()[:12]
    kept = HOME / ".cache" / "mutants" / f"{_state()}-{digest}"
    if not kept.exists():
        parts = [Path(f"{kept}.part{place}") for place in range(PROCESSORS)]
        files = sorted(_files(folders), key=lambda file: -(TREE / file).stat().st_size)
        running = [
            _measuring(part, files[place::PROCESSORS], sources) for place, part in enumerate(parts)
        ]
        for each in running:
            for line in each.communicate()[0].splitlines():
                if line.startswith(("FAILED", "ERROR")):
                    print(f"without a change: {line}", flush=True)
        whole: Any = coverage.CoverageData(f"{kept}.part")
        for part in filter(Path.exists, parts):
            data: Any = coverage.CoverageData(str(part))
            data.read()
            whole.update(data)
            part.unlink()
        whole.write()
        Path(f"{kept}.part").rename(kept)
    return _read(kept)


def _measuring(part: Path, files: list[str], sources: list[str]) -> "subprocess.Popen[str]":
    run = [sys.executable, "-m", "coverage", "run", f"--data-file={part}"]
    scope = f"--source={','.join(sources)}"
    tests = ["-m", "pytest", "-q", "-p", "tests.mutants.covering", "-p", "no:cacheprovider"]
    few = {**os.environ, "EFFORT": "part"}
    command = [*run, scope, *tests, *files]
    return subprocess.Popen(command, cwd=TREE, stdout=subprocess.PIPE, env=few, text=True)


def _files(folders: tuple[str, ...]) -> Iterator[str]:
    """Yields the files of tests in folders, or given by name."""
    for folder in folders:
        place = TREE / folder
        for file in [place] if place.is_file() else sorted(place.rglob("test_*.py")):
            yield str(file.relative_to(TREE))


def fast(folders: list[str]) -> tuple[str, ...]:
    """The tests that run first: for agents/ only the files that name the folders or a part of tests/ for them."""
    if any(folder.split("/")[0] != "agents" for folder in folders):
        return FAST
    named = (*(folder.replace("/", ".") for folder in folders), "from tests.")
    files = ((file, (TREE / file).read_text()) for file in _files(FAST))
    return tuple(file for file, text in files if any(map(text.__contains__, named)))


def _state() -> str:
    """A hash of the code and its tests."""
    digest = hashlib.sha256()
    for folder in ("stream", "agents", "schemas", "tests"):
        for file in sorted((TREE / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _read(kept: Path) -> Coverage:
    data: Any = coverage.CoverageData(str(kept))
    data.read()
    found: Lines = {}
    for file in data.measured_files():
        name = str(Path(file).relative_to(TREE))
        by_line = data.contexts_by_lineno(file)
        found[name] = {line: {each for each in names if each} for line, names in by_line.items()}
    every = (test for by_line in found.values() for tests in by_line.values() for test in tests)
    return Coverage(found, Counter(every))


def tests_of(coverage: Coverage, file: str, first: int, last: int) -> list[str]:
    """The tests that run one of these lines, those first that run most in this file and little else.

    Of a line that runs at import: some tests that run a line with the constant that it makes. Then all, first the files
    that use the module most, and those that name it.
    """
    by_line = coverage.lines.get(file, {})
    hits = Counter(test for tests in by_line.values() for test in tests)
    found = {test for line in range(first, last + 1) for test in by_line.get(line, ())}
    if found:
        return sorted(found, key=lambda test: (-hits[test] / coverage.sizes[test], test))
    files: defaultdict[str, int] = defaultdict(int)
    for test, number in hits.items():
        files[test.partition("::")[0]] += number
    most = sorted(files, key=lambda name: -files[name])[:6]
    named = _that_name(file)
    uses = Counter(test for place in _uses(coverage, file, first) for test in place)
    users = sorted(uses, key=lambda test: (-uses[test] / coverage.sizes[test], test))
    others = {test.partition("::")[0] for test in coverage.sizes}
    return [*users[:NEAREST], *dict.fromkeys([*most, *named, *sorted(others)])]


def _uses(coverage: Coverage, file: str, line: int) -> Iterator[set[str]]:
    """Yields the tests that run a line, for each line with the name of the constant or field made at `line`."""
    name = _made((TREE / file).read_text(), line)
    if name is None:
        return
    word = re.compile(rf"\b{name}\b")
    for each, by_line in coverage.lines.items():
        text = (TREE / each).read_text()
        if word.search(text):
            for number, code in enumerate(text.splitlines(), 1):
                if word.search(code):
                    yield by_line.get(number, set())


def _made(source: str, line: int) -> str | None:
    """The name to which the statement at a line gives a value; None if it gives none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if node.lineno <= line <= (node.end_lineno or 0) and isinstance(target, ast.Name):
                return target.id
    return None


def _that_name(file: str) -> list[str]:
    """The files of tests that name a module."""
    module = file.removesuffix(".py").replace("/", ".")
    package, _, name = module.rpartition(".")
    names = re.compile(
        rf"{re.escape(module)}\b|from {re.escape(package)} import (\([^)]*|[^\n(]*)\b{name}\b"
    )
    return [each for each in _files(FAST) if names.search((TREE / each).read_text())]
