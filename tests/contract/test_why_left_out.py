"""Every reason for which a translator leaves something out is explained, and stands in docs/connect.md."""

import json
import re
from pathlib import Path

from agents.faces.why_left_out import WHY

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "schemas" / "examples" / "connect"


def on_the_page() -> set[str]:
    """The reasons of section 2.12."""
    text = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
    section = text.partition("2.12 ")[2].partition("\n---")[0]
    cells = re.findall(r"^\| ([a-z_, ]+) \|", section, re.MULTILINE)
    return {word for cell in cells for word in re.split(r",\s*", cell)} - {"reason"}


def in_examples() -> set[str]:
    documents = [json.loads(file.read_text()) for file in EXAMPLES.rglob("*.json")]
    return {reason for each in documents for _, reason, _ in each.get("left_out", ())}


def test_the_page_and_the_table_have_the_same_reasons() -> None:
    assert on_the_page() == set(WHY)


def test_each_reason_of_an_example_is_explained() -> None:
    assert len(in_examples()) > 30
    assert in_examples() - set(WHY) == set()
