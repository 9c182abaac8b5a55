"""docs/semantics.md is correct: its worked examples, named files, and line format."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream import backtest, limits, recipes_file
from stream.durations import DAY
from stream.events import decoding
from stream.kinds.exit_score import SORTS
from stream.kinds.registry import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "semantics.md").read_text()
LIFE = (ROOT / "docs" / "semantics-life.md").read_text()
PAGES = f"{PAGE}\n{LIFE}"
EXAMPLES = ("anna", "guest")


def documents(name: str) -> Iterator[dict[str, Any]]:
    """Yields the JSON documents of a block of the page; one may span several lines."""
    (block,) = re.findall(rf"```jsonl {name}\n(.*?)```", PAGE, re.DOTALL)
    text, decoder = block.strip(), json.JSONDecoder()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].strip()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_backtest_of_an_example_decides_what_the_page_says(name: str) -> None:
    lines = [json.dumps(event).encode() for event in documents(name)]
    _, decisions = backtest.decide(lines, recipes_file.DEFAULT)
    said = list(documents(f"{name} decisions"))
    fields = [set(each) for each in said]
    found = [json.loads(decision) for decision in decisions]
    assert [{f: each.get(f) for f in of} for each, of in zip(found, fields, strict=True)] == said


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_trigger_of_an_example_is_cancelled_by_the_order(name: str) -> None:
    lines = [json.dumps(event).encode() for event in documents(name)]
    triggers, _ = backtest.decide(lines, recipes_file.DEFAULT)
    fired, cancelled = [json.loads(trigger)["data"] for trigger in triggers]
    assert cancelled["trigger_id"] == fired["trigger_id"]
    assert (cancelled["reason"], cancelled["order_id"]) == ("ordered", "o1")


def test_every_section_names_the_files_that_carry_it_out() -> None:
    sections = re.findall(r"^## \d+\. .*\n\n\*((?:`[^`]+`[,\s]*)+)\*$", PAGES, re.MULTILINE)
    assert len(sections) == 15
    named = [name for section in sections for name in re.findall(r"`([^`]+)`", section)]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_deciding_file_of_the_core_is_named_in_a_section() -> None:
    """Exempt: connect, which translates; the compiled twin; files shared by many sections."""
    named = set(re.findall(r"`(stream/[\w/]+\.py)`", PAGES))
    shared = {"durations", "records", "words", "faults", "document", "nearest", "outputs", "marked"}
    shared |= {
        "__init__",
        "backend",
        "people_backend",
        "mirrored",
        "joined_orders",
        "record_outcomes",
        "keyed",
        "changelog",
        "last_field",
        "header_only",
    }
    shared |= {"merged", "packing", "any_state"}
    files = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "stream").rglob("*.py")
        if file.stem not in shared and file.parent.name != "connect"
    }
    assert files - named == set()


def test_the_tables_have_every_recipe_and_every_signal() -> None:
    first_cells = set(re.findall(r"^\| ([\w-]+) \|", PAGES, re.MULTILINE))
    assert first_cells >= set(KINDS) | set(SORTS)


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("an event", f"{decoding.DEEPEST} levels"),
        ("a name, url or image", f"{limits.LONGEST_TEXT:,} characters"),
        ("a category", f"{limits.LONGEST_CATEGORY:,} characters"),
        ("a cart that is built up line by line", f"{limits.LARGEST_CART / 1024:g} Ki characters"),
        ("orders in a record", f"{limits.MOST_ORDERS:,}"),
        ("visitors of a person", f"the {limits.MOST_VISITORS:,} "),
        ("carts that a person is known to have had", f"the {limits.MOST_CARTS:,} "),
        ("carts that a person is known to have had", f"these carts: {limits.MOST_LINES:,}"),
        ("an empty cart of before the last order", f"for {limits.EMPTY_FOR / DAY:g} days"),
        ("lines bought by a person", f"{limits.MOST_LINES:,}, of at most {limits.MOST_CARTS:,} "),
        ("open episodes of a person", f"{limits.MOST_OPEN:,};"),
        ("lines of all open episodes of a person", f"{limits.LARGEST_CARTS / 1024**2:g} Mi "),
        ("finished episodes that a person remembers", f"{limits.MOST_REMEMBERED:,} "),
        ("contents of the orders at a key", f"{limits.LARGEST_ORDERED / 1024**2:g} Mi "),
    ],
)
def test_the_table_of_bounds_gives_those_of_the_code(what: str, bound: str) -> None:
    (cell,) = re.findall(rf"^\| {what}[^|]* \| (.*)\|$", PAGE, re.MULTILINE)
    assert bound in cell


def test_no_line_is_longer_than_120_columns() -> None:
    assert [line for line in PAGES.splitlines() if len(line) > 120] == []
