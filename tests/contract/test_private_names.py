"""The private library names in use, compared with the installed, pinned libraries.

Faust and aiokafka may rename private names in any release: then a worker would fail, or worse, run
without its overrides. These tests report a missing name first.
"""

import ast
import inspect
import textwrap
import tomllib
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from agents.kafka.private_names import PRIVATE
from agents.worker import consumer, faust_app
from tests.contract.sources import nodes

HOME = Path(__file__).parents[2]
PINS = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]["dependencies"]
CARRIERS = sorted((HOME / "agents").rglob("*.py"))

NAMES = [(where, name) for where, names in PRIVATE.items() for name in names]
LISTED = {name for _, name in NAMES}


def class_of(where: str) -> type:
    module, _, name = where.partition(":")
    found: type = getattr(import_module(module), name)
    return found


def attributes(cls: type) -> set[str]:
    """The attributes of a class and its bases: defined, declared, or set on `self` by a method."""
    return set().union(*map(_own_attributes, cls.__mro__[:-1]))


@cache
def _own_attributes(cls: type) -> set[str]:
    found = {*vars(cls), *(cls.__annotations__ if "__annotations__" in vars(cls) else ())}
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return found  # compiled: what it sets is declared
    return found | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def is_private(name: str) -> bool:
    """Whether a name is private; `_abc_impl` is Python's own."""
    return name.startswith("_") and not name.startswith("__") and name != "_abc_impl"


@pytest.mark.parametrize(("where", "name"), NAMES)
def test_a_private_name_that_is_used_exists(where: str, name: str) -> None:
    assert name in attributes(class_of(where)), (
        f"{where.replace(':', '.')} has no {name} in the installed release: agents/kafka/private_names.py lists "
        "it as used; read the new source, mend its user, then the list and the pin"
    )


@cache
def mentioned(file: Path) -> set[str]:
    """The attributes that a file reads or sets, and the methods that it defines."""
    return {node.attr for node in nodes(file) if isinstance(node, ast.Attribute)} | {
        node.name
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def own(file: Path) -> set[str]:
    """The names that a file defines: functions, methods, and attributes set on `self`."""
    found = set()
    for node in nodes(file):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    found |= {part.attr} if ast.unparse(part.value) == "self" else set()
                elif isinstance(part, ast.AnnAssign):
                    found.add(ast.unparse(part.target))
    return found


def neighbours(file: Path) -> list[Path]:
    """The files of agents/ that a file imports from; it may subclass their classes."""
    found = []
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agents."):
            found.append(HOME / f"{str(node.module).replace('.', '/')}.py")
    return [each for each in found if each.is_file()]


@pytest.mark.parametrize("file", CARRIERS, ids=lambda file: str(file.relative_to(HOME)))
def test_every_private_name_that_is_used_is_listed(file: Path) -> None:
    """`os._exit` and the methods of NamedTuples are public despite their names."""
    ours = own(file).union(*map(own, neighbours(file)))
    used = {name for name in mentioned(file) - ours if is_private(name)}
    assert used - LISTED - {"_exit", "_replace", "_asdict"} == set()


def test_every_private_name_that_is_overridden_is_listed() -> None:
    ours = [
        cls
        for module in (faust_app, consumer)
        for cls in vars(module).values()
        if inspect.isclass(cls) and cls.__module__ == module.__name__
    ]
    overridden = {
        name
        for cls in ours
        for name in vars(cls)
        if is_private(name) and any(hasattr(base, name) for base in cls.__mro__[1:])
    }
    assert overridden  # else nothing was looked at
    assert overridden - LISTED == set()


def test_every_listed_private_name_is_used() -> None:
    names = (
        "worker/faust_app",
        "kafka/raw_batches",
        "kafka/fetched_batches",
        "kafka/paced_fetch",
        "kafka/reconnect",
        "worker/consumer",
        "worker/consumer_thread",
        "worker/packing",
        "worker/producer",
        "kafka/partitioner",
    )
    used = set().union(*(mentioned(HOME / "agents" / f"{name}.py") for name in names))
    assert LISTED - used == set()


@pytest.mark.parametrize("pin", PINS)
def test_the_installed_release_is_the_pinned_one(pin: str) -> None:
    name, equals, pinned = pin.partition("==")
    assert equals, f"{name} is not pinned exactly"
    assert version(name) == pinned, f"{name} {version(name)} is installed: make install"
