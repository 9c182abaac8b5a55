"""docs/connect.md has each section that the code names, and each field of the sources file."""

import json
import re
from pathlib import Path

from stream.connect.registry import REGISTRY

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
NUMBER = r"\d+(?:\.\d+)*"


def sections() -> set[str]:
    headings = re.findall(rf"^#+ ({NUMBER}) ", PAGE, re.MULTILINE)
    paragraphs = re.findall(rf"^(?:\*\*)?({NUMBER}) ", PAGE, re.MULTILINE)
    return {*headings, *paragraphs}


def named() -> set[str]:
    """The sections that docstrings and pages name."""
    files = [each for folder in ("agents", "stream") for each in (ROOT / folder).rglob("*.py")]
    text = "".join(
        each.read_text(encoding="utf-8") for each in (*files, *(ROOT / "docs").rglob("*.md"))
    )
    lists = re.findall(rf"connect\.md(?:\]\([^)]*\))?, ({NUMBER}(?:(?:,| and) {NUMBER})*)", text)
    return {number for each in lists for number in re.findall(NUMBER, each)}


def test_each_section_that_is_named_is_there() -> None:
    assert len(named()) > 15
    assert named() - sections() == set()


def test_sections_of_the_page_itself_are_there() -> None:
    inside = set(re.findall(r"\((\d\.\d+)\)", PAGE)) | set(re.findall(r"\bsection (\d)\b", PAGE))
    assert inside - sections() == set()


def table() -> str:
    return PAGE.partition("\n7.4 ")[2].partition("\n7.5 ")[0]


def test_each_field_of_the_sources_file_is_in_the_table() -> None:
    schema = json.loads((ROOT / "schemas" / "sources.json").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| (`[^|]+) \|", table(), re.MULTILINE)
    fields = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert fields == set(schema["definitions"]["source"]["properties"])


def test_each_kind_is_in_the_table() -> None:
    assert [kind for kind in REGISTRY if kind not in table()] == []
