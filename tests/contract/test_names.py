"""No class or file name has another meaning in another package."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.contract.sources import parsed

HOME = Path(__file__).parents[2]
ROOMS = ("stream", "agents")
FILES = sorted(file for room in ROOMS for file in (HOME / room).rglob("*.py"))
GLOSSARY = (HOME / "docs" / "glossary.md").read_text()

CLASSES = {
    "Keys": "the keys of an event, and the stage of that name",
    "Message": "what a translator reads, and what a webhook carries: each the message of its own protocol",
    "Metrics": "each program has instruments of its own",
    "Product": "as an event gives it, and as a trigger promises it: the two shapes may part",
    "Record": "a record of Kafka, as a translator and as a replay see it",
}
"""Public class names that occur in two packages, and why."""

MODULES = {
    "agents": {
        "assignment": "the partitions of a worker, and those of a sender: each is a consumer group",
        "consumer": "of a worker, of a sender, of a bridge, and of an eraser",
        "dead_letters": "of input that cannot be read, and of triggers that no endpoint took",
        "health": "of a worker, of a sender, of a bridge, and of an eraser",
        "lookup": "the page asks what the command asks",
        "metrics": "each program has instruments of its own",
        "producer": "of outputs, and of collected events",
        "recipes": "the command, and what it reads",
        "settings": "of the service, of a sender, of a bridge, and of an eraser",
        "shop": "the demo shop, and the demo that opens it",
        "topics": "the command, and the list that it makes",
        "worker": "the command, and what it runs",
    },
    "stream": {
        "ids": "ids that sources give, and ids that recipes make",
        "orders": "the orders of a record, and what an order does to a person",
        "reading": "of foreign documents, and of our own events",
        "registry": "of kinds of sources, and of kinds of triggers",
    },
}
"""File names that occur in two packages of one top-level package, and why."""


def classes(tree: ast.Module) -> list[str]:
    """The public classes of a file."""
    found = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return [name for name in found if not name.startswith("_")]


def package(file: Path) -> str:
    """`stream/state` for stream/state/cart.py, `stream/limits.py` for a single file."""
    return "/".join(file.relative_to(HOME).parts[:2])


def homonyms(named: Iterable[tuple[str, str]]) -> set[str]:
    """The names that occur in two packages; `named`: (name, package)."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, where in named:
        found[name].add(where)
    return {name for name, where in found.items() if len(where) > 1}


@cache
def class_homonyms() -> set[str]:
    return homonyms((name, package(file)) for file in FILES for name in classes(parsed(file)))


def module_homonyms(room: str) -> set[str]:
    inside = [file for file in FILES if file.is_relative_to(HOME / room)]
    return homonyms((file.stem, package(file)) for file in inside if file.stem != "__init__")


def test_every_file_of_both_packages_is_checked() -> None:
    assert len(FILES) > 150


def test_no_public_class_name_is_in_two_packages_unless_it_is_listed() -> None:
    assert class_homonyms() - set(CLASSES) == set()


def test_no_class_is_listed_that_is_in_one_package_only() -> None:
    assert set(CLASSES) - class_homonyms() == set()


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_name_is_in_two_packages_unless_it_is_listed(room: str) -> None:
    assert module_homonyms(room) - set(MODULES[room]) == set()


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_name_is_listed_that_is_in_one_package_only(room: str) -> None:
    assert set(MODULES[room]) - module_homonyms(room) == set()


def test_a_homonym_would_be_found() -> None:
    tree = ast.parse("class Cart: ...\nclass _Own: ...\nclass Line: ...")
    assert classes(tree) == ["Cart", "Line"]
    assert homonyms([("Cart", "a"), ("Cart", "b"), ("Line", "a"), ("Line", "a")]) == {"Cart"}


def rows() -> list[tuple[str, str]]:
    """(word, meaning) of the glossary, without the words to avoid."""
    page = GLOSSARY[: GLOSSARY.index("## Words to avoid")]
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    return [(word, meaning) for word, meaning in found if word not in {"word", "---"}]


def test_a_word_has_one_line_in_the_glossary() -> None:
    words = [word for word, _ in rows()]
    assert len(words) > 80
    assert [word for word in words if words.count(word) > 1] == []


def test_the_words_of_a_table_are_in_order() -> None:
    for section in GLOSSARY.split("\n## ")[1:]:
        words = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[1:]
        assert words == sorted(words, key=str.lower), section.partition("\n")[0]


def test_a_meaning_is_written_in_sentences() -> None:
    assert [word for word, meaning in rows() if not re.match(r"[A-Z0-9].*\.$", meaning)] == []
