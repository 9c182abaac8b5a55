"""Each patch that breaks a build on purpose still finds the code that it changes."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import broken, broken_keys, patches
from tests.faults.matrix import CASES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [Path(str(module.__file__)) for module in (broken, broken_keys, patches)]
ARGUMENTS = {"die": ("commit", "1"), "freeze": ("outputs", "1")}
Names = dict[tuple[str, str], Any]
"""The attributes of modules and classes, by (owner, name)."""


def _ours(name: str) -> bool:
    return name.startswith(("stream.", "agents."))


def _classes() -> Iterator[tuple[str, type]]:
    for name, module in list(sys.modules.items()):
        if _ours(name):
            for each in list(vars(module).values()):
                if isinstance(each, type) and each.__module__ == name:
                    yield f"{name}.{each.__qualname__}", each


def _snapshot() -> Names:
    found: Names = {
        (name, key): value for name, each in _classes() for key, value in vars(each).items()
    }
    for name, module in list(sys.modules.items()):
        if _ours(name):
            found |= {(name, key): value for key, value in vars(module).items()}
    return found


def _owners() -> dict[str, Any]:
    return {**sys.modules, **dict(_classes())}


def _changes(before: Names) -> list[tuple[Any, Any]]:
    """(old value, new value) of each changed attribute. A class may override an inherited one."""
    after, owners = _snapshot(), _owners()
    found = [(old, after[key]) for key, old in before.items() if old is not after[key]]
    for where, name in after.keys() - before.keys():
        inherited = [vars(each)[name] for each in owners[where].__mro__[1:] if name in vars(each)]
        assert inherited, f"{where} has no {name}, and nobody reads it"
        found.append((inherited[0], after[where, name]))
    return found


def _undo(before: Names) -> None:
    owners, after = _owners(), _snapshot()
    for where, name in after.keys() - before.keys():
        delattr(owners[where], name)
    for (where, name), value in before.items():
        if after[where, name] is not value:
            setattr(owners[where], name, value)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[tuple[Any, Any]]]]:
    """Applies a patch in this process. Returns the old and new values, and restores them at the end."""
    for name, value in (("TRIGGERS_COMPILED", "yes"), ("FAULT_START", "1"), ("FAULT_DEATHS", "3")):
        monkeypatch.setenv(name, value)
    import agents.worker.worker  # noqa: F401, PLC0415 - so that all that can be patched is there

    before = _snapshot()

    def apply(name: str) -> list[tuple[Any, Any]]:
        patches.PATCHES[name](*ARGUMENTS.get(name, ()))
        return _changes(before)

    yield apply
    _undo(before)


@pytest.mark.parametrize("name", sorted(patches.PATCHES))
def test_a_patch_finds_its_target_and_keeps_its_arguments(
    name: str, applied: Callable[[str], list[tuple[Any, Any]]]
) -> None:
    changed = applied(name)
    assert changed, "nothing was replaced"
    for old, new in changed:
        if callable(old):
            given = inspect.signature(old).parameters.values()
            named = dict.fromkeys(each.name for each in given if each.kind is each.KEYWORD_ONLY)
            needed = [
                None for each in given if each.default is each.empty and each.name not in named
            ]
            inspect.signature(new).bind(*needed, **named)
            assert inspect.iscoroutinefunction(old) is inspect.iscoroutinefunction(new)


def _identifiers(file: Path) -> set[str]:
    """The attributes, names, arguments and slots of a file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name):
                found.add(name)
    return found


def _reads(file: Path) -> set[str]:
    """The attributes that a file reads, except those of the standard library."""
    tree = ast.parse(file.read_text())
    modules = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and not (isinstance(node.value, ast.Name) and node.value.id in modules)
    }


def test_every_attribute_that_a_patch_reads_is_one_of_todays_code() -> None:
    known = set(dir(dict) + dir(list) + dir(set) + dir(bytes) + dir(str) + dir(type) + ["hex"])
    for folder in ("stream", "agents"):
        for file in (ROOT / folder).rglob("*.py"):
            known |= _identifiers(file)
    own = set().union(*map(_identifiers_defined, SOURCES))
    unknown = {file.name: sorted(_reads(file) - known - own) for file in SOURCES}
    assert not any(unknown.values()), unknown


def _identifiers_defined(file: Path) -> set[str]:
    """The functions and classes of a file, and the attributes of Python's processes and futures."""
    defs = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, defs)}
    return found | {"add_done_callback"}


NO_FAULT = {"bug", "readable_ends", "no_round_of_keys"}
"""Used by other cases and tests."""


def test_every_patch_is_used_and_every_control_names_the_invariant_that_it_breaks() -> None:
    controls = [case.run for case in CASES.values() if case.area == "control"]
    assert all("caught(" in inspect.getsource(run) for run in controls)
    whole = inspect.getsource(sys.modules[controls[0].__module__])
    assert {name for name in patches.PATCHES if name not in whole} <= NO_FAULT
